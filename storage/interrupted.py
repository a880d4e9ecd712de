"""Jobs that were cut off: what becomes of each, so that none is lost.

Owns which are queued again and how often, and that what waited for one goes on waiting for what stands for it. Who cut
it off, and when, is the engine's to tell.
"""

import sqlite3
import time

import msgspec

from storage import jobs
from storage.records import Job
from storage.vocabulary import JobKind, JobState

RETRIED = frozenset(
    {
        JobKind.EVALUATE,
        JobKind.LATENCY,
        JobKind.COMPARE,
        JobKind.EARLY,
        JobKind.CHECK,
        JobKind.REPAIR,
        JobKind.TELL,
        JobKind.EXPORT,
        JobKind.OPTIMISE,
        JobKind.RECALIBRATE,
        JobKind.CONVERT,
        JobKind.TRAIN,
        JobKind.ADOPT,
    }
)
"""Kinds that are queued again when they were cut off: doing them twice harms nothing."""

MAXIMUM_ATTEMPTS = 2


def park(connection: sqlite3.Connection, job_id: int) -> None:
    """Put a running job back to wait for the next engine; where an identical one waits already, that one stands for it."""
    parked = connection.execute(
        "UPDATE OR IGNORE jobs SET state = ?, started_at = NULL, done = 0, total = 0, message = '' WHERE id = ?",
        (JobState.QUEUED, job_id),
    ).rowcount
    if not parked:
        jobs.finish(
            connection,
            job_id,
            JobState.INTERRUPTED,
            now=time.time(),
            code="interrupted",
            error="The engine stopped.",
        )
        job = jobs.read_one(connection, job_id)
        if job is not None:
            _ask_again(connection, job, now=time.time())


def recover(connection: sqlite3.Connection, *, now: float) -> list[Job]:
    """Interrupt the jobs of a dead engine, and return them."""
    cut_off = jobs.running(connection)
    for job in cut_off:
        interrupt(connection, job, error="The engine ended while this job ran.", now=now)
    return cut_off


def is_repeated(connection: sqlite3.Connection, job: Job) -> bool:
    """Whether a job is done again where it is cut off now."""
    return job.kind in RETRIED and _attempt(connection, job) < MAXIMUM_ATTEMPTS


def interrupt(connection: sqlite3.Connection, job: Job, *, error: str, now: float, hint: str = "") -> None:
    """Mark a job that was cut off as interrupted, and queue it again where it may be repeated."""
    jobs.finish(connection, job.id, JobState.INTERRUPTED, now=now, code="interrupted", error=error, hint=hint)
    if is_repeated(connection, job):
        attempt, again = _attempt(connection, job), _ask_again(connection, job, now=now)
        connection.execute("UPDATE jobs SET attempt = ? WHERE id = ?", (attempt + 1, again.id))
        # Whoever waits for this one would ask for the same once more.
        connection.execute(
            "UPDATE jobs SET hint = ? WHERE id = ?", (f"It is done again, as job {again.id}.", job.id)
        )


def _attempt(connection: sqlite3.Connection, job: Job) -> int:
    attempt: int = connection.execute("SELECT attempt FROM jobs WHERE id = ?", (job.id,)).fetchone()[
        "attempt"
    ]
    return attempt


def _ask_again(connection: sqlite3.Connection, job: Job, *, now: float) -> Job:
    """Ask for what a job was asked for, or join who has; return what goes on in its place."""
    again = jobs.add(
        connection,
        job.kind,
        job.model,
        job.version,
        requested_by=job.requested_by,
        now=now,
        parameters=job.parameters,
    )
    _stand_in(connection, job.id, again.id)
    return again


def _stand_in(connection: sqlite3.Connection, job_id: int, other_id: int) -> None:
    """Make jobs that wait for one that will not go on wait for another one, which does the same."""
    rows = connection.execute(
        "SELECT id, waits_for FROM jobs WHERE state = ? AND waits_for <> '[]'", (JobState.QUEUED,)
    ).fetchall()
    for row in rows:
        known = msgspec.json.decode(row["waits_for"], type=tuple[int, ...])
        if job_id in known:
            told = msgspec.json.encode(tuple(other_id if one == job_id else one for one in known)).decode()
            connection.execute(
                "UPDATE jobs SET waits_for = ?, message = replace(message, ?, ?) WHERE id = ?",
                (told, f"J{job_id} ", f"J{other_id} ", row["id"]),
            )
