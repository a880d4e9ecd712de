"""The problems that are open, and those that were."""

import sqlite3
from collections.abc import Sequence

import msgspec

from storage.fault_records import Fault, Remedy
from storage.text import clean
from storage.vocabulary import FaultState, Severity

_REMEDIES: msgspec.json.Decoder[tuple[Remedy, ...]] = msgspec.json.Decoder(tuple[Remedy, ...])


def open_fault(
    connection: sqlite3.Connection,
    code: str,
    message: str,
    *,
    at: float,
    model: str = "",
    version: int | None = None,
    severity: Severity = Severity.WARNING,
    repair: str = "",
) -> bool:
    """Open a fault, or count its repetition; return whether it is new.

    One that somebody has acknowledged stays so, unless it has become worse since.
    """
    changed = connection.execute(
        "UPDATE faults SET last_at = ?, count = count + 1, message = ?, repair = ?, "
        "state = CASE WHEN severity <> ? AND ? = ? THEN ? ELSE state END, severity = ? "
        "WHERE code = ? AND model = ? AND version IS ? AND state <> ?",
        (
            *(at, clean(message), repair),
            *(severity, severity, Severity.ERROR, FaultState.OPEN, severity),
            *(code, model, version, FaultState.RESOLVED),
        ),
    ).rowcount
    if changed:
        return False
    connection.execute(
        "INSERT INTO faults (code, model, version, severity, message, repair, state, first_at, last_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (code, model, version, severity, clean(message), repair, FaultState.OPEN, at, at),
    )
    return True


def close_fault(
    connection: sqlite3.Connection, code: str, *, at: float, model: str = "", version: int | None = None
) -> bool:
    """Resolve a fault; return whether one was open."""
    changed = connection.execute(
        "UPDATE faults SET state = ?, last_at = ? WHERE code = ? AND model = ? AND version IS ? AND state <> ?",
        (FaultState.RESOLVED, at, code, model, version, FaultState.RESOLVED),
    ).rowcount
    return changed > 0


def reopen(connection: sqlite3.Connection, fault_id: int) -> None:
    """Record that a fault wants attention again, although somebody had acknowledged it."""
    connection.execute(
        "UPDATE faults SET state = ? WHERE id = ? AND state = ?",
        (FaultState.OPEN, fault_id, FaultState.ACKNOWLEDGED),
    )


def acknowledge(connection: sqlite3.Connection, fault_id: int, *, by: str) -> None:
    """Record that somebody knows of an open fault: it stays, and asks for nobody."""
    connection.execute(
        "UPDATE faults SET state = ?, acknowledged_by = ? WHERE id = ? AND state = ?",
        (FaultState.ACKNOWLEDGED, clean(by), fault_id, FaultState.OPEN),
    )


def set_remedies(connection: sqlite3.Connection, fault_id: int, remedies: Sequence[Remedy]) -> None:
    """Record what may end a fault, where that is not on record already."""
    packed = msgspec.json.encode(remedies).decode()
    connection.execute(
        "UPDATE faults SET remedies = ? WHERE id = ? AND remedies <> ?", (packed, fault_id, packed)
    )


def tried(connection: sqlite3.Connection, fault_id: int, repair: str, *, at: float) -> None:
    """Record that a repair was tried; whether it helped, the next check tells."""
    connection.execute("UPDATE faults SET tried = ?, tried_at = ? WHERE id = ?", (repair, at, fault_id))


def is_open(
    connection: sqlite3.Connection, code: str, *, model: str = "", version: int | None = None
) -> bool:
    """Whether a fault is open."""
    row = connection.execute(
        "SELECT 1 FROM faults WHERE code = ? AND model = ? AND version IS ? AND state <> ?",
        (code, model, version, FaultState.RESOLVED),
    ).fetchone()
    return row is not None


def open_with(connection: sqlite3.Connection, code: str) -> list[Fault]:
    """Return the open faults with a code, by model."""
    rows = connection.execute(
        "SELECT * FROM faults WHERE code = ? AND state <> ? ORDER BY model, version",
        (code, FaultState.RESOLVED),
    )
    return [_fault(row) for row in rows]


def read_one(connection: sqlite3.Connection, fault_id: int) -> Fault | None:
    """Return a fault, also one that has ended, or ``None``."""
    row = connection.execute("SELECT * FROM faults WHERE id = ?", (fault_id,)).fetchone()
    return None if row is None else _fault(row)


def all_open(connection: sqlite3.Connection, model: str | None = None) -> list[Fault]:
    """Return the open faults, the worst and newest first."""
    rows = connection.execute(
        "SELECT * FROM faults WHERE state <> ? AND (? IS NULL OR model = ?) ORDER BY severity = 'error' DESC, last_at DESC",
        (FaultState.RESOLVED, model, model),
    )
    return [_fault(row) for row in rows]


def ended(
    connection: sqlite3.Connection, model: str | None = None, *, since: float, limit: int
) -> list[Fault]:
    """Return the faults (of a model) that ended, from ``since`` on, the latest first."""
    rows = connection.execute(
        "SELECT * FROM faults WHERE state = ? AND (? IS NULL OR model = ?) AND last_at >= ? "
        "ORDER BY last_at DESC, id DESC LIMIT ?",
        (FaultState.RESOLVED, model, model, since, limit),
    )
    return [_fault(row) for row in rows]


def open_at(connection: sqlite3.Connection, at: float, model: str | None = None) -> list[Fault]:
    """Return the faults that had begun and not ended at a moment, the worst and newest first, as they are known now."""
    rows = connection.execute(
        "SELECT * FROM faults WHERE first_at <= :at AND (state <> :resolved OR last_at > :at) "
        "AND (:model IS NULL OR model = :model) ORDER BY severity = 'error' DESC, first_at DESC",
        {"at": at, "resolved": FaultState.RESOLVED, "model": model},
    )
    return [_fault(row) for row in rows]


def _fault(row: sqlite3.Row) -> Fault:
    return Fault(
        **{
            name: row[name]
            for name in Fault.__struct_fields__
            if name not in {"severity", "state", "remedies"}
        },
        severity=Severity(row["severity"]),
        state=FaultState(row["state"]),
        remedies=_REMEDIES.decode(row["remedies"]),
    )
