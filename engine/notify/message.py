"""What is sent, and with what: one message for every way, the workspace's settings, and secrets that are not told on."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from storage.notice_vocabulary import NoticeKind
from storage.settings import WorkspaceSettings
from storage.vocabulary import Severity


class WayError(Exception):
    """A message could not be sent one way; the message is a sentence without its full stop."""


class NoticeDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that people are told, as scripts get it: fields are only ever added."""

    id: int
    at: datetime
    kind: NoticeKind
    severity: Severity
    code: str
    model: str
    version: int | None
    fault: int | None
    ended: bool
    message: str
    help: str


class MessageDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A message as scripts get it."""

    workspace: str
    host: str
    at: datetime
    subject: str
    text: str
    """The whole message in plain words."""
    notices: tuple[NoticeDocument, ...]


class Message(NamedTuple):
    """What is sent."""

    document: MessageDocument

    @property
    def subject(self) -> str:
        """One line."""
        return self.document.subject

    @property
    def text(self) -> str:
        """The whole message in plain words, lines of 80 columns where words allow."""
        return self.document.text

    @property
    def json(self) -> bytes:
        """The same for programs."""
        return msgspec.json.encode(self.document)


class Secrets:
    """Values of environment variables that settings name: handed out, and kept out of every sentence."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._told: set[str] = set()

    def read(self, variable: str) -> str:
        """Return the value of a variable, which is a secret from now on.

        Raises:
            WayError: it is not set.
        """
        found = self._environ.get(variable, "").strip()
        if not found:
            raise WayError(f"the environment variable {variable} is not set where the engine was started")
        if not (found.isascii() and found.isprintable()):
            raise WayError(
                f"the environment variable {variable} holds what is neither a letter, a digit nor a sign"
            )
        self.keep(found)
        return found

    def keep(self, secret: str) -> None:
        """Have something kept out of every sentence."""
        if secret:
            self._told.add(secret)

    def scrubbed(self, words: str) -> str:
        """Return a sentence without any secret that was handed out."""
        for secret in sorted(self._told, key=len, reverse=True):
            words = words.replace(secret, "***")
        return words


class Place(NamedTuple):
    """Where messages are sent from."""

    root: Path
    settings: WorkspaceSettings
    secrets: Secrets
