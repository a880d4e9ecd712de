"""What was taken out of the inbox: intents before each move, outcomes after it; no entry is ever removed."""

import sqlite3

import msgspec

from storage.records import Quarantined
from storage.text import clean
from storage.vocabulary import Custody, Format

UNSETTLED = (Custody.TAKING, Custody.RELEASING, Custody.DELETING)
"""States in which a move was intended and its outcome is not on record: the engine died between the two."""


def intend(
    connection: sqlite3.Connection,
    *,
    model: str,
    name: str,
    sha256: str,
    kind: Format | None,
    size: int,
    reason: str,
    evidence: tuple[str, ...],
    liftable: bool,
    at: float,
) -> int:
    """Record that a thing is about to be taken out of the inbox, and return the entry's id."""
    cursor = connection.execute(
        "INSERT INTO quarantine (model, name, sha256, format, bytes, reason, evidence, liftable, found_at, state) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            model,
            name,
            sha256,
            kind,
            size,
            clean(reason),
            msgspec.json.encode(evidence).decode(),
            liftable,
            at,
            Custody.TAKING,
        ),
    )
    return int(cursor.lastrowid or 0)


def set_state(connection: sqlite3.Connection, entry: int, state: Custody) -> None:
    """Record what is about to happen to an entry, or what has."""
    connection.execute("UPDATE quarantine SET state = ? WHERE id = ?", (state, entry))


def answer_for(
    connection: sqlite3.Connection, entry: int, state: Custody, *, requested_by: str, why: str, at: float
) -> None:
    """Record what a person wants to happen to an entry, who it is, and why."""
    connection.execute(
        "UPDATE quarantine SET state = ?, requested_by = ?, why = ?, at = ? WHERE id = ?",
        (state, clean(requested_by), clean(why), at, entry),
    )


def forget(connection: sqlite3.Connection, entry: int) -> None:
    """Drop an entry whose thing was never moved."""
    connection.execute("DELETE FROM quarantine WHERE id = ? AND state = ?", (entry, Custody.TAKING))


def read_one(connection: sqlite3.Connection, entry: int | None) -> Quarantined | None:
    """Return one entry, or ``None``."""
    row = connection.execute("SELECT * FROM quarantine WHERE id = ?", (entry,)).fetchone()
    return None if row is None else _quarantined(row)


def read(connection: sqlite3.Connection) -> list[Quarantined]:
    """Return every entry that ever was, the newest first."""
    return [_quarantined(row) for row in connection.execute("SELECT * FROM quarantine ORDER BY id DESC")]


def kept(connection: sqlite3.Connection, model: str | None = None) -> list[Quarantined]:
    """Return what is kept in quarantine now (of one model), the oldest first."""
    rows = connection.execute(
        "SELECT * FROM quarantine WHERE state = ? AND (? IS NULL OR model = ?) ORDER BY id",
        (Custody.KEPT, model, model),
    )
    return [_quarantined(row) for row in rows]


def unsettled(connection: sqlite3.Connection) -> list[Quarantined]:
    """Return the entries whose last move was intended and never settled."""
    marks = ", ".join("?" * len(UNSETTLED))
    rows = connection.execute(
        f"SELECT * FROM quarantine WHERE state IN ({marks}) ORDER BY id",  # noqa: S608 - placeholders only
        UNSETTLED,
    )
    return [_quarantined(row) for row in rows]


def _quarantined(row: sqlite3.Row) -> Quarantined:
    return Quarantined(
        id=row["id"],
        model=row["model"],
        name=row["name"],
        sha256=row["sha256"],
        format=None if row["format"] is None else Format(row["format"]),
        bytes=row["bytes"],
        reason=row["reason"],
        evidence=msgspec.json.decode(row["evidence"], type=tuple[str, ...]),
        liftable=bool(row["liftable"]),
        found_at=row["found_at"],
        state=Custody(row["state"]),
        by=row["requested_by"],
        at=row["at"],
        why=row["why"],
    )
