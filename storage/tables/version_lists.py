"""The list of one model's versions as it was last read: only those are read again that something was written about since.

A list of hundreds is read whenever anything changes about its model, and hardly ever does more than one version. What
lies in the rows of a version is told apart by a hash of them; its evaluation never changes, but for the latency.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from storage.model_records import PackedVersion, Versions, as_candidate
from storage.seen import SeenThings, row_key
from storage.tables import among, assembly
from storage.vocabulary import Role, Status


class Row(NamedTuple):
    """What is read of a version to know whether the rest has to be."""

    id: int
    number: int
    status: Status
    role: Role | None
    key: int
    """Another one as soon as anything in its rows is."""


def read(
    connection: sqlite3.Connection,
    name: str,
    *,
    newest: int,
    besides: Collection[int] = (),
    seen: SeenThings[PackedVersion] | None = None,
) -> Versions:
    """Return versions of a model with their latest evaluations, the newest first.

    Args:
        connection: the database.
        name: the model's name.
        newest: how many of the newest.
        besides: ids of versions that are returned whatever their place.
        seen: the versions as they were last read; only what changed since is read again.
    """
    rows = _rows(connection, _ids(connection, name, newest, besides))
    candidate = _candidate(rows)

    def packed(ids: Sequence[int]) -> dict[int, PackedVersion]:
        found = assembly.versions(connection, ids)
        if candidate is not None and candidate.id in found:
            found[candidate.id] = as_candidate(found[candidate.id])
        return {one: PackedVersion.of(version) for one, version in found.items()}

    # Whether a version is the candidate is in none of its rows.
    keys = {row.id: hash((row.key, row is candidate)) for row in rows}
    return Versions((seen or SeenThings()).take(keys, packed))


def _ids(connection: sqlite3.Connection, name: str, newest: int, besides: Collection[int]) -> list[int]:
    found = [
        row[0]
        for row in connection.execute(
            "SELECT versions.id FROM versions JOIN models ON models.id = model_id WHERE name = ? ORDER BY number DESC",
            (name,),
        )
    ]
    return found[:newest] + [each for each in found[newest:] if each in besides]


def _rows(connection: sqlite3.Connection, ids: Iterable[int]) -> list[Row]:
    cursor = connection.execute(
        f"SELECT {assembly.VERSION_COLUMNS}, latencies.* FROM {among.WANTED} CROSS JOIN versions ON versions.id = wanted "  # noqa: S608 - constants
        "CROSS JOIN models ON models.id = versions.model_id "
        "LEFT JOIN latencies ON latencies.evaluation_id = versions.evaluation_id ORDER BY number DESC",
        (among.packed(ids),),
    )
    return [
        Row(
            id=row["id"],
            number=row["number"],
            status=Status(row["status"]),
            role=None if row["role"] is None else Role(row["role"]),
            key=row_key(row),
        )
        for row in cursor
    ]


def _candidate(newest_first: Sequence[Row]) -> Row | None:
    """Return the newest ready version above the current one."""
    current = next((row.number for row in newest_first if row.role is Role.CURRENT), 0)
    return next((row for row in newest_first if row.status is Status.READY and row.number > current), None)
