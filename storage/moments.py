"""When something happened, as far as anything recorded tells it: the stops of a walk through the past. It reads only."""

import sqlite3
from math import inf

MOMENTS = (
    "SELECT at FROM events",
    "SELECT at FROM promotions",
    "SELECT found_at AS at FROM versions",
    "SELECT first_at AS at FROM faults",
    "SELECT last_at AS at FROM faults WHERE state = 'resolved'",
    "SELECT requested_at AS at FROM jobs",
    "SELECT started_at AS at FROM jobs WHERE started_at IS NOT NULL",
    "SELECT finished_at AS at FROM jobs WHERE finished_at IS NOT NULL",
)
"""What tells that something happened; readings come every second and are no moments. Evaluations are asked by version."""


def last_moment(connection: sqlite3.Connection, until: float = inf) -> float | None:
    """Return when something was recorded last, up to a moment; ``None`` where nothing was."""
    return _moment(connection, "max", "<=", until)


def next_moment(connection: sqlite3.Connection, after: float = -inf) -> float | None:
    """Return when something was recorded next after a moment; ``None`` where nothing was yet."""
    return _moment(connection, "min", ">", after)


def _moment(connection: sqlite3.Connection, end: str, relation: str, at: float) -> float | None:
    # One seek of the index for each version: all evaluations together may be millions.
    parts = [
        f"SELECT (SELECT {end}(at) FROM evaluations WHERE version_id = versions.id AND at {relation} :at) AS at FROM versions",  # noqa: S608 - constants
        *(f"SELECT {end}(at) AS at FROM ({source}) WHERE at {relation} :at" for source in MOMENTS),  # noqa: S608 - constants
    ]
    row = connection.execute(
        f"SELECT {end}(at) FROM ({' UNION ALL '.join(parts)})",  # noqa: S608 - constants
        {"at": at},
    ).fetchone()
    return None if row[0] is None else float(row[0])
