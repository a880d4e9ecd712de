"""What ``trust`` and ``quarantine`` print with ``--json``, and how it is made of records; see `documents`."""

from datetime import UTC, datetime

from storage.records import Quarantined, Trusted, Version
from storage.vocabulary import (
    Format,
    Status,
)
from tui.commands.documents import Document, in_utc


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


def trusted_document(entry: Trusted) -> TrustedDocument:
    """Return what ``trust --list`` says of one entry."""
    return TrustedDocument(
        sha256=entry.sha256,
        model=entry.model,
        version=entry.version,
        trusted=entry.granted,
        at=datetime.fromtimestamp(entry.at, UTC),
        by=entry.by,
        reason=entry.reason,
        found=entry.found,
    )


def quarantined_document(entry: Quarantined) -> QuarantineDocument:
    """Return what ``quarantine`` says of an entry."""
    return QuarantineDocument(
        id=entry.id,
        model=entry.model,
        version=None,
        name=entry.name,
        sha256=entry.sha256,
        format=entry.format,
        bytes=entry.bytes,
        reason=entry.reason,
        evidence=entry.evidence,
        liftable=entry.liftable,
        found_at=datetime.fromtimestamp(entry.found_at, UTC),
        state=entry.state,
        by=entry.by,
        at=in_utc(entry.at),
        why=entry.why,
    )


def marked_document(version: Version) -> QuarantineDocument:
    """Return what ``quarantine list`` says of a version that is marked where it lies."""
    refusal = version.refusal
    return QuarantineDocument(
        id=None,
        model=version.model,
        version=version.number,
        name=version.artefact or "",
        sha256=version.sha256,
        format=version.format,
        bytes=version.bytes,
        reason=version.reason,
        evidence=refusal.evidence if refusal else (),
        liftable=refusal is not None and refusal.liftable,
        found_at=in_utc(refusal.at if refusal else None),
        state=version.status,
        by="",
        at=None,
        why="",
    )
