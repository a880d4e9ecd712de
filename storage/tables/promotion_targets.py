"""What else learns of each model's promotions: what its settings name, and what was last said to it."""

import sqlite3
from collections.abc import Sequence

from storage.promotion_records import PromotionTarget
from storage.target_settings import TargetSettings, place_of
from storage.text import clean
from storage.vocabulary import TargetKind, TargetState


def declare(connection: sqlite3.Connection, model_id: int, targets: Sequence[TargetSettings]) -> None:
    """Record which targets a model has; what is known of one stays while it is the same, and others are forgotten."""
    rows = connection.execute("SELECT name FROM promotion_targets WHERE model_id = ?", (model_id,)).fetchall()
    names = {target.name for target in targets}
    for row in rows:
        if row["name"] not in names:
            connection.execute(
                "DELETE FROM promotion_targets WHERE model_id = ? AND name = ?", (model_id, row["name"])
            )
    for position, target in enumerate(targets):
        place = clean(place_of(target))
        connection.execute(
            "DELETE FROM promotion_targets WHERE model_id = ? AND name = ? AND (kind <> ? OR place <> ?)",
            (model_id, target.name, target.kind, place),
        )
        connection.execute(
            "INSERT INTO promotion_targets (model_id, name, position, kind, place, state) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET position = excluded.position",
            (model_id, target.name, position, target.kind, place, TargetState.UNTOLD),
        )


def begin(connection: sqlite3.Connection, model_id: int) -> None:
    """Record that a model's targets are about to be told: what an engine leaves so, the next one tells again."""
    connection.execute(
        "UPDATE promotion_targets SET state = ? WHERE model_id = ?", (TargetState.TELLING, model_id)
    )


def end(
    connection: sqlite3.Connection,
    model_id: int,
    name: str,
    state: TargetState,
    *,
    version: int | None,
    message: str,
    at: float | None,
) -> None:
    """Record what became of telling one target, and which version it has now."""
    connection.execute(
        "UPDATE promotion_targets SET state = ?, version = ?, message = ?, at = ? WHERE model_id = ? AND name = ?",
        (state, version, clean(message), at, model_id, name),
    )


def half_told(connection: sqlite3.Connection) -> list[str]:
    """Return the models of whose targets it is not known what they were told."""
    rows = connection.execute(
        "SELECT DISTINCT models.name FROM promotion_targets JOIN models ON models.id = model_id WHERE state = ? ORDER BY 1",
        (TargetState.TELLING,),
    )
    return [row[0] for row in rows]


def read(connection: sqlite3.Connection, model: str) -> tuple[PromotionTarget, ...]:
    """Return the targets of a model, in the order in which they are told."""
    rows = connection.execute(
        "SELECT promotion_targets.* FROM promotion_targets JOIN models ON models.id = model_id WHERE models.name = ? ORDER BY position",
        (model,),
    )
    return tuple(
        PromotionTarget(
            name=row["name"],
            kind=TargetKind(row["kind"]),
            place=row["place"],
            state=TargetState(row["state"]),
            version=row["version"],
            message=row["message"],
            at=row["at"],
        )
        for row in rows
    )
