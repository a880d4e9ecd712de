"""Versions that were promoted by themselves and are watched for a while, and how that ended."""

import sqlite3
from collections.abc import Iterable

from storage.promotion_records import Probation
from storage.tables import among
from storage.text import clean
from storage.vocabulary import ProbationState, PromotionOutcome

COLUMNS = "probations.*, models.name AS model"


def begin(
    connection: sqlite3.Connection,
    model_id: int,
    *,
    number: int,
    sha256: str,
    now: float,
    length_s: float,
    every_s: float,
) -> None:
    """Record that a version is watched from now on; none of the same model may be."""
    connection.execute(
        "INSERT INTO probations (model_id, number, sha256, begun_at, ends_at, every_s, looked_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (model_id, number, sha256, now, now + length_s, every_s, now, ProbationState.OPEN),
    )


def asked(connection: sqlite3.Connection, probation_id: int, *, now: float) -> None:
    """Record that a look at a version on probation is asked for; it counts when it has worked."""
    connection.execute("UPDATE probations SET looked_at = ? WHERE id = ?", (now, probation_id))


def looked(connection: sqlite3.Connection, model: str, number: int) -> None:
    """Count a look that worked at a version, where that one is on probation still."""
    connection.execute(
        "UPDATE probations SET looks = looks + 1 WHERE state = ? AND number = ? "
        "AND model_id = (SELECT id FROM models WHERE name = ?)",
        (ProbationState.OPEN, number, model),
    )


def end(
    connection: sqlite3.Connection, probation_id: int, state: ProbationState, *, reason: str = ""
) -> None:
    """Record how a probation ended, and why."""
    connection.execute(
        "UPDATE probations SET state = ?, reason = ? WHERE id = ?", (state, clean(reason), probation_id)
    )


def open_one(connection: sqlite3.Connection, model_id: int) -> Probation | None:
    """Return the probation of a model's version that is under way, or ``None``."""
    return open_of(connection, [model_id]).get(model_id)


def open_of(connection: sqlite3.Connection, model_ids: Iterable[int]) -> dict[int, Probation]:
    """Return the probations of models' versions that are under way, by the models' ids."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM {among.WANTED} CROSS JOIN probations ON model_id = wanted AND state = 'open' "  # noqa: S608 - constants
        "CROSS JOIN models ON models.id = model_id",
        (among.packed(model_ids),),
    )
    return {row["model_id"]: _probation(row) for row in rows}


def all_open(connection: sqlite3.Connection) -> list[Probation]:
    """Return the probations that are under way."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM probations JOIN models ON models.id = model_id WHERE state = ? ORDER BY probations.id",  # noqa: S608 - a constant
        (ProbationState.OPEN,),
    )
    return [_probation(row) for row in rows]


def read(connection: sqlite3.Connection, model: str) -> list[Probation]:
    """Return the probations of a model's versions, the newest first."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM probations JOIN models ON models.id = model_id WHERE models.name = ? ORDER BY probations.id DESC",  # noqa: S608 - a constant
        (model,),
    )
    return [_probation(row) for row in rows]


def was_deployed(connection: sqlite3.Connection, model_id: int, *, number: int, sha256: str) -> bool:
    """Whether a version was ever deployed, or its content under another number, as far as that is known."""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM promotions WHERE model_id = ? AND outcome = ? AND (to_number = ? OR sha256 = ?)) "
        "OR EXISTS (SELECT 1 FROM deployed_contents JOIN versions ON versions.id = version_id "
        "WHERE model_id = ? AND deployed_contents.sha256 = ?)",
        (model_id, PromotionOutcome.DONE, number, sha256, model_id, sha256),
    ).fetchone()
    return bool(row[0])


def _probation(row: sqlite3.Row) -> Probation:
    return Probation(
        state=ProbationState(row["state"]),
        **{name: row[name] for name in Probation.__struct_fields__ if name != "state"},
    )
