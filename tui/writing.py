"""The one file that the console writes into a workspace: a model's first ``model.toml``, after it was shown.

An existing file is never touched: what its owner wrote is theirs.
"""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from storage.errors import Error, WorkspaceError
from storage.records import Model
from storage.text import clean
from tui import first_settings
from tui.actions import REPLAYING
from tui.marking import Marking


class Writing(Marking):
    """The part of the application that writes first settings."""

    def action_write_settings(self) -> None:
        """Show the settings that were made from what is known of the selected model, ask, and write them."""
        model = self.model()
        if self.read_only:
            self.say(self.read_only_because)
        elif self.news.replay is not None:
            self.say(REPLAYING)
        elif model is None:
            self.say("No model is selected.")
        elif self.workspace.model_settings(model.name).exists():
            self.say(
                f"models/{model.name}/model.toml exists: it is yours, and read again when you change it."
            )
        else:
            self._show_settings(model)

    def _show_settings(self, model: Model) -> None:
        from tui.dialogs.questions import write_settings

        text = first_settings.proposed(model, model.current or model.candidate or model.newest)

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - what a screen's result is
            if yes:
                self.run_worker(partial(self._write_settings, model.name, text), thread=True, group="writing")

        self.push_screen(write_settings(model.name, text), answered)

    def _write_settings(self, name: str, text: str) -> None:
        try:
            write_new(self.workspace.model_settings(name), text)
        except Error as error:
            self.call_from_thread(self.say, f"{error.message} {error.hint}".strip(), failed=True)
        else:
            self.call_from_thread(self.say, f"Written: models/{name}/model.toml")


def write_new(file: Path, text: str) -> None:
    """Write a model's settings into a file that does not exist yet.

    Raises:
        SettingsError: the text is not what `storage.settings` reads.
        WorkspaceError: the file exists, or cannot be written.
    """
    from storage.settings import read_model_settings

    shown = clean(f"models/{file.parent.name}/{file.name}")
    try:
        with TemporaryDirectory() as folder:
            draft = Path(folder) / file.name
            draft.write_text(text, encoding="utf-8")
            read_model_settings(draft)
        # In one piece: whoever reads it at the same moment finds it empty, which means the defaults, or whole.
        with file.open("xb", buffering=0) as stream:
            stream.write(text.encode())
    except FileExistsError:
        raise WorkspaceError(
            f"{shown} exists by now; it was not touched.", "Look at it, and change it there."
        ) from None
    except OSError as error:
        raise WorkspaceError(
            f"{shown} cannot be written: {error.strerror}.", "See who may write there."
        ) from None
