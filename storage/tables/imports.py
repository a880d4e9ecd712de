"""Where versions came from that an import has brought in.

Known by their content, as exports are: the origin is on record before anybody can see the version.
"""

import sqlite3

import msgspec

from storage.imported import Imported
from storage.vocabulary import ImportKind


def add(connection: sqlite3.Connection, model_id: int, origin: Imported) -> None:
    """Record where content came from; content that comes again keeps its latest origin."""
    connection.execute(
        "INSERT OR REPLACE INTO imports (model_id, sha256, kind, path, number, served, labels, at, requested_by) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            model_id,
            origin.sha256,
            origin.kind,
            origin.path,
            origin.number,
            origin.served,
            msgspec.json.encode(origin.labels).decode(),
            origin.at,
            origin.requested_by,
        ),
    )


def read(connection: sqlite3.Connection, model: str) -> dict[str, Imported]:
    """Return where contents of a model came from, by their hashes."""
    rows = connection.execute(
        "SELECT imports.* FROM imports JOIN models ON models.id = model_id WHERE models.name = ?", (model,)
    )
    return {row["sha256"]: _imported(model, row) for row in rows}


def _imported(model: str, row: sqlite3.Row) -> Imported:
    return Imported(
        model=model,
        sha256=row["sha256"],
        kind=ImportKind(row["kind"]),
        path=row["path"],
        number=row["number"],
        served=bool(row["served"]),
        labels=msgspec.json.decode(row["labels"], type=tuple[str, ...]),
        at=row["at"],
        requested_by=row["requested_by"],
    )
