"""Two versions of a model beside each other: their figures, and what a comparison of them on record came to. It reads only."""

import sqlite3
from typing import NamedTuple

import msgspec

from storage import jobs
from storage.comparisons import Compared
from storage.database import Reader
from storage.record import Record
from storage.records import Job, Metric, Version
from storage.tables import evaluations, models
from storage.vocabulary import JobState


class Wanted(NamedTuple):
    """Which two versions are to be shown."""

    model: str
    before: int
    """What the other one is held against."""
    after: int


class Pair(Record, frozen=True, kw_only=True):
    """Two versions, and what is known of their difference."""

    before: Version
    after: Version
    before_parts: tuple[Metric, ...]
    """The figures of parts of the examples: classes, and what slices tell apart."""
    after_parts: tuple[Metric, ...]
    answer: Compared | None
    """Of the latest comparison that both versions' latest evaluations went into, or ``None``."""
    job: Job | None
    """The comparison that was asked for last, whatever became of it."""

    @property
    def wanted(self) -> Wanted:
        """Which two they are."""
        return Wanted(self.after.model, self.before.number, self.after.number)

    @property
    def unmeasured(self) -> tuple[Version, ...]:
        """The versions of the two that were never evaluated."""
        return tuple(version for version in (self.before, self.after) if version.evaluation is None)


def read(reader: Reader, wanted: Wanted, *, at: float | None = None) -> Pair | None:
    """Return two versions as they are, or as they were at a moment; ``None`` where one of them is not there."""
    with reader.transaction() as connection:
        before, after = _versions(connection, wanted, at)
        if before is None or after is None:
            return None
        asked = _jobs(connection, wanted, at)
        return Pair(
            before=before,
            after=after,
            before_parts=_parts(connection, before),
            after_parts=_parts(connection, after),
            answer=_answer(connection, asked, before, after),
            job=asked[0] if asked else None,
        )


def _versions(
    connection: sqlite3.Connection, wanted: Wanted, at: float | None
) -> tuple[Version | None, Version | None]:
    """Return the one that the other is held against, and the other."""
    model, before, after = wanted
    if at is None:
        return models.numbered(connection, model, before), models.numbered(connection, model, after)
    # A console that never looks back starts without all that the past takes.
    from storage import past

    found = past.numbered_at(connection, model, (before, after), at)
    return found.get(before), found.get(after)


def _jobs(connection: sqlite3.Connection, wanted: Wanted, at: float | None) -> list[Job]:
    """Return the comparisons of the two, the latest first."""
    found = jobs.comparisons(connection, wanted.model, wanted.after, wanted.before)
    if at is None:
        return found
    from storage.past_work import job_at

    return [job_at(job, at) for job in found if job.requested_at <= at]


def _answer(
    connection: sqlite3.Connection, asked: list[Job], before: Version, after: Version
) -> Compared | None:
    if before.evaluation is None or after.evaluation is None:
        return None
    since = max(before.evaluation.at, after.evaluation.at)
    for job in asked:
        if job.state is JobState.SUCCEEDED and (job.started_at or 0.0) >= since:
            whole = jobs.read_one(connection, job.id)
            if whole is not None and whole.result:
                return msgspec.json.decode(whole.result, type=Compared)
    return None


def _parts(connection: sqlite3.Connection, version: Version) -> tuple[Metric, ...]:
    return () if version.evaluation is None else evaluations.slices(connection, version.evaluation.id)
