"""Readings of devices rolled up: minutes of seconds, hours of minutes, days of hours.

A bucket is made anew from everything that the finer level holds of it, so that doing it twice changes nothing. Which
buckets have to be made is a list of its own (``rollups_due``), written in the transaction of the readings and
shortened in that of the buckets: a kill in between loses nothing, and a clock that is set cannot leave readings behind,
which one mark of "everything until here" would. Where there is no reading there is no bucket.
"""

import sqlite3
from collections.abc import Iterable
from typing import Final, NamedTuple

from storage import sketch
from storage.records import Device
from storage.sketch import Sketch
from storage.tables.devices import SAMPLE

RAW: Final = 1
"""The level of the readings themselves."""

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86400

TABLES: Final = {MINUTE: "device_minutes", HOUR: "device_hours", DAY: "device_days"}
"""Where each level lies, by the seconds of its buckets, finest first."""

FINER: Final = {MINUTE: RAW, HOUR: MINUTE, DAY: HOUR}

POINTS = 3000
"""Buckets that are read for one answer at most: more than a terminal or a page has columns."""

DROPPED_AT_ONCE = 2000
"""Rows that are deleted in one transaction: about a millisecond."""


class Bucket(NamedTuple):
    """What a reading did in one stretch of time."""

    at: float
    """When it begins."""
    n: int
    least: float
    mean: float
    greatest: float
    sketch: Sketch | None
    """How the readings were distributed; ``None`` where that was not asked for."""


class Due(NamedTuple):
    """A bucket that has to be made."""

    level: int
    device_id: str
    at: int


def note(connection: sqlite3.Connection, read: Iterable[Device]) -> None:
    """Note that the buckets of all levels have to be made that new readings fall into."""
    connection.executemany(
        "INSERT OR IGNORE INTO rollups_due (level, device_id, at) VALUES (?, ?, ?)",
        {
            (level, device.id, _start(device.at, level))
            for device in read
            if device.at is not None
            for level in TABLES
        },
    )


def due(connection: sqlite3.Connection, *, now: float) -> Due | None:
    """Return the next bucket to be made, the finest first; none that ``now`` falls into.

    What lies in the future was read before the clock was set back, and is over.
    """
    row = connection.execute(
        "SELECT level, device_id, at FROM rollups_due WHERE NOT (at <= :now AND :now < at + level) "
        "ORDER BY level, device_id, at LIMIT 1",
        {"now": now},
    ).fetchone()
    return None if row is None else Due(*row)


def make(connection: sqlite3.Connection, wanted: Due) -> None:
    """Make a bucket of every reading of a device, and strike it off the list.

    Where the finer level holds nothing any more, what was made before stays.
    """
    for reading in SAMPLE:
        made = _made(connection, wanted, reading, distributed=True)
        if made is not None:
            connection.execute(
                f"INSERT OR REPLACE INTO {TABLES[wanted.level]} (series_id, at, n, least, mean, greatest, sketch) "  # noqa: S608 - our own names
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    _series(connection, wanted.device_id, reading),
                    wanted.at,
                    *made[1:5],
                    made.sketch and made.sketch.encode(),
                ),
            )
    connection.execute("DELETE FROM rollups_due WHERE level = ? AND device_id = ? AND at = ?", wanted)


def drop(connection: sqlite3.Connection, level: int, *, before: float) -> bool:
    """Drop some of what a level holds from before a time; return whether there is more.

    What the next level has still to be made of stays.
    """
    key, table = ("device_id", "device_samples") if level == RAW else ("series_id", TABLES[level])
    coarser = next((above for above, finer in FINER.items() if finer == level), None)
    left = DROPPED_AT_ONCE
    for name, device_id in _kept(connection, level):
        waiting = connection.execute(
            "SELECT min(at) FROM rollups_due WHERE level = ? AND device_id = ?", (coarser, device_id)
        ).fetchone()[0]
        # Whole buckets of the next level only, so that one that is made once more is made of all of it.
        limit: float = _start(before if waiting is None else min(before, waiting), coarser or level)
        rest = connection.execute(
            f"SELECT at FROM {table} WHERE {key} = ? AND at < ? ORDER BY at LIMIT 1 OFFSET ?",  # noqa: S608 - our own names
            (name, limit, left),
        ).fetchone()
        until = limit if rest is None else rest["at"]
        left -= connection.execute(f"DELETE FROM {table} WHERE {key} = ? AND at < ?", (name, until)).rowcount  # noqa: S608 - our own names
        if rest is not None:
            return True
    return False


