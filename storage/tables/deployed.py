"""What versions held when they were deployed: what a repair brings back, whatever their folders hold now."""

import sqlite3
from typing import NamedTuple

import msgspec

from storage.promotion_records import DeployedContent
from storage.records import Version
from storage.vocabulary import Format


class Deployed(NamedTuple):
    """A version that is deployed, or would be after a rollback."""

    id: int
    model: str
    number: int
    content: DeployedContent
    on_record: bool
    """Whether the content is that of its deployment, as against what its folder held when it was last looked at."""


def content_of(version: Version) -> DeployedContent | None:
    """Return what a version holds according to its record, or ``None`` where that is no model."""
    if version.artefact is None or version.format is None or version.sha256 is None:
        return None
    return DeployedContent(
        artefact=version.artefact,
        format=version.format,
        sha256=version.sha256,
        bytes=version.bytes or 0,
        companions=version.companions,
    )


def remember(connection: sqlite3.Connection, version_id: int, content: DeployedContent) -> None:
    """Record what a version held when it was deployed, in place of what it held an earlier time."""
    connection.execute(
        "INSERT OR REPLACE INTO deployed_contents (version_id, artefact, format, sha256, bytes, companions) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            version_id,
            content.artefact,
            content.format,
            content.sha256,
            content.bytes,
            msgspec.json.encode(content.companions).decode(),
        ),
    )


def read(connection: sqlite3.Connection, version_id: int) -> DeployedContent | None:
    """Return what a version held when it was deployed, or ``None`` where that is not known."""
    row = connection.execute("SELECT * FROM deployed_contents WHERE version_id = ?", (version_id,)).fetchone()
    return None if row is None else _content(row)


def all_deployed(connection: sqlite3.Connection) -> list[Deployed]:
    """Return the current and the previous version of every model that hold a model, or once did."""
    rows = connection.execute(
        "SELECT versions.id, models.name AS model, number, kept.version_id IS NOT NULL AS on_record, "
        "coalesce(kept.artefact, versions.artefact) AS artefact, coalesce(kept.format, versions.format) AS format, "
        "coalesce(kept.sha256, versions.sha256) AS sha256, coalesce(kept.bytes, versions.bytes) AS bytes, "
        "coalesce(kept.companions, versions.companions) AS companions "
        "FROM versions JOIN models ON versions.id IN (models.current_id, models.previous_id) "
        "LEFT JOIN deployed_contents AS kept ON kept.version_id = versions.id ORDER BY versions.id"
    ).fetchall()
    return [
        Deployed(row["id"], row["model"], row["number"], _content(row), bool(row["on_record"]))
        for row in rows
        if row["sha256"] is not None
    ]


def last_evaluated(connection: sqlite3.Connection) -> dict[str, float | None]:
    """Return the models that have something deployed, and when that was last evaluated."""
    rows = connection.execute(
        "SELECT models.name, evaluations.at FROM models JOIN versions ON versions.id = current_id "
        "LEFT JOIN evaluations ON evaluations.id = versions.evaluation_id WHERE present ORDER BY models.name"
    )
    return {row[0]: row[1] for row in rows}


def current_number(connection: sqlite3.Connection, name: str) -> int | None:
    """Return the number of the version of a model that is deployed, or ``None``."""
    row = connection.execute(
        "SELECT number FROM models JOIN versions ON versions.id = current_id WHERE name = ?", (name,)
    ).fetchone()
    return None if row is None else int(row[0])


def _content(row: sqlite3.Row) -> DeployedContent:
    return DeployedContent(
        artefact=row["artefact"],
        format=Format(row["format"]),
        sha256=row["sha256"],
        bytes=row["bytes"],
        companions=msgspec.json.decode(row["companions"], type=tuple[str, ...]),
    )
