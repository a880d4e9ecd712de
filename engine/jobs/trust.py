"""Trust the content of a version: what it had been refused for is allowed from now on, behind the walls.

Owns the question whether trust changes anything about a version, and the words of the answer. The history is
`storage.tables.trust`'s; that nothing is loaded which trust cannot allow is seen to each time that something is loaded.
"""

import sqlite3

import msgspec

from engine.jobs.context import Context, Outcome, Report
from engine.jobs.switching import check_content
from engine.repository import versions
from storage.errors import RefusedError, UnknownError
from storage.records import Job, Version
from storage.tables import events, models, trust
from storage.text import clean, word
from storage.vocabulary import Severity


class Answer(msgspec.Struct, frozen=True):
    """What a change of trust came to, as commands read it."""

    sha256: str
    trusted: bool
    also: tuple[str, ...] = ()
    """Other versions with the same content."""


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Trust the content of the version that the job names, and have every version with that content checked again."""
    del report  # it takes no time
    if not job.parameters.reason.strip():
        raise RefusedError("Trust needs a reason.", "Say why: --reason TEXT")
    with context.writer.transaction() as connection:
        version = named(connection, job)
        check_content(job, version)
        sha256 = _liftable(connection, version)
        now = context.now()
        trust.record(
            connection,
            sha256,
            granted=True,
            model=version.model,
            version=version.number,
            at=now,
            requested_by=job.requested_by,
            reason=job.parameters.reason.strip(),
            found=version.reason,
        )
        message = f"version {version.number} trusted by {job.requested_by}: {job.parameters.reason.strip()}"
        tell(connection, "trusted", message, version, now=now)
        alike = [row for row in models.version_rows(connection) if row["sha256"] == sha256]
        for row in alike:
            if row["refusal"] is not None:
                versions.check(connection, row, now=now)
    return Outcome(message="trusted; checked again", result=packed(version, alike, trusted=True))


def named(connection: sqlite3.Connection, job: Job) -> Version:
    """Return the version that a job names.

    Raises:
        UnknownError: there is none.
    """
    found = models.numbered(connection, job.model, job.version)
    if found is None:
        raise UnknownError(
            f"There is no version {job.model}@{job.version}.",
            f"List them with: modeltender show {word(job.model)}",
        )
    return found


def tell(connection: sqlite3.Connection, code: str, message: str, version: Version, *, now: float) -> None:
    """Write a change of trust into the log: something that everybody who looks at a workspace should see."""
    events.add(
        connection,
        code,
        message,
        at=now,
        severity=Severity.WARNING,
        model=version.model,
        version=version.number,
    )


def packed(version: Version, alike: list[sqlite3.Row], *, trusted: bool) -> str:
    """Return the answer as JSON."""
    also = tuple(f"{row['model']}@{row['number']}" for row in alike if row["id"] != version.id)
    return msgspec.json.encode(Answer(version.sha256 or "", trusted, also)).decode()


def _liftable(connection: sqlite3.Connection, version: Version) -> str:
    """Return the hash of a content that trust would have loaded."""
    name = f"{version.model}@{version.number}"
    if version.sha256 is not None and trust.holds(connection, version.sha256):
        raise RefusedError(f"{name} is trusted already.", "See since when: modeltender trust --list")
    if version.refusal is None:
        raise RefusedError(
            f"{name} {version.status.fate}; nothing about it was refused that trust could allow."
        )
    if not version.refusal.liftable or version.sha256 is None:
        reason = clean(version.reason).rstrip(".")
        raise RefusedError(f"{name} cannot be trusted: {reason}. No trust lifts that.")
    return version.sha256
