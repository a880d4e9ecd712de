"""The log that people read, and the open problems."""

import sqlite3

from msgspec.structs import replace

from storage.records import Event, Fault
from storage.text import clean
from storage.vocabulary import FaultState, Severity

ACKNOWLEDGED = "acknowledged"
"""Code of the event that tells who has seen a fault."""


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


def read(connection: sqlite3.Connection, *, limit: int, after: int = 0) -> list[Event]:
    """Return the latest events that came after the event with id ``after``, the newest first."""
    rows = connection.execute("SELECT * FROM events WHERE id > ? ORDER BY id DESC LIMIT ?", (after, limit))
    return [
        Event(
            id=row["id"],
            at=row["at"],
            severity=Severity(row["severity"]),
            code=row["code"],
            model=row["model"],
            version=row["version"],
            message=row["message"],
        )
        for row in rows
    ]


def prune(connection: sqlite3.Connection, *, keep: int) -> None:
    """Drop all but the latest ``keep`` events."""
    connection.execute("DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?", (keep,))


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
    """Open a fault, or count its repetition; return whether it is new."""
    changed = connection.execute(
        "UPDATE faults SET last_at = ?, count = count + 1, message = ?, repair = ? "
        "WHERE code = ? AND model = ? AND version IS ? AND state <> ?",
        (at, clean(message), repair, code, model, version, FaultState.RESOLVED),
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


def acknowledge(connection: sqlite3.Connection, fault_id: int, *, by: str, at: float) -> Fault | None:
    """Record that somebody has seen an open fault, or, where that is on record, that it wants attention again.

    Return the fault as it is now, or ``None`` where it is not open any more.
    """
    fault = next((fault for fault in faults(connection) if fault.id == fault_id), None)
    if fault is None:
        return None
    seen = fault.state is FaultState.OPEN
    state = FaultState.ACKNOWLEDGED if seen else FaultState.OPEN
    connection.execute("UPDATE faults SET state = ? WHERE id = ?", (state, fault_id))
    said = f"{'acknowledged' if seen else 'no longer acknowledged'} by {by}: {fault.message}"
    add(connection, ACKNOWLEDGED, said, at=at, model=fault.model, version=fault.version)
    return replace(fault, state=state)


def is_open(
    connection: sqlite3.Connection, code: str, *, model: str = "", version: int | None = None
) -> bool:
    """Whether a fault is open."""
    row = connection.execute(
        "SELECT 1 FROM faults WHERE code = ? AND model = ? AND version IS ? AND state <> ?",
        (code, model, version, FaultState.RESOLVED),
    ).fetchone()
    return row is not None


def faults(connection: sqlite3.Connection, model: str | None = None) -> list[Fault]:
    """Return the open faults, the worst and newest first."""
    rows = connection.execute(
        "SELECT * FROM faults WHERE state <> ? AND (? IS NULL OR model = ?) ORDER BY severity = 'error' DESC, last_at DESC",
        (FaultState.RESOLVED, model, model),
    )
    return [
        Fault(
            id=row["id"],
            code=row["code"],
            model=row["model"],
            version=row["version"],
            severity=Severity(row["severity"]),
            message=row["message"],
            repair=row["repair"],
            state=FaultState(row["state"]),
            first_at=row["first_at"],
            last_at=row["last_at"],
            count=row["count"],
        )
        for row in rows
    ]
