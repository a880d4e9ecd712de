"""Actions as rows: a viewer inserts one, the engine claims it, both see its state.

Viewers reach for `submit`, `cancel` and the reads; the rest belongs to the engine.
"""

import sqlite3
import time
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from storage.database import visit
from storage.errors import UnknownError
from storage.records import Job, JobParameters
from storage.seen import SeenRows, once, records
from storage.text import clean
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace

ARRIVAL = "arrival"
"""Who asks for a version's first evaluation: the repository, when it has recorded the version."""

NEW_DATA = "new data"
"""Who asks for another evaluation: the repository, when the test data of a version have changed."""

SCHEDULE = "schedule"
"""Who asks for what a schedule says: the engine, when it is time."""

UNASKED = "automatic repair"
"""Who asks for repairs that an owner allows to be done without asking."""

RETRAINING = "automatic training"
"""Who asks for trainings where a model's owner lets the engine do so."""

RECOVERY = "recovery"
"""Who asks that targets be told again: a start after a crash."""

OBJECTIVE = "objective"
"""Who asks for a check where an evaluation misses an objective, or meets it again: nobody should wait for the next one."""

PROBATION = "probation"
"""Who asks for the evaluations of a version on probation."""

ITSELF = "itself"
"""Who promotes and rolls back where a model's owner lets the engine do so: history and log say "by itself"."""

OUTSIDE = "outside modeltender"
"""Who moved a link that the engine did not move."""

AUTOMATIC = (ARRIVAL, NEW_DATA, SCHEDULE, OBJECTIVE, PROBATION, RETRAINING)
"""Whose jobs wait for those of people."""

KNOWN_PARAMETERS = 64
"""Different parameters that are remembered: most jobs have the same few."""

CONVERTED = frozenset({"kind", "parameters", "state", "waits_for"})
"""Fields of a job that are kept as text."""

LISTED = ", ".join(name for name in Job.__struct_fields__ if name != "result")
"""What is read of jobs that are listed: what each found is for whoever waits for one, and of a check or a comparison kilobytes."""

CLAIMABLE = (
    "state = 'queued' AND NOT EXISTS (SELECT 1 FROM json_each(jobs.waits_for) AS each "
    "JOIN jobs AS first ON first.id = each.value WHERE first.state IN ('queued', 'running'))"
)
"""What can be begun: a job that waits for others only when all of them have ended, however they did."""


def submit(
    workspace: Workspace,
    kind: JobKind,
    model: str,
    version: int | None = None,
    *,
    requested_by: str,
    parameters: JobParameters | None = None,
) -> Job:
    """Ask the engine for work, as a viewer, and return the job; an identical one that still waits is returned instead."""
    with visit(workspace.database) as connection:
        return add(
            connection,
            kind,
            model,
            version,
            requested_by=requested_by,
            parameters=parameters,
            now=time.time(),
        )


def cancel(workspace: Workspace, job_id: int) -> Job:
    """Ask for the end of a job, as a viewer: a waiting one is cancelled at once, a running one as soon as it can.

    Raises:
        UnknownError: there is no such job.
    """
    with visit(workspace.database) as connection:
        connection.execute(
            "UPDATE jobs SET cancel = 1 WHERE id = ? AND state IN (?, ?)",
            (job_id, JobState.QUEUED, JobState.RUNNING),
        )
        connection.execute(
            "UPDATE jobs SET state = ?, finished_at = ? WHERE id = ? AND state = ?",
            (JobState.CANCELLED, time.time(), job_id, JobState.QUEUED),
        )
        job = read_one(connection, job_id)
    if job is None:
        raise UnknownError(f"There is no job {job_id}.", "List them with: modeltender jobs")
    return job


def add(
    connection: sqlite3.Connection,
    kind: JobKind,
    model: str,
    version: int | None,
    *,
    requested_by: str,
    now: float,
    parameters: JobParameters | None = None,
) -> Job:
    """Insert a job inside an open transaction and return it, or the identical one that waits already."""
    packed = msgspec.json.encode(parameters or JobParameters()).decode()
    waiting = connection.execute(
        "SELECT id FROM jobs WHERE kind = ? AND model = ? AND version IS ? AND parameters = ? AND state = ? ORDER BY id LIMIT 1",
        (kind, model, version, packed, JobState.QUEUED),
    ).fetchone()
    inserted = (
        waiting
        or connection.execute(
            "INSERT INTO jobs (kind, model, version, parameters, requested_by, requested_at, state) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (kind, model, version, packed, clean(requested_by), now, JobState.QUEUED),
        ).fetchone()
    )
    job = read_one(connection, inserted["id"])
    if job is None:
        raise sqlite3.IntegrityError("the job that was just inserted is gone")
    return job


