"""What was at work at an earlier moment: the jobs, the engine, and what of both is not on record any more. It reads only."""

import sqlite3

from msgspec.structs import replace

from storage import jobs
from storage.past_devices import read_near
from storage.records import EngineState, Job
from storage.vocabulary import JobState

EVERY_JOB = 1_000_000
"""More than retention ever keeps: which of them count is known only when their times were looked at."""

ORDER = {JobState.RUNNING: 0, JobState.QUEUED: 1}
"""How jobs are listed: what runs, what waits, what has ended."""


def jobs_at(connection: sqlite3.Connection, at: float) -> list[Job]:
    """Return the jobs that had been asked for by a moment, as they were then, in the order in which jobs are listed."""
    then = [job_at(job, at) for job in jobs.read(connection, limit=EVERY_JOB) if job.requested_at <= at]
    return sorted(
        then, key=lambda job: (ORDER.get(job.state, 2), job.id if job.state is JobState.QUEUED else -job.id)
    )


def job_at(job: Job, at: float) -> Job:
    """Return a job as it was at a moment, when it had been asked for."""
    if job.finished_at is not None and job.finished_at <= at:
        return job
    running = job.started_at is not None and job.started_at <= at
    # How far it had come was written over by what came later.
    return replace(
        job,
        state=JobState.RUNNING if running else JobState.QUEUED,
        done=0,
        total=0,
        message="",
        started_at=job.started_at if running else None,
        finished_at=None,
        code="",
        error="",
        hint="",
        result="",
    )


def engine_at(connection: sqlite3.Connection, at: float) -> tuple[EngineState | None, bool]:
    """Return the engine that worked at a moment or ended last before it, and whether one worked.

    Each begins with a line in the log and in order ends with one. One that was killed left none: then the readings tell.
    """
    told = connection.execute(
        "SELECT at, code FROM events WHERE code IN ('engine-started', 'engine-stopped') AND at <= ? ORDER BY id DESC LIMIT 1",
        (at,),
    ).fetchone()
    following = connection.execute(
        "SELECT code FROM events WHERE code IN ('engine-started', 'engine-stopped') AND at > ? ORDER BY id LIMIT 1",
        (at,),
    ).fetchone()
    if told is None:
        return None, read_near(connection, at)
    began = told["code"] == "engine-started"
    killed = following is not None and following["code"] == "engine-started"
    ran = began and (not killed or read_near(connection, at))
    state = EngineState(
        pid=0,
        version="",
        started_at=told["at"],
        heartbeat_at=at if ran else told["at"],
        rss_bytes=0,
        cpu_percent=0.0,
        sandbox={},
        hosts=(),
    )
    return state, ran


def missing_at(connection: sqlite3.Connection, at: float, *, readings: bool) -> tuple[str, ...]:
    """Return what is not on record of a moment because it was dropped, or because nobody wrote it down."""
    found = []
    for table, column, word in (("events", "at", "events"), ("jobs", "requested_at", "jobs")):
        oldest = connection.execute(f"SELECT id, {column} AS at FROM {table} ORDER BY id LIMIT 1").fetchone()  # noqa: S608 - our own names
        if oldest is not None and oldest["id"] > 1 and oldest["at"] > at:
            found.append(word)
    return (*found, *(() if readings else ("readings",)))
