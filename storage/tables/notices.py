"""What people are told of by themselves, by which ways, and how far the log has been looked through for it."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from storage.fault_records import Event, Fault
from storage.notice_records import ChannelState, Delivery, NewNotice, Notice
from storage.notice_vocabulary import Channel, DeliveryState, NoticeKind
from storage.notify_settings import RANKS
from storage.tables import events, faults
from storage.text import clean
from storage.vocabulary import FaultState, Severity

KEPT: Final = 2000
"""Notices that stay on record, besides those of faults that are open."""

PLAIN: Final = tuple(
    name for name in NewNotice.__struct_fields__ if name not in {"kind", "severity", "ended"}
)


RANK: Final = (
    "CASE {0}.severity " + " ".join(f"WHEN '{one}' THEN {rank}" for rank, one in enumerate(RANKS)) + " END"
)
"""How much something matters, as SQL; of a table."""


class Marks(NamedTuple):
    """How far it has been looked."""

    event_id: int
    """The latest line of the log that was looked at."""
    digest_day: str
    """The latest day of which there was a digest, or which needs none."""


def marks(connection: sqlite3.Connection) -> Marks | None:
    """Return how far it has been looked, or ``None`` where it never was."""
    row = connection.execute("SELECT event_id, digest_day FROM notice_marks").fetchone()
    return None if row is None else Marks(row["event_id"], row["digest_day"])


def set_marks(connection: sqlite3.Connection, found: Marks) -> None:
    """Record how far it has been looked."""
    connection.execute(
        "INSERT OR REPLACE INTO notice_marks (id, event_id, digest_day) VALUES (1, ?, ?)", found
    )


def add(connection: sqlite3.Connection, new: NewNotice, channels: Iterable[Channel]) -> bool:
    """Record a notice and the ways that it is to go, unless it is on record already; return whether it is new."""
    cursor = connection.execute(
        "INSERT OR IGNORE INTO notices (key, at, kind, severity, code, model, version, fault, ended, message, help) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(
                new.key,
                new.at,
                new.kind,
                new.severity,
                new.code,
                new.model,
                new.version,
                new.fault,
                new.ended,
            ),
            *(clean(new.message), clean(new.help)),
        ),
    )
    if not cursor.rowcount:
        return False
    connection.executemany(
        "INSERT INTO deliveries (notice_id, channel, state) VALUES (?, ?, ?)",
        [(cursor.lastrowid, channel, DeliveryState.WAITING) for channel in channels],
    )
    return True


def untold_faults(connection: sqlite3.Connection) -> list[Fault]:
    """Return the open faults that are not on record, or that matter more than when they were put there; the oldest first."""
    # Asked every few seconds: what is on record already never leaves the database.
    rows = connection.execute(
        "SELECT id FROM faults WHERE state <> ? AND NOT EXISTS (SELECT 1 FROM notices WHERE fault = faults.id "  # noqa: S608 - our own words only
        f"AND NOT ended AND {RANK.format('notices')} >= {RANK.format('faults')}) ORDER BY id",
        (FaultState.RESOLVED,),
    ).fetchall()
    return [found for row in rows if (found := faults.read_one(connection, row["id"])) is not None]


def ended_faults(connection: sqlite3.Connection) -> list[tuple[Fault, tuple[Channel, ...]]]:
    """Return the faults that ended and whose end nobody was told, with the ways by which their beginning went."""
    rows = connection.execute(
        "SELECT DISTINCT notices.fault, channel FROM notices JOIN deliveries ON notice_id = notices.id "
        "JOIN faults ON faults.id = notices.fault WHERE faults.state = ? AND NOT notices.ended AND deliveries.state <> ? "
        "AND NOT EXISTS (SELECT 1 FROM notices AS other WHERE other.fault = notices.fault AND other.ended) "
        "ORDER BY notices.fault, channel",
        (FaultState.RESOLVED, DeliveryState.DROPPED),
    ).fetchall()
    by_fault: dict[int, list[Channel]] = {}
    for row in rows:
        by_fault.setdefault(row["fault"], []).append(Channel(row["channel"]))
    return [
        (fault, tuple(channels))
        for number, channels in by_fault.items()
        if (fault := faults.read_one(connection, number)) is not None
    ]


def events_after(connection: sqlite3.Connection, number: int) -> tuple[list[Event], int]:
    """Return the lines of the log after one, the oldest first, those that only repeat a fault left out, and the latest's id."""
    found = list(reversed(events.read(connection, limit=1000, after=number)))
    if not found:
        return [], number
    repeated = {
        (row["code"], row["model"]) for row in connection.execute("SELECT DISTINCT code, model FROM faults")
    }
    own = [event for event in found if (event.code.removesuffix("-mended"), event.model) not in repeated]
    return own, found[-1].id


