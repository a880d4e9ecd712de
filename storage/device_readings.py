"""What a device read over a stretch of time: from the finest level that tells it in few enough points.

Which levels there are, and how one is made of another, is `storage.tables.rollups`'.
"""

import sqlite3
from math import ceil, inf
from typing import NamedTuple

from storage.database import Reader
from storage.record import Record
from storage.tables import rollups
from storage.tables.rollups import RAW, TABLES, Bucket

DRAWN = 1000
"""Buckets that are read for a chart at most: three for each column of a wide terminal."""

JUST_BEYOND_S = 1e-3
"""Stretches of time leave their end out; the latest reading belongs to what is told."""


class Readings(Record, frozen=True, kw_only=True):
    """A reading of a device over the time that a chart shows."""

    device: str
    reading: str
    span_s: float
    """How far back from the latest one was looked."""
    known: tuple[str, ...]
    """The readings that the device ever gave."""
    step_s: float | None
    """How long each point's bucket is; ``None`` where each is a single reading."""
    points: tuple[Bucket, ...]
    """Oldest first."""


class Found(NamedTuple):
    """Buckets, and the level that they are from or were put together for."""

    step_s: float | None
    buckets: list[Bucket]


def read(
    reader: Reader, device_id: str, reading: str, *, span_s: float = inf, until: float | None = None
) -> Readings:
    """Return a reading of a device over so much time before the latest one, or before a moment of the past.

    Of the past nothing is told that was not over by then.
    """
    with reader.transaction() as connection:
        first, last = _ends(connection, device_id, reading)
        found = Found(None, [])
        if first is not None and last is not None:
            end = last if until is None else until
            begin = max(first, end - span_s)
            found = over(
                connection,
                device_id,
                reading,
                since=begin,
                until=end + JUST_BEYOND_S,
                step_s=_drawn_step(end - begin),
            )
        buckets = found.buckets
        if until is not None:
            buckets = [bucket for bucket in buckets if bucket.at + (found.step_s or 0.0) <= until]
        return Readings(
            device=device_id,
            reading=reading,
            span_s=span_s,
            known=_known(connection, device_id),
            step_s=found.step_s,
            points=tuple(buckets),
        )


def _drawn_step(span_s: float) -> float | None:
    """Return how long buckets are wanted where there would be more than `DRAWN` of them, in whole ones of their level."""
    level = rollups.level_for(span_s)
    together = ceil(span_s / level / DRAWN)
    return float(level * together) if together > 1 else None


def over(
    connection: sqlite3.Connection,
    device_id: str,
    reading: str,
    *,
    since: float,
    until: float,
    step_s: float | None = None,
    distributed: bool = False,
) -> Found:
    """Return the buckets that begin in a stretch of time, of the finest level that fits it and still has some.

    Args:
        connection: the database, in a transaction.
        device_id: whose reading it is.
        reading: which one.
        since: when the stretch begins.
        until: when it is over.
        step_s: how long buckets are wanted; by default as long as leaves no more than `rollups.POINTS` of them.
        distributed: whether to tell how the readings were distributed, which takes some times as long.
    """
    finest = rollups.level_for(until - since, step_s)
    level, found = finest, list[Bucket]()
    for level in (one for one in (RAW, *TABLES) if one >= finest):
        found = rollups.read(
            connection,
            device_id,
            reading,
            level=level,
            since=since,
            until=until,
            step_s=step_s or RAW,
            distributed=distributed,
        )
        # What is past its time at one level is told by the next.
        if found:
            break
    if step_s is not None and step_s > level:
        return Found(step_s, found)
    return Found(None if level == RAW else float(level), found)


def _known(connection: sqlite3.Connection, device_id: str) -> tuple[str, ...]:
    rows = connection.execute(
        "SELECT reading FROM device_series WHERE device_id = ? ORDER BY id", (device_id,)
    )
    return tuple(row["reading"] for row in rows)


def _ends(connection: sqlite3.Connection, device_id: str, reading: str) -> tuple[float | None, float | None]:
    """Return when the first and the latest bucket or reading of a device begins, by looking at the ends of each level alone."""
    series = "series_id = (SELECT id FROM device_series WHERE device_id = :device AND reading = :reading)"
    levels = [("device_samples", "device_id = :device"), *((table, series) for table in TABLES.values())]
    # The least and the greatest in one question would read everything between them.
    ends = [
        connection.execute(
            f"SELECT (SELECT min(at) FROM {table} WHERE {which}), (SELECT max(at) FROM {table} WHERE {which})",  # noqa: S608 - our own names
            {"device": device_id, "reading": reading},
        ).fetchone()
        for table, which in levels
    ]
    firsts, lasts = ([end[place] for end in ends if end[place] is not None] for place in (0, 1))
    return min(firsts, default=None), max(lasts, default=None)