def claim(connection: sqlite3.Connection, kinds: frozenset[JobKind], *, now: float) -> Job | None:
    """Take a waiting job of some kinds for the engine, or return ``None``: what a person asked for first, then the oldest.

    A job that waits for others is passed over until they have ended.
    """
    marks, automatic = ", ".join("?" * len(kinds)), ", ".join("?" * len(AUTOMATIC))
    row = connection.execute(
        f"UPDATE jobs SET state = ?, started_at = ? WHERE id = "  # noqa: S608 - placeholders only
        f"(SELECT id FROM jobs WHERE {CLAIMABLE} AND kind IN ({marks}) ORDER BY requested_by IN ({automatic}), id LIMIT 1) RETURNING id",
        (JobState.RUNNING, now, *sorted(kinds), *AUTOMATIC),
    ).fetchone()
    return None if row is None else read_one(connection, row["id"])


def waiting(connection: sqlite3.Connection, kinds: frozenset[JobKind]) -> bool:
    """Whether a job of some kinds waits, and for nothing but its turn."""
    marks = ", ".join("?" * len(kinds))
    row = connection.execute(
        f"SELECT EXISTS (SELECT 1 FROM jobs WHERE {CLAIMABLE} AND kind IN ({marks}))",  # noqa: S608 - placeholders only
        tuple(sorted(kinds)),
    ).fetchone()
    return bool(row[0])


def progress(
    connection: sqlite3.Connection, job_id: int, *, done: int, total: int, message: str = ""
) -> None:
    """Record how far a running job has come."""
    connection.execute(
        "UPDATE jobs SET done = ?, total = ?, message = ? WHERE id = ? AND state = ?",
        (done, total, clean(message), job_id, JobState.RUNNING),
    )


def cancelled(connection: sqlite3.Connection, job_id: int) -> bool:
    """Whether somebody asked for the end of a job."""
    row = connection.execute("SELECT cancel FROM jobs WHERE id = ?", (job_id,)).fetchone()
    return row is not None and bool(row["cancel"])


def finish(
    connection: sqlite3.Connection,
    job_id: int,
    state: JobState,
    *,
    now: float,
    message: str = "",
    code: str = "",
    error: str = "",
    hint: str = "",
    result: str = "",
) -> None:
    """Record how a job ended."""
    connection.execute(
        "UPDATE jobs SET state = ?, finished_at = ?, message = ?, code = ?, error = ?, hint = ?, result = ? WHERE id = ?",
        (state, now, clean(message), code, clean(error), clean(hint), result, job_id),
    )


def put_back(connection: sqlite3.Connection, job_id: int, first: Sequence[Job], *, message: str) -> None:
    """Put a running job back to wait until other jobs have ended; those that it waited for before stay on its list."""
    before = connection.execute("SELECT waits_for FROM jobs WHERE id = ?", (job_id,)).fetchone()["waits_for"]
    known = dict.fromkeys([*msgspec.json.decode(before, type=tuple[int, ...]), *(job.id for job in first)])
    connection.execute(
        "UPDATE jobs SET state = ?, waits_for = ?, message = ?, done = 0, total = 0 WHERE id = ?",
        (JobState.QUEUED, msgspec.json.encode(tuple(known)).decode(), clean(message), job_id),
    )


def pending(connection: sqlite3.Connection, kind: JobKind, model: str, version: int) -> bool:
    """Whether a job of this kind waits or runs for a version."""
    row = connection.execute(
        "SELECT 1 FROM jobs WHERE kind = ? AND model = ? AND version = ? AND state IN (?, ?)",
        (kind, model, version, JobState.QUEUED, JobState.RUNNING),
    ).fetchone()
    return row is not None


def running(connection: sqlite3.Connection) -> list[Job]:
    """Return the jobs that the engine works on now."""
    rows = connection.execute("SELECT * FROM jobs WHERE state = ? ORDER BY id", (JobState.RUNNING,))
    return [_job(row) for row in rows]


