"""The engine's description of itself: one row, renewed by its main loop."""

import itertools
import sqlite3
from collections.abc import Collection

import msgspec

from storage.records import EngineState, HostState


def start(
    connection: sqlite3.Connection, *, pid: int, version: str, now: float, sandbox: dict[str, str]
) -> None:
    """Record that an engine began its work."""
    connection.execute(
        "INSERT OR REPLACE INTO engine (id, pid, version, started_at, heartbeat_at, rss_bytes, cpu_percent, sandbox, hosts) "
        "VALUES (1, ?, ?, ?, ?, 0, 0, ?, '[]')",
        (pid, version, now, now, msgspec.json.encode(sandbox).decode()),
    )


def beat(
    connection: sqlite3.Connection,
    *,
    now: float,
    rss_bytes: int,
    cpu_percent: float,
    hosts: tuple[HostState, ...],
) -> None:
    """Record that the engine's main loop lives."""
    connection.execute(
        "UPDATE engine SET heartbeat_at = ?, rss_bytes = ?, cpu_percent = ?, hosts = ?",
        (now, rss_bytes, cpu_percent, msgspec.json.encode(hosts).decode()),
    )


def scanned(connection: sqlite3.Connection, *, began: float, undecided: Collection[str] = ()) -> None:
    """Record when a complete listing of the folders began, and in which models' inboxes something is undecided since."""
    connection.execute(
        "UPDATE engine SET scanned_at = ?, undecided = ?",
        (began, msgspec.json.encode(sorted(undecided)).decode()),
    )


def stop(connection: sqlite3.Connection, *, now: float) -> None:
    """Record that the engine ended as it was asked to."""
    connection.execute("UPDATE engine SET stopped_at = ?, hosts = '[]'", (now,))


def read(connection: sqlite3.Connection) -> EngineState | None:
    """Return the engine as it last described itself, or ``None`` where none ever ran."""
    row = connection.execute("SELECT * FROM engine").fetchone()
    if row is None:
        return None
    return EngineState(
        pid=row["pid"],
        version=row["version"],
        started_at=row["started_at"],
        heartbeat_at=row["heartbeat_at"],
        scanned_at=row["scanned_at"],
        undecided=msgspec.json.decode(row["undecided"], type=tuple[str, ...]),
        stopped_at=row["stopped_at"],
        rss_bytes=row["rss_bytes"],
        cpu_percent=row["cpu_percent"],
        sandbox=msgspec.json.decode(row["sandbox"], type=dict[str, str]),
        hosts=msgspec.json.decode(row["hosts"], type=tuple[HostState, ...]),
    )


def unexpected_starts(connection: sqlite3.Connection, *, limit: int) -> list[float]:
    """Return when engines began that followed one which had not ended in order, the oldest of the latest first.

    The log tells: each begins with ``engine-started`` and, in order, ends with ``engine-stopped``.
    """
    rows = connection.execute(
        "SELECT at, code FROM events WHERE code IN ('engine-started', 'engine-stopped') ORDER BY id DESC LIMIT ?",
        (2 * limit,),
    ).fetchall()
    told = [(row["at"], row["code"] == "engine-started") for row in reversed(rows)]
    return [at for (_, began_before), (at, began) in itertools.pairwise(told) if began_before and began]
