"""Models as plain statements tell them, one row after another: what every quicker way of reading them is held against."""

import sqlite3

import msgspec

from storage.promotion_records import GateReport
from storage.records import EvaluationFailure, Loading, Metric, Model, Refusal, Shown, Version
from storage.tables import assembly, evaluations, probations
from storage.vocabulary import Custody, Format, ProbationState, Role, Status, Task


def one_by_one(connection: sqlite3.Connection) -> list[Model]:
    """Return the models as plain statements tell them, one at a time."""
    rows = connection.execute("SELECT * FROM models WHERE present ORDER BY name").fetchall()
    return [_model(connection, row) for row in rows]


def _model(connection: sqlite3.Connection, row: sqlite3.Row) -> Model:
    def count(statement: str, *parameters: object) -> int:
        return int(connection.execute(f"SELECT count(*) FROM {statement}", parameters).fetchone()[0])

    newest_first = connection.execute(
        "SELECT * FROM versions WHERE model_id = ? ORDER BY number DESC", (row["id"],)
    ).fetchall()
    found = {version["id"]: _version(connection, version, row) for version in newest_first}
    current = found.get(row["current_id"])
    above = current.number if current else 0
    ready = [one for one in found.values() if one.status is Status.READY and one.number > above]
    trend = [
        connection.execute(
            "SELECT value FROM metrics WHERE evaluation_id = ? AND slice = '' "
            "AND name IN ('accuracy', 'subset_accuracy', 'r2') ORDER BY name LIMIT 1",
            (each["id"],),
        ).fetchone()
        for each in connection.execute(
            "SELECT id FROM evaluations WHERE version_id = ? ORDER BY at DESC LIMIT 8", (row["current_id"],)
        ).fetchall()
    ]
    watched = [one for one in probations.read(connection, row["name"]) if one.state is ProbationState.OPEN]
    shown = Shown(
        current=current,
        previous=found.get(row["previous_id"]),
        candidate=msgspec.structs.replace(ready[0], role=Role.CANDIDATE) if ready else None,
        newest=next(iter(found.values()), None),
    )
    told = assembly.model(
        shown,
        id=row["id"],
        name=row["name"],
        task=row["task"] and Task(row["task"]),
        problem=row["problem"],
        versions=len(found),
        faults=count("faults WHERE model = ? AND state = 'open' AND severity <> 'info'", row["name"]),
        trend=tuple(value[0] for value in reversed(trend) if value is not None) if current else (),
        quarantined=count("quarantine WHERE model = ? AND state = ?", row["name"], Custody.KEPT),
        probation=watched[0] if watched else None,
    )
    # What a model holds packed is held against the versions themselves, whatever the packing makes of them.
    assert Shown(told.current, told.previous, told.candidate, told.newest) == shown
    return told


def _version(connection: sqlite3.Connection, row: sqlite3.Row, model: sqlite3.Row) -> Version:
    role = {model["previous_id"]: Role.PREVIOUS, model["current_id"]: Role.CURRENT}.get(row["id"])
    told = [evaluations.read_one(connection, row["evaluation_id"])]
    if told[0] is not None:
        # Read apart, so that what is put together of many is held against what stands with this one.
        stored = connection.execute("SELECT * FROM evaluations WHERE id = ?", (told[0].id,)).fetchone()
        figures = connection.execute(
            "SELECT name, value, low, high, n, slice FROM metrics WHERE evaluation_id = ? AND slice = '' ORDER BY rowid",
            (told[0].id,),
        ).fetchall()
        latency = connection.execute(
            "SELECT * FROM latencies WHERE evaluation_id = ?", (told[0].id,)
        ).fetchone()
        assert (told[0].at, told[0].job_id) == (stored["at"], stored["job_id"])
        assert told[0].metrics == tuple(Metric(*figure) for figure in figures)
        assert (told[0].latency and told[0].latency.p50_ms) == (latency and latency["p50_ms"])

    def packed(kind: type, name: str) -> object:
        return None if row[name] is None else msgspec.json.decode(row[name], type=kind)

    return Version(
        **{
            name: row[name]
            for name in ("id", "number", "reason", "sha256", "bytes", "artefact", "source", "found_at")
        },
        model=model["name"],
        format=row["format"] and Format(row["format"]),
        status=Status(row["status"]),
        role=role,
        companions=tuple(msgspec.json.decode(row["companions"])),
        parameters=row["parameters"],
        evaluation=told[0],
        gate=packed(GateReport, "gate"),  # type: ignore[arg-type]
        loading=packed(Loading, "loading"),  # type: ignore[arg-type]
        failure=packed(EvaluationFailure, "failure"),  # type: ignore[arg-type]
        refusal=packed(Refusal, "refusal"),  # type: ignore[arg-type]
    )