def unfinished_of(connection: sqlite3.Connection, requested_by: str) -> bool:
    """Whether a job that somebody asked for waits or runs."""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM jobs WHERE requested_by = ? AND state IN (?, ?))",
        (requested_by, JobState.QUEUED, JobState.RUNNING),
    ).fetchone()
    return bool(row[0])


def latest(connection: sqlite3.Connection, kind: JobKind, model: str, *, requested_by: str) -> Job | None:
    """Return the job of this kind that somebody asked for last, as far as it is remembered."""
    row = connection.execute(
        "SELECT * FROM jobs WHERE kind = ? AND model = ? AND requested_by = ? ORDER BY id DESC LIMIT 1",
        (kind, model, requested_by),
    ).fetchone()
    return None if row is None else _job(row)


def pending_versions(connection: sqlite3.Connection, kind: JobKind) -> set[tuple[str, int | None]]:
    """Return the models and versions for which a job of this kind waits or runs: one question, however many there are."""
    rows = connection.execute(
        "SELECT model, version FROM jobs WHERE kind = ? AND state IN (?, ?)",
        (kind, JobState.QUEUED, JobState.RUNNING),
    )
    return {(row["model"], row["version"]) for row in rows}


def prune(connection: sqlite3.Connection, *, keep: int) -> None:
    """Drop finished jobs beyond the latest ``keep``."""
    connection.execute(
        "DELETE FROM jobs WHERE id <= (SELECT max(id) FROM jobs) - ? AND state NOT IN (?, ?)",
        (keep, JobState.QUEUED, JobState.RUNNING),
    )


def read_one(connection: sqlite3.Connection, job_id: int) -> Job | None:
    """Return one job, or ``None``."""
    row = connection.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
    return None if row is None else _job(row)


def read(connection: sqlite3.Connection, *, limit: int, seen: SeenRows[Job] | None = None) -> list[Job]:
    """Return running jobs, then waiting ones, then the latest finished ones: ``limit`` in all, each without its result.

    Those that were ``seen`` before and are as they were are the very same ones.
    """
    rows = connection.execute(
        f"SELECT {LISTED}, '' AS result FROM jobs ORDER BY CASE state WHEN ? THEN 0 WHEN ? THEN 1 ELSE 2 END, "  # noqa: S608 - a constant
        "CASE WHEN state = ? THEN id ELSE -id END LIMIT ?",
        (JobState.RUNNING, JobState.QUEUED, JobState.QUEUED, limit),
    )
    return records(rows, _job, seen)


def of_model(connection: sqlite3.Connection, model: str, *, limit: int) -> list[Job]:
    """Return the jobs of a model that have ended, among the latest ``limit`` of all; the latest first."""
    rows = connection.execute(
        "SELECT * FROM jobs WHERE model = ? AND id > (SELECT coalesce(max(id), 0) FROM jobs) - ? AND finished_at IS NOT NULL "
        "ORDER BY id DESC",
        (model, limit),
    )
    return [_job(row) for row in rows]


def comparisons(connection: sqlite3.Connection, model: str, version: int, against: int) -> list[Job]:
    """Return the comparisons of a version with another one that were asked for, the latest first, each without its result."""
    rows = connection.execute(
        f"SELECT {LISTED}, '' AS result FROM jobs WHERE kind = ? AND model = ? AND version = ? "  # noqa: S608 - a constant
        "AND json_extract(parameters, '$.against') = ? ORDER BY id DESC",
        (JobKind.COMPARE, model, version, against),
    )
    return [_job(row) for row in rows]


def counts(connection: sqlite3.Connection) -> dict[JobState, int]:
    """Return how many jobs wait and run."""
    rows = connection.execute(
        "SELECT state, count(*) FROM jobs WHERE state IN (?, ?) GROUP BY state",
        (JobState.QUEUED, JobState.RUNNING),
    )
    found = {JobState(row[0]): int(row[1]) for row in rows}
    return {state: found.get(state, 0) for state in (JobState.QUEUED, JobState.RUNNING)}


@lru_cache(maxsize=KNOWN_PARAMETERS)
def _parameters(packed: str) -> JobParameters:
    return msgspec.json.decode(packed, type=JobParameters)


def _job(row: sqlite3.Row) -> Job:
    return Job(
        kind=JobKind(row["kind"]),
        parameters=_parameters(row["parameters"]),
        state=JobState(row["state"]),
        waits_for=msgspec.json.decode(row["waits_for"], type=tuple[int, ...]),
        **{name: once(row[name]) for name in Job.__struct_fields__ if name not in CONVERTED},
    )
