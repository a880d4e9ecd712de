"""Models and versions as records, put together of the rows of several tables.

One statement for each kind of row, for however many models: thousands cost as many questions as one. It only reads;
what is asked for here by others is `storage.tables.models`' to answer.
"""

import sqlite3
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from storage import model_records
from storage.model_records import (
    Candidacy,
    Glance,
    Line,
    Model,
    Newest,
    Refusal,
    Shown,
    Version,
    as_candidate,
)
from storage.promotion_records import GateReport, Probation
from storage.records import EvaluationFailure, Loading
from storage.tables import among, evaluations, probations
from storage.vocabulary import Custody, Format, Role, Status, Task

StructT = TypeVar("StructT", bound=msgspec.Struct)

TREND_POINTS = 8
"""Values of the small trend line in the models table: as many as its column has cells."""

VERSION_COLUMNS = """
    versions.*, models.name AS model,
    CASE versions.id WHEN models.current_id THEN 'current' WHEN models.previous_id THEN 'previous' END AS role
"""

MODEL_COLUMNS = """
    models.*,
    (SELECT count(*) FROM versions WHERE model_id = models.id) AS counted,
    (SELECT id FROM versions WHERE model_id = models.id ORDER BY number DESC LIMIT 1) AS newest_id,
    (SELECT id FROM versions WHERE model_id = models.id AND status = 'ready'
        AND number > coalesce((SELECT number FROM versions WHERE versions.id = models.current_id), 0)
        ORDER BY number DESC LIMIT 1) AS candidate_id
"""

SHOWN = ("current_id", "previous_id", "candidate_id", "newest_id")
"""The versions of a model that matter at a glance."""


def models(connection: sqlite3.Connection, ids: Iterable[int]) -> dict[int, Model]:
    """Return models by their ids."""
    rows = connection.execute(
        f"SELECT {MODEL_COLUMNS} FROM {among.WANTED} CROSS JOIN models ON models.id = wanted",  # noqa: S608 - constants
        (among.packed(ids),),
    ).fetchall()
    seen = versions(connection, {row[key] for row in rows for key in SHOWN if row[key] is not None})
    deployed = [row["current_id"] for row in rows if row["current_id"] in seen]
    trends = evaluations.trends(connection, deployed, TREND_POINTS)
    names = among.packed(row["name"] for row in rows)
    faults = _counts(
        connection,
        f"SELECT model, count(*) FROM {among.WANTED} CROSS JOIN faults ON model = wanted AND state = 'open' "  # noqa: S608 - a constant
        "AND severity <> 'info' GROUP BY model",
        (names,),
    )
    quarantined = _counts(
        connection,
        f"SELECT model, count(*) FROM {among.WANTED} CROSS JOIN quarantine ON model = wanted AND state = ? GROUP BY model",  # noqa: S608 - a constant
        (names, Custody.KEPT),
    )
    watched = probations.open_of(connection, [row["id"] for row in rows])
    return {
        row["id"]: model(
            Shown(
                current=seen.get(row["current_id"]),
                previous=seen.get(row["previous_id"]),
                candidate=as_candidate(seen[row["candidate_id"]]) if row["candidate_id"] in seen else None,
                newest=seen.get(row["newest_id"]),
            ),
            id=row["id"],
            name=row["name"],
            task=None if row["task"] is None else Task(row["task"]),
            problem=row["problem"],
            versions=row["counted"],
            faults=faults.get(row["name"], 0),
            trend=trends.get(row["current_id"], ()),
            quarantined=quarantined.get(row["name"], 0),
            probation=watched.get(row["id"]),
        )
        for row in rows
    }


def versions(connection: sqlite3.Connection, ids: Iterable[int]) -> dict[int, Version]:
    """Return versions by their ids, each with its latest evaluation; their roles are current, previous or ``None``."""
    rows = connection.execute(
        f"SELECT {VERSION_COLUMNS} FROM {among.WANTED} CROSS JOIN versions ON versions.id = wanted "  # noqa: S608 - constants
        "CROSS JOIN models ON models.id = versions.model_id",
        (among.packed(ids),),
    ).fetchall()
    measured = evaluations.read_many(
        connection, [row["evaluation_id"] for row in rows if row["evaluation_id"] is not None]
    )
    return {
        row["id"]: Version(
            id=row["id"],
            model=row["model"],
            number=row["number"],
            format=None if row["format"] is None else Format(row["format"]),
            status=Status(row["status"]),
            reason=row["reason"],
            role=None if row["role"] is None else Role(row["role"]),
            sha256=row["sha256"],
            bytes=row["bytes"],
            artefact=row["artefact"],
            companions=msgspec.json.decode(row["companions"], type=tuple[str, ...]),
            source=row["source"],
            found_at=row["found_at"],
            parameters=row["parameters"],
            evaluation=measured.get(row["evaluation_id"]),
            gate=_unpacked(row["gate"], GateReport),
            loading=_unpacked(row["loading"], Loading),
            failure=_unpacked(row["failure"], EvaluationFailure),
            refusal=_unpacked(row["refusal"], Refusal),
        )
        for row in rows
    }


def model(
    shown: Shown,
    *,
    id: int,  # noqa: A002 - the field's own name
    name: str,
    task: Task | None,
    problem: str,
    versions: int,
    faults: int,
    trend: tuple[float, ...] = (),
    quarantined: int = 0,
    probation: Probation | None = None,
) -> Model:
    """Return a model with the versions of it that matter at a glance."""
    return Model(
        id=id,
        name=name,
        task=task,
        problem=problem,
        versions=versions,
        faults=faults,
        trend=trend,
        quarantined=quarantined,
        probation=probation,
        glance=_glance(shown),
        held=model_records.packed(shown),
    )


def _glance(shown: Shown) -> Glance:
    current, newest, candidate = shown.current, shown.newest, shown.candidate
    gate = candidate.gate if candidate else None
    return Glance(
        current=None if current is None else _line(current),
        undeployed=None if current is not None or newest is None else _line(candidate or newest),
        newest=None if newest is None else Newest(number=newest.number, status=newest.status),
        candidate=None
        if candidate is None
        else Candidacy(number=candidate.number, promotable=None if gate is None else gate.promotable),
    )


def _line(version: Version) -> Line:
    evaluation = version.evaluation
    metric = evaluations.headline(evaluation)
    latency = evaluation.latency if evaluation else None
    return Line(
        number=version.number,
        format=version.format,
        status=version.status,
        device=evaluation.device if evaluation else None,
        evaluated_at=evaluation.at if evaluation else None,
        metric=metric.name if metric else None,
        score=metric.value if metric else None,
        low=metric.low if metric else None,
        high=metric.high if metric else None,
        p50_ms=latency.p50_ms if latency else None,
        p95_ms=latency.p95_ms if latency else None,
        p99_ms=latency.p99_ms if latency else None,
        throughput=latency.throughput if latency else None,
    )


def _counts(connection: sqlite3.Connection, statement: str, parameters: tuple[object, ...]) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(statement, parameters)}


def _unpacked(packed: str | None, kind: type[StructT]) -> StructT | None:
    return None if packed is None else msgspec.json.decode(packed, type=kind)
