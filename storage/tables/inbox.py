"""The files of the inbox: what was decided about each, and why some became no version."""

import sqlite3

from storage.records import Arrival
from storage.vocabulary import Status


def put(
    connection: sqlite3.Connection,
    arrival: Arrival,
    *,
    stamp: str,
    sha256: str | None,
    version_id: int | None,
) -> None:
    """Record what was decided about a file of the inbox."""
    connection.execute(
        "INSERT INTO arrivals (model, name, stamp, status, reason, bytes, sha256, version_id, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (model, name) DO UPDATE SET stamp = excluded.stamp, status = excluded.status, reason = excluded.reason, "
        "bytes = excluded.bytes, sha256 = excluded.sha256, version_id = excluded.version_id, seen_at = excluded.seen_at",
        (
            arrival.model,
            arrival.name,
            stamp,
            arrival.status,
            arrival.reason,
            arrival.bytes,
            sha256,
            version_id,
            arrival.seen_at,
        ),
    )


def forget(connection: sqlite3.Connection, model: str, name: str) -> None:
    """Drop the record of a file that is no longer in the inbox."""
    connection.execute("DELETE FROM arrivals WHERE model = ? AND name = ?", (model, name))


def rows(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """Return what is recorded about every file of the inbox."""
    return connection.execute("SELECT * FROM arrivals").fetchall()


def read(connection: sqlite3.Connection, model: str | None = None) -> list[Arrival]:
    """Return the files of the inbox that did not become a version, and why."""
    found = connection.execute(
        "SELECT * FROM arrivals WHERE version_id IS NULL AND (? IS NULL OR model = ?) ORDER BY model, name",
        (model, model),
    )
    return [
        Arrival(
            model=row["model"],
            name=row["name"],
            status=Status(row["status"]),
            reason=row["reason"],
            bytes=row["bytes"],
            seen_at=row["seen_at"],
        )
        for row in found
    ]
