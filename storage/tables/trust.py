"""What owners trust, by the hash of its content: an append-only history whose latest entry about a content holds."""

import sqlite3

from storage.records import Trusted
from storage.text import clean


def record(
    connection: sqlite3.Connection,
    sha256: str,
    *,
    granted: bool,
    model: str,
    version: int | None,
    at: float,
    requested_by: str,
    reason: str,
    found: str,
) -> None:
    """Append that trust in a content began, or ended where it is not ``granted``."""
    connection.execute(
        "INSERT INTO trust (sha256, model, version, granted, at, requested_by, reason, found) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (sha256, model, version, granted, at, clean(requested_by), clean(reason), clean(found)),
    )


def holds(connection: sqlite3.Connection, sha256: str | None) -> bool:
    """Whether a content is trusted now; what has no hash never is."""
    row = connection.execute(
        "SELECT granted FROM trust WHERE sha256 = ? ORDER BY id DESC LIMIT 1", (sha256,)
    ).fetchone()
    return row is not None and bool(row["granted"])


def read(connection: sqlite3.Connection) -> list[Trusted]:
    """Return the whole history, the newest first."""
    rows = connection.execute("SELECT * FROM trust ORDER BY id DESC")
    return [
        Trusted(
            id=row["id"],
            sha256=row["sha256"],
            model=row["model"],
            version=row["version"],
            granted=bool(row["granted"]),
            at=row["at"],
            by=row["requested_by"],
            reason=row["reason"],
            found=row["found"],
        )
        for row in rows
    ]
