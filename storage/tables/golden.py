"""What deployed versions answered to a few examples when they were first checked, byte for byte."""

import sqlite3

from storage.fault_records import GoldenAnswers

KEPT = 4
"""Contents of a model whose answers are kept: what is deployed, what was before it, and one more of either."""


def read(
    connection: sqlite3.Connection, model: str, artefact_sha256: str, options: str, device: str
) -> GoldenAnswers | None:
    """Return the answers of a content on a device under the runtime's options, or ``None``."""
    row = connection.execute(
        "SELECT * FROM golden_answers WHERE model = ? AND artefact_sha256 = ? AND options = ? AND device = ?",
        (model, artefact_sha256, options, device),
    ).fetchone()
    return (
        None
        if row is None
        else GoldenAnswers(**{name: row[name] for name in GoldenAnswers.__struct_fields__})
    )


def add(connection: sqlite3.Connection, golden: GoldenAnswers) -> None:
    """Record answers to compare later ones with; of a model's contents the latest are kept."""
    names = golden.__struct_fields__
    connection.execute(
        f"INSERT OR REPLACE INTO golden_answers ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608 - our own field names
        [getattr(golden, name) for name in names],
    )
    connection.execute(
        "DELETE FROM golden_answers WHERE model = :model AND rowid NOT IN "
        "(SELECT rowid FROM golden_answers WHERE model = :model ORDER BY at DESC, rowid DESC LIMIT :kept)",
        {"model": golden.model, "kept": KEPT},
    )
