"""The append-only history of what was deployed: intents before the switch, outcomes after it."""

import sqlite3
from collections.abc import Sequence

import msgspec

from storage.promotion_records import GateCheck, GateReport, Promotion, ToldTarget
from storage.seen import SeenRows, records
from storage.text import clean
from storage.vocabulary import JobKind, PromotionOutcome, Verdict


def intend(
    connection: sqlite3.Connection,
    model_id: int,
    *,
    job_id: int | None,
    at: float,
    requested_by: str,
    kind: JobKind,
    from_number: int | None,
    to_number: int,
    gate: GateReport | None,
    forced: bool = False,
    reason: str = "",
    patience_s: float = 30.0,
    sha256: str = "",
    probation_s: float = 0.0,
) -> int:
    """Record that a switch is about to happen and return its id; it is no history until `settle` says how it ended.

    After ``patience_s`` nobody is at it any more. What is deployed, of content ``sha256``, is on probation for as long as
    ``probation_s`` says.
    """
    cursor = connection.execute(
        "INSERT INTO promotions (model_id, job_id, at, requested_by, kind, from_number, to_number, verdict, checks, forced, reason, outcome, patience_s, sha256, probation_s) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            model_id,
            job_id,
            at,
            requested_by,
            kind,
            from_number,
            to_number,
            gate.verdict if gate else None,
            msgspec.json.encode(gate.checks if gate else ()).decode(),
            forced,
            reason,
            PromotionOutcome.INTENDED,
            patience_s,
            sha256,
            probation_s,
        ),
    )
    return int(cursor.lastrowid or 0)


def prolong(connection: sqlite3.Connection, promotion_id: int, *, now: float, patience_s: float) -> None:
    """Record that an intended switch is taken up now, and after how long nobody is at it any more."""
    connection.execute(
        "UPDATE promotions SET patience_s = ? - at + ? WHERE id = ?", (now, patience_s, promotion_id)
    )


def is_open(connection: sqlite3.Connection, promotion_id: int) -> bool:
    """Whether an intended switch has not been settled."""
    row = connection.execute(
        "SELECT 1 FROM promotions WHERE id = ? AND outcome = ?", (promotion_id, PromotionOutcome.INTENDED)
    ).fetchone()
    return row is not None


def settle(
    connection: sqlite3.Connection, promotion_id: int, outcome: PromotionOutcome, *, problem: str = ""
) -> None:
    """Record how an intended switch ended, and why not as it was meant."""
    connection.execute(
        "UPDATE promotions SET outcome = ?, problem = ? WHERE id = ?", (outcome, clean(problem), promotion_id)
    )


def set_told(connection: sqlite3.Connection, promotion_id: int, told: Sequence[ToldTarget]) -> None:
    """Record what became of each target when it was told of an intended switch."""
    packed = msgspec.json.encode(tuple(told)).decode()
    connection.execute("UPDATE promotions SET told = ? WHERE id = ?", (packed, promotion_id))


def unsettled(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """Return the switches that were intended and never settled: the engine died between the two."""
    return connection.execute(
        "SELECT promotions.*, models.name AS model FROM promotions JOIN models ON models.id = model_id WHERE outcome = ? ORDER BY promotions.id",
        (PromotionOutcome.INTENDED,),
    ).fetchall()


def read(
    connection: sqlite3.Connection,
    model: str,
    *,
    limit: int = 1000,
    seen: SeenRows[Promotion] | None = None,
) -> list[Promotion]:
    """Return what was done to a model's deployed version, the newest first; what was ``seen`` before is the very same."""
    rows = connection.execute(
        "SELECT promotions.*, models.name AS model FROM promotions JOIN models ON models.id = model_id "
        "WHERE models.name = ? AND outcome = ? ORDER BY promotions.id DESC LIMIT ?",
        (model, PromotionOutcome.DONE, limit),
    )
    return records(rows, _promotion, seen)


def entries(connection: sqlite3.Connection, model: str, *, limit: int = 1000) -> list[Promotion]:
    """Return every change of a model's deployed version that was begun, however it ended, the newest first."""
    rows = connection.execute(
        "SELECT promotions.*, models.name AS model FROM promotions JOIN models ON models.id = model_id "
        "WHERE models.name = ? ORDER BY promotions.id DESC LIMIT ?",
        (model, limit),
    )
    return [_promotion(row) for row in rows]


def brought_by(connection: sqlite3.Connection, model_id: int, number: int) -> int | None:
    """Return the version that was deployed before ``number`` was last promoted, or ``None``: what lies under it."""
    row = connection.execute(
        "SELECT from_number FROM promotions WHERE model_id = ? AND to_number = ? AND kind = ? AND outcome = ? ORDER BY id DESC LIMIT 1",
        (model_id, number, JobKind.PROMOTE, PromotionOutcome.DONE),
    ).fetchone()
    return None if row is None else row[0]


def _promotion(row: sqlite3.Row) -> Promotion:
    return Promotion(
        id=row["id"],
        model=row["model"],
        at=row["at"],
        requested_by=row["requested_by"],
        from_version=row["from_number"],
        to_version=row["to_number"],
        kind=JobKind(row["kind"]),
        verdict=None if row["verdict"] is None else Verdict(row["verdict"]),
        checks=msgspec.json.decode(row["checks"], type=tuple[GateCheck, ...]),
        forced=bool(row["forced"]),
        reason=row["reason"],
        outcome=PromotionOutcome(row["outcome"]),
        problem=row["problem"],
        told=msgspec.json.decode(row["told"], type=tuple[ToldTarget, ...]),
    )