def known(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Return which readings of which devices there are or ever were."""
    found: dict[str, list[str]] = {}
    for row in connection.execute("SELECT device_id, reading FROM device_series ORDER BY device_id, id"):
        found.setdefault(row["device_id"], []).append(row["reading"])
    for row in connection.execute("SELECT DISTINCT device_id FROM rollups_due WHERE level = ?", (MINUTE,)):
        # A device that came less than a minute ago has no bucket yet.
        found.setdefault(row["device_id"], list(SAMPLE))
    return found


def level_for(span_s: float, step_s: float | None = None) -> int:
    """Return the level to read for a stretch of time: the finest that needs no more than `POINTS` buckets.

    Args:
        span_s: how long it is.
        step_s: how far apart points are wanted; no level coarser than that is taken.
    """
    if step_s is not None:
        return max((level for level in (RAW, *TABLES) if level <= step_s), default=RAW)
    return next((level for level in (RAW, *TABLES) if span_s / level <= POINTS), DAY)


def read(
    connection: sqlite3.Connection,
    device_id: str,
    reading: str,
    *,
    level: int,
    since: float,
    until: float,
    step_s: float = RAW,
    distributed: bool = False,
) -> list[Bucket]:
    """Return the buckets of a level that begin in a stretch of time, oldest first; those not made yet are made for this.

    Args:
        connection: the database, in a transaction.
        device_id: whose reading it is.
        reading: one of `SAMPLE`.
        level: the seconds of a bucket, or `RAW`.
        since: when the stretch begins; the bucket that it falls into is the first.
        until: when it is over.
        step_s: how long buckets are wanted, where those of the level are shorter. Single readings are thousands, and are put
            together where they lie.
        distributed: whether to tell how the readings were distributed, which takes some times as long.
    """
    if level == RAW and step_s > RAW and not distributed:
        return _steps(connection, device_id, reading, since, until, step_s=step_s)
    if level == RAW:
        single = _samples(connection, device_id, reading, since, until, distributed=distributed)
        return joined(single, step_s) if step_s > RAW else single
    since = _start(since, level)
    blob = "sketch" if distributed else "NULL AS sketch"
    rows = connection.execute(
        f"SELECT at, n, least, mean, greatest, {blob} FROM {TABLES[level]} WHERE at >= ? AND at < ? "  # noqa: S608 - our own names
        "AND series_id = (SELECT id FROM device_series WHERE device_id = ? AND reading = ?)",
        (since, until, device_id, reading),
    )
    found = {row["at"]: _bucket(row) for row in rows}
    waiting = connection.execute(
        "SELECT level, device_id, at FROM rollups_due WHERE level = ? AND device_id = ? AND at >= ? AND at < ?",
        (level, device_id, since, until),
    ).fetchall()
    for row in waiting:
        made = _made(connection, Due(*row), reading, distributed=distributed)
        if made is not None:
            found[row["at"]] = made
    buckets = [found[at] for at in sorted(found)]
    return joined(buckets, step_s) if step_s > level else buckets


def joined(buckets: Iterable[Bucket], step_s: float) -> list[Bucket]:
    """Return buckets put together into longer ones, by the step that each begins in."""
    steps: dict[float, list[Bucket]] = {}
    for bucket in buckets:
        steps.setdefault(bucket.at // step_s * step_s, []).append(bucket)
    return [_together(at, steps[at]) for at in sorted(steps)]


def _made(connection: sqlite3.Connection, wanted: Due, reading: str, *, distributed: bool) -> Bucket | None:
    parts = read(
        connection,
        wanted.device_id,
        reading,
        level=FINER[wanted.level],
        since=wanted.at,
        until=wanted.at + wanted.level,
        distributed=distributed,
    )
    return _together(wanted.at, parts) if parts else None


def _steps(
    connection: sqlite3.Connection,
    device_id: str,
    reading: str,
    since: float,
    until: float,
    *,
    step_s: float,
) -> list[Bucket]:
    rows = connection.execute(
        f"SELECT CAST(at / :step AS INTEGER) * :step, count(*), min({reading}), avg({reading}), max({reading}) "  # noqa: S608 - one of SAMPLE
        f"FROM device_samples WHERE device_id = :device AND at >= :since AND at < :until AND {reading} IS NOT NULL "
        "GROUP BY 1 ORDER BY 1",
        {"step": step_s, "device": device_id, "since": since, "until": until},
    )
    return [
        # Rounding must not put a mean outside of what it is the mean of.
        Bucket(float(at), n, least, min(max(mean, least), greatest), greatest, None)
        for at, n, least, mean, greatest in rows
    ]


def _samples(
    connection: sqlite3.Connection,
    device_id: str,
    reading: str,
    since: float,
    until: float,
    *,
    distributed: bool,
) -> list[Bucket]:
    rows = connection.execute(
        f"SELECT at, {reading} FROM device_samples WHERE device_id = ? AND at >= ? AND at < ? AND {reading} IS NOT NULL "  # noqa: S608 - one of SAMPLE
        "ORDER BY at",
        (device_id, since, until),
    )
    return [
        Bucket(at, 1, value, value, value, sketch.of([value]) if distributed else None) for at, value in rows
    ]


def _together(at: float, parts: list[Bucket]) -> Bucket:
    n = sum(part.n for part in parts)
    least, greatest = min(part.least for part in parts), max(part.greatest for part in parts)
    whole = Sketch()
    sketches = [part.sketch for part in parts if part.sketch is not None]
    for one in sketches:
        whole.merge(one)
    # Rounding must not put a mean outside of what it is the mean of.
    mean = min(max(sum(part.mean * part.n for part in parts) / n, least), greatest)
    # Percentiles of some of the parts would pass for those of all.
    return Bucket(at, n, least, mean, greatest, whole if len(sketches) == len(parts) else None)


def _bucket(row: sqlite3.Row) -> Bucket:
    at, n, least, mean, greatest, blob = row
    return Bucket(at, n, least, mean, greatest, None if blob is None else sketch.decode(blob))


def _kept(connection: sqlite3.Connection, level: int) -> list[tuple[str | int, str]]:
    """Return what a level is kept by, each with the device that it belongs to."""
    if level != RAW:
        return [(row["id"], row["device_id"]) for row in connection.execute("SELECT * FROM device_series")]
    names = connection.execute(
        # A walk from name to name: DISTINCT would read every reading that there is.
        "WITH RECURSIVE names(name) AS (SELECT min(device_id) FROM device_samples UNION ALL "
        "SELECT (SELECT min(device_id) FROM device_samples WHERE device_id > name) FROM names WHERE name IS NOT NULL) "
        "SELECT name FROM names WHERE name IS NOT NULL"
    )
    return [(row["name"], row["name"]) for row in names]


def _series(connection: sqlite3.Connection, device_id: str, reading: str) -> int:
    connection.execute(
        "INSERT OR IGNORE INTO device_series (device_id, reading) VALUES (?, ?)", (device_id, reading)
    )
    row = connection.execute(
        "SELECT id FROM device_series WHERE device_id = ? AND reading = ?", (device_id, reading)
    ).fetchone()
    return int(row["id"])


def _start(at: float, level: int) -> int:
    return int(at // level) * level
