"""What memory processes took: those of the engine while they live, and those of models that were asked again and again."""

import sqlite3
from typing import NamedTuple

import msgspec

KEPT = 24
"""Readings of one process that are kept: twice what a trend needs."""

APART_S = 600.0
"""Readings that come sooner after the one before are not kept: a trend is one of hours, not of an impatient evening."""


class Process(NamedTuple):
    """One life of a process of the engine's."""

    name: str
    """What it is called: the engine, or the host of a framework."""
    pid: int
    began_at: float


def add(connection: sqlite3.Connection, process: Process, *, at: float, size: int) -> None:
    """Record a reading; those of an earlier process of the same name go, and so do the oldest."""
    connection.execute(
        "DELETE FROM memory_readings WHERE process = ? AND (pid <> ? OR began_at <> ? OR at > ?)",
        (*process, at),
    )
    connection.execute(
        "INSERT INTO memory_readings (process, pid, began_at, at, bytes) SELECT :name, :pid, :began_at, :at, :size "
        "WHERE NOT EXISTS (SELECT 1 FROM memory_readings WHERE process = :name AND at > :at - :apart)",
        {**process._asdict(), "at": at, "size": size, "apart": APART_S},
    )
    connection.execute(
        "DELETE FROM memory_readings WHERE process = :name AND at NOT IN "
        "(SELECT at FROM memory_readings WHERE process = :name ORDER BY at DESC LIMIT :kept)",
        {"name": process.name, "kept": KEPT},
    )


def read(connection: sqlite3.Connection, process: Process) -> list[tuple[float, int]]:
    """Return when one process took how much, the oldest first."""
    rows = connection.execute(
        "SELECT at, bytes FROM memory_readings WHERE process = ? AND pid = ? AND began_at = ? ORDER BY at",
        process,
    )
    return [(row["at"], row["bytes"]) for row in rows]


class Endured(NamedTuple):
    """What the process of a content took: by how many examples it had answered."""

    at: float
    readings: tuple[tuple[int, int], ...]


def endured(
    connection: sqlite3.Connection, model: str, artefact_sha256: str, runtime_version: str
) -> Endured | None:
    """Return what was last read of a model's content under a version of its runtime, or ``None``."""
    row = connection.execute(
        "SELECT at, readings FROM endurances WHERE model = ? AND artefact_sha256 = ? AND runtime_version = ?",
        (model, artefact_sha256, runtime_version),
    ).fetchone()
    if row is None:
        return None
    return Endured(row["at"], msgspec.json.decode(row["readings"], type=tuple[tuple[int, int], ...]))


def set_endured(
    connection: sqlite3.Connection, model: str, artefact_sha256: str, runtime_version: str, new: Endured
) -> None:
    """Record what was read, in the place of what was before."""
    connection.execute(
        "INSERT OR REPLACE INTO endurances (model, artefact_sha256, runtime_version, at, readings) VALUES (?, ?, ?, ?, ?)",
        (model, artefact_sha256, runtime_version, new.at, msgspec.json.encode(new.readings).decode()),
    )
