"""A command of the owner's as a target: told by its environment, confirmed by its exit status.

Whether commands may run in this workspace is decided before.
"""

from engine import owners_command
from engine.owners_command import CommandError
from engine.repository.targets.target import News, TargetError
from storage.target_settings import Command, TargetSettings
from storage.workspace import Workspace


class Target:
    """One dealing with one command."""

    def __init__(self, workspace: Workspace, settings: TargetSettings) -> None:
        if not isinstance(settings, Command):
            raise TypeError(type(settings).__name__)
        self._settings = settings
        self._workspace = workspace
        self._ran = False

    def check(self, news: News) -> None:
        """Raise a `TargetError` where there is no such program."""
        del news
        try:
            owners_command.check(self._settings.command, self._workspace.root)
        except CommandError as error:
            raise TargetError(str(error)) from None

    def tell(self, news: News) -> str:
        """Run the command; its exit status 0 confirms."""
        self._ran = True
        try:
            return owners_command.run(
                self._settings.command,
                self._workspace.root,
                _environment(news),
                timeout_s=self._settings.timeout_s,
            )
        except CommandError as error:
            raise TargetError(str(error)) from None

    def take_back(self, news: News) -> None:
        """Run the command with what is deployed again; the version is empty where nothing is."""
        if self._ran:
            self.tell(news)


def _environment(news: News) -> dict[str, str]:
    return {
        "MODELTENDER_MODEL": news.model,
        "MODELTENDER_VERSION": "" if news.version is None else str(news.version),
        "MODELTENDER_PREVIOUS": "" if news.previous is None else str(news.previous),
        "MODELTENDER_PATH": "" if news.path is None else str(news.path),
    }