def last_event(connection: sqlite3.Connection) -> int:
    """Return the id of the latest line of the log."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0])


def waiting(connection: sqlite3.Connection, channel: Channel) -> list[Notice]:
    """Return what is still to be told by a way, the oldest first."""
    rows = connection.execute(
        "SELECT notices.* FROM deliveries JOIN notices ON notices.id = notice_id "
        "WHERE state = ? AND channel = ? ORDER BY notices.id",
        (DeliveryState.WAITING, channel),
    )
    return [_notice(row) for row in rows]


def settle(
    connection: sqlite3.Connection,
    channel: Channel,
    told: Sequence[Notice],
    state: DeliveryState,
    *,
    now: float | None = None,
) -> None:
    """Record what became of notices on a way."""
    connection.executemany(
        "UPDATE deliveries SET state = ?, told_at = ? WHERE notice_id = ? AND channel = ?",
        [(state, now, notice.id, channel) for notice in told],
    )


def set_channel(connection: sqlite3.Connection, state: ChannelState) -> None:
    """Record how a way does."""
    connection.execute(
        "INSERT OR REPLACE INTO notice_channels (channel, failures, problem, retry_at, told_at) VALUES (?, ?, ?, ?, ?)",
        (state.channel, state.failures, clean(state.problem), state.retry_at, state.told_at),
    )


def channel(connection: sqlite3.Connection, name: Channel) -> ChannelState:
    """Return how a way does, and how much waits for it."""
    row = connection.execute("SELECT * FROM notice_channels WHERE channel = ?", (name,)).fetchone()
    count = connection.execute(
        "SELECT count(*) FROM deliveries WHERE state = ? AND channel = ?", (DeliveryState.WAITING, name)
    ).fetchone()[0]
    if row is None:
        return ChannelState(channel=name, waiting=count)
    return ChannelState(
        channel=name,
        waiting=count,
        failures=row["failures"],
        problem=row["problem"],
        retry_at=row["retry_at"],
        told_at=row["told_at"],
    )


def latest(connection: sqlite3.Connection, *, limit: int, of: Channel | None = None) -> list[Delivery]:
    """Return what became of the latest notices, the newest first; of one way, what was told by it."""
    rows = connection.execute(
        "SELECT notices.*, channel, state, told_at FROM deliveries JOIN notices ON notices.id = notice_id "
        "WHERE (:of IS NULL OR (channel = :of AND state = :told)) "
        "ORDER BY CASE WHEN :of IS NULL THEN 0 ELSE told_at END DESC, notices.id DESC, channel LIMIT :limit",
        {"of": of, "told": DeliveryState.TOLD, "limit": limit},
    )
    return [
        Delivery(
            notice=_notice(row),
            channel=Channel(row["channel"]),
            state=DeliveryState(row["state"]),
            told_at=row["told_at"],
        )
        for row in rows
    ]


def prune(connection: sqlite3.Connection, *, keep: int = KEPT) -> None:
    """Drop all but the latest notices, but for those of faults that are open: they are what keeps these from being told again."""
    connection.execute(
        "DELETE FROM notices WHERE id <= (SELECT max(id) FROM notices) - ? "
        "AND (fault IS NULL OR fault NOT IN (SELECT id FROM faults WHERE state <> ?))",
        (keep, FaultState.RESOLVED),
    )


def _notice(row: sqlite3.Row) -> Notice:
    return Notice(
        id=row["id"],
        kind=NoticeKind(row["kind"]),
        severity=Severity(row["severity"]),
        ended=bool(row["ended"]),
        **{name: row[name] for name in PLAIN},
    )
