"""The ``model.toml`` of each model, read again when it changes.

Owns what was read last, and how the file that it names as the weights' loader looked then. A broken file is that model's
problem and nobody else's.
"""

from typing import NamedTuple

from engine.repository.scanner import read_item
from storage.errors import SettingsError
from storage.settings import ModelSettings, read_model_settings
from storage.text import clean
from storage.workspace import Workspace


class Read(NamedTuple):
    """What a file says, or why it cannot be used."""

    settings: ModelSettings | None
    problem: str = ""
    loader: str = ""
    """The stamp of the Python file that makes a model of weights; empty where there is none."""


class SettingsFiles:
    """Remembers the settings of each model by the stamp of their file."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._read: dict[str, tuple[str, Read]] = {}

    def read(self, model: str, stamp: str) -> Read:
        """Return what the file says that now has this stamp; empty means that there is none."""
        known = self._read.get(model)
        if known is None or known[0] != stamp:
            known = (stamp, self._look(model))
        read = known[1]._replace(loader=self._loader(model, known[1].settings))
        self._read[model] = (stamp, read)
        return read

    def last(self, model: str) -> ModelSettings | None:
        """Return what the file said when it was last read, or ``None`` where it cannot be used."""
        known = self.before(model)
        return None if known is None else known.settings

    def before(self, model: str) -> Read | None:
        """Return what was read last, or ``None`` where nothing was yet."""
        known = self._read.get(model)
        return None if known is None else known[1]

    def _loader(self, model: str, settings: ModelSettings | None) -> str:
        if settings is None or not settings.runtime.loader:
            return ""
        return read_item(self._workspace.models / model, settings.runtime.loader).stamp

    def _look(self, model: str) -> Read:
        try:
            return Read(read_model_settings(self._workspace.model_settings(model)))
        except SettingsError as error:
            return Read(None, clean(f"models/{model}/{error.message}"))
