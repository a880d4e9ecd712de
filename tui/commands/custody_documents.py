"""What ``trust`` and ``quarantine`` print with ``--json``; see `documents`."""

from datetime import datetime

from storage.vocabulary import (
    Format,
    Status,
)
from tui.commands.documents import Document


class TrustDocument(Document, frozen=True, kw_only=True):
    """``trust``: whether a version's content is trusted now, and what became of the version."""

    model: str
    version: int
    sha256: str
    trusted: bool
    also: tuple[str, ...]
    """Other versions with the same content."""
    status: Status
    reason: str


class TrustedDocument(Document, frozen=True, kw_only=True):
    """``trust --list``: one entry of the history."""

    sha256: str
    model: str
    version: int | None
    trusted: bool
    at: datetime
    by: str
    reason: str
    found: str


class QuarantineDocument(Document, frozen=True, kw_only=True):
    """``quarantine``: a thing that was taken out of the inbox, or a version in ``models/`` that is marked."""

    id: int | None
    """``None`` for a version, which stays where it is."""
    model: str
    version: int | None
    name: str
    sha256: str | None
    format: Format | None
    bytes: int | None
    reason: str
    evidence: tuple[str, ...]
    liftable: bool
    found_at: datetime | None
    state: str
    """What became of a thing that was taken out (`Custody`), or a version's status (`Status`)."""
    by: str
    at: datetime | None
    why: str
