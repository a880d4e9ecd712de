"""How many test examples of a model are among its training data, as they were last counted."""

import sqlite3

from storage.fault_records import Overlap


def read(connection: sqlite3.Connection, model: str) -> Overlap | None:
    """Return what was last counted, or ``None``."""
    row = connection.execute("SELECT * FROM data_overlaps WHERE model = ?", (model,)).fetchone()
    return None if row is None else Overlap(**{name: row[name] for name in Overlap.__struct_fields__})


def set_overlap(connection: sqlite3.Connection, model: str, overlap: Overlap) -> None:
    """Record what was counted, in the place of what was before."""
    connection.execute(
        "INSERT OR REPLACE INTO data_overlaps (model, stamp, shared, different, at) VALUES (?, ?, ?, ?, ?)",
        (model, overlap.stamp, overlap.shared, overlap.different, overlap.at),
    )
