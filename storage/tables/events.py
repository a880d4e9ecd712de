"""The log that people read."""

import sqlite3
from collections.abc import Sequence
from math import inf
from typing import Final

from storage.fault_records import Event
from storage.seen import SeenRows, once, records
from storage.text import clean
from storage.vocabulary import Severity

ACKNOWLEDGED: Final = "acknowledged"
"""Code of the event that tells who has seen a fault."""

MOVED_OUTSIDE: Final = "promote-outside"
"""Code of the event that tells that a link was moved that the engine did not move."""


def add(
    connection: sqlite3.Connection,
    code: str,
    message: str,
    *,
    at: float,
    severity: Severity = Severity.INFO,
    model: str = "",
    version: int | None = None,
) -> None:
    """Append one line to the log that people read."""
    connection.execute(
        "INSERT INTO events (at, severity, code, model, version, message) VALUES (?, ?, ?, ?, ?, ?)",
        (at, severity, code, model, version, clean(message)),
    )


def read(
    connection: sqlite3.Connection,
    *,
    limit: int,
    after: int = 0,
    until: float = inf,
    seen: SeenRows[Event] | None = None,
) -> list[Event]:
    """Return the latest events that came after the event with id ``after``, and not later than ``until``, the newest first.

    Those that were ``seen`` before are the very same ones.
    """
    rows = connection.execute(
        "SELECT * FROM events WHERE id > ? AND at <= ? ORDER BY id DESC LIMIT ?", (after, until, limit)
    )
    return records(rows, _event, seen)


def of_codes(connection: sqlite3.Connection, codes: Sequence[str], *, since: float) -> list[Event]:
    """Return the events of some codes, from ``since`` on, the oldest first."""
    marks = ", ".join("?" * len(codes))
    rows = connection.execute(
        f"SELECT * FROM events WHERE at >= ? AND code IN ({marks}) ORDER BY id",  # noqa: S608 - placeholders only
        (since, *codes),
    )
    return [_event(row) for row in rows]


def told_between(
    connection: sqlite3.Connection, code: str, model: str, *, after: float, until: float
) -> bool:
    """Whether the log has a line of this code about a model after one moment and not after another."""
    row = connection.execute(
        "SELECT 1 FROM events WHERE code = ? AND model = ? AND at > ? AND at <= ?",
        (code, model, after, until),
    ).fetchone()
    return row is not None


def prune(connection: sqlite3.Connection, *, keep: int) -> None:
    """Drop all but the latest ``keep`` events."""
    connection.execute("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?", (keep,))


def _event(row: sqlite3.Row) -> Event:
    return Event(
        id=row["id"],
        at=row["at"],
        severity=Severity(row["severity"]),
        code=once(row["code"]),
        model=once(row["model"]),
        version=row["version"],
        message=once(row["message"]),
    )
