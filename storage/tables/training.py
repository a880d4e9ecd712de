"""Trainings: begun, going on epoch by epoch, ended; and what came of them."""

import sqlite3
from collections.abc import Sequence

import msgspec

from storage.text import clean
from storage.training_records import Epoch, TrainedOn, TrainingRun
from storage.vocabulary import TrainingState

_SELECT = (
    "SELECT r.*, (SELECT max(v.number) FROM versions v JOIN models m ON m.id = v.model_id "
    "WHERE m.name = r.model AND v.sha256 = r.sha256 AND r.sha256 != '') AS version FROM training_runs r "
)


def begin(
    connection: sqlite3.Connection,
    model: str,
    *,
    key: str,
    job_id: int,
    at: float,
    how: str,
    base_version: int | None,
    base_sha256: str,
    seed: int,
    settings: dict[str, object],
    trigger: str = "",
    data_stamp: str = "",
    data_bytes: int = 0,
) -> TrainingRun:
    """Record that a training begins, and return it; one of the same ``key`` that was cut off goes on instead."""
    found = connection.execute(
        "SELECT id FROM training_runs WHERE model = ? AND key = ? AND state = ? ORDER BY id DESC LIMIT 1",
        (model, key, TrainingState.RUNNING),
    ).fetchone()
    if found is not None:
        connection.execute("UPDATE training_runs SET job_id = ? WHERE id = ?", (job_id, found["id"]))
        return read_one(connection, int(found["id"]))
    cursor = connection.execute(
        "INSERT INTO training_runs (model, key, job_id, state, started_at, how, base_version, base_sha256, seed, settings, "
        "trigger, data_stamp, data_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            model,
            key,
            job_id,
            TrainingState.RUNNING,
            at,
            how,
            base_version,
            base_sha256,
            seed,
            msgspec.json.encode(settings).decode(),
            clean(trigger),
            data_stamp,
            data_bytes,
        ),
    )
    return read_one(connection, int(cursor.lastrowid or 0))


def abandon_others(connection: sqlite3.Connection, run: TrainingRun, *, at: float) -> list[int]:
    """End what was cut off before and is not gone on with: other trainings of the model; return their numbers."""
    rows = connection.execute(
        "UPDATE training_runs SET state = ?, finished_at = ?, message = ? WHERE model = ? AND state = ? AND id != ? RETURNING id",
        (
            TrainingState.CANCELLED,
            at,
            "cut off, and another one was begun",
            run.model,
            TrainingState.RUNNING,
            run.id,
        ),
    )
    return [int(row["id"]) for row in rows]


def unended(connection: sqlite3.Connection) -> set[int]:
    """Return the numbers of the trainings that go on, or were cut off and may be gone on with."""
    rows = connection.execute("SELECT id FROM training_runs WHERE state = ?", (TrainingState.RUNNING,))
    return {int(row["id"]) for row in rows}


def add_epoch(connection: sqlite3.Connection, run_id: int, epoch: Epoch) -> None:
    """Record an epoch; what was recorded of it and of later ones before a cut is forgotten."""
    run = read_one(connection, run_id)
    curve = (*(known for known in run.curve if known.number < epoch.number), epoch)
    connection.execute(
        "UPDATE training_runs SET curve = ? WHERE id = ?", (msgspec.json.encode(curve).decode(), run_id)
    )


def set_result(
    connection: sqlite3.Connection,
    run_id: int,
    *,
    data: TrainedOn | None,
    versions: dict[str, str],
    best_epoch: int | None,
    artefact: str,
    sha256: str,
) -> None:
    """Record what a training made, before that is delivered under the name ``artefact``."""
    connection.execute(
        "UPDATE training_runs SET data = ?, versions = ?, best_epoch = ?, artefact = ?, sha256 = ? WHERE id = ?",
        (
            msgspec.json.encode(data).decode(),
            msgspec.json.encode(versions).decode(),
            best_epoch,
            artefact,
            sha256,
            run_id,
        ),
    )


def finish(
    connection: sqlite3.Connection, run_id: int, state: TrainingState, *, at: float, message: str
) -> None:
    """Record how a training ended."""
    connection.execute(
        "UPDATE training_runs SET state = ?, finished_at = ?, message = ? WHERE id = ?",
        (state, at, clean(message), run_id),
    )


def read(connection: sqlite3.Connection, model: str, *, limit: int) -> list[TrainingRun]:
    """Return a model's latest trainings, the latest first."""
    rows = connection.execute(_SELECT + "WHERE r.model = ? ORDER BY r.id DESC LIMIT ?", (model, limit))
    return [_run(row) for row in rows]


def of_jobs(connection: sqlite3.Connection, job_ids: Sequence[int]) -> list[TrainingRun]:
    """Return the trainings that jobs began or went on with."""
    marks = ", ".join("?" * len(job_ids))
    return [
        _run(row)
        for row in connection.execute(f"{_SELECT}WHERE r.job_id IN ({marks}) ORDER BY r.id", job_ids)
    ]


def origins(connection: sqlite3.Connection, model: str) -> dict[int, TrainingRun]:
    """Return the training that each version of a model came from, for those that came from one."""
    rows = connection.execute(_SELECT + "WHERE r.model = ? AND r.sha256 != '' ORDER BY r.id", (model,))
    runs = (_run(row) for row in rows)
    return {run.version: run for run in runs if run.version is not None}


def read_one(connection: sqlite3.Connection, run_id: int) -> TrainingRun:
    """Return a training by its number.

    Raises:
        sqlite3.IntegrityError: there is none of that number.
    """
    row = connection.execute(_SELECT + "WHERE r.id = ?", (run_id,)).fetchone()
    if row is None:
        raise sqlite3.IntegrityError(f"the training {run_id} is gone")
    return _run(row)


def _run(row: sqlite3.Row) -> TrainingRun:
    decoded = {"state", "settings", "data", "versions", "curve"}
    return TrainingRun(
        state=TrainingState(row["state"]),
        settings=msgspec.json.decode(row["settings"], type=dict[str, object]),
        data=msgspec.json.decode(row["data"], type=TrainedOn | None),
        versions=msgspec.json.decode(row["versions"], type=dict[str, str]),
        curve=msgspec.json.decode(row["curve"], type=tuple[Epoch, ...]),
        **{name: row[name] for name in TrainingRun.__struct_fields__ if name not in decoded},
    )
