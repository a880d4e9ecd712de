"""What a target is to those who tell it: the news, the promises, and the one way to say that it did not work.

No kind of target is known here.
"""

from pathlib import Path
from typing import NamedTuple, Protocol

from storage.workspace import Workspace


class TargetError(Exception):
    """A target cannot be told, or did not confirm; the message is a sentence without its full stop."""


class News(NamedTuple):
    """What is deployed now."""

    workspace: Workspace
    model: str
    version: int | None
    """``None`` where nothing is deployed any more: a first promotion was taken back."""
    previous: int | None
    sha256: str = ""
    """Of the version that is deployed, where it is known."""

    @property
    def path(self) -> Path | None:
        """The folder of the version that is deployed."""
        return (
            None
            if self.version is None
            else self.workspace.version_folder(self.model, self.version).absolute()
        )


class Target(Protocol):
    """One dealing with one target: checked, told, and taken back where something else failed.

    It remembers what it found, so that taking back leaves things as they were.
    """

    def check(self, news: News) -> None:
        """Raise a `TargetError` where telling cannot work, without touching or asking anything outside the machine."""
        ...

    def tell(self, news: News) -> str:
        """Tell what is deployed, wait until it is confirmed, and return what was confirmed as half a sentence.

        Raises:
            TargetError: it did not work; what was done so far waits to be taken back.
        """
        ...

    def take_back(self, news: News) -> None:
        """Undo what `tell` did, or tell what is deployed again; nothing where it did nothing.

        Raises:
            TargetError: it did not work.
        """
        ...
