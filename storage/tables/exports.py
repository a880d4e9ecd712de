"""Where versions came from that an export has made.

Known by their content: whatever number a version gets on its way through the inbox, its parentage is already on record.
"""

import sqlite3

import msgspec

from storage.exported import Exported, Parity
from storage.vocabulary import Format, Quantization


def add(connection: sqlite3.Connection, model_id: int, made: Exported) -> None:
    """Record where content came from; content that was made before is told with its latest origin."""
    connection.execute(
        "INSERT OR REPLACE INTO exports (model_id, sha256, parent, parent_sha256, source, target, quantize, parity, tools, at, requested_by, temperature) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            model_id,
            made.sha256,
            made.parent,
            made.parent_sha256,
            made.source,
            made.target,
            made.quantize,
            msgspec.json.encode(made.parity).decode(),
            msgspec.json.encode(made.tools).decode(),
            made.at,
            made.requested_by,
            made.temperature,
        ),
    )


def read(connection: sqlite3.Connection, model: str) -> dict[str, Exported]:
    """Return where contents of a model came from, by their hashes."""
    rows = connection.execute(
        "SELECT exports.* FROM exports JOIN models ON models.id = model_id WHERE models.name = ?", (model,)
    )
    return {row["sha256"]: _exported(model, row) for row in rows}


def _exported(model: str, row: sqlite3.Row) -> Exported:
    return Exported(
        model=model,
        sha256=row["sha256"],
        parent=row["parent"],
        parent_sha256=row["parent_sha256"],
        source=Format(row["source"]),
        target=Format(row["target"]),
        quantize=None if row["quantize"] is None else Quantization(row["quantize"]),
        parity=msgspec.json.decode(row["parity"], type=Parity),
        tools=msgspec.json.decode(row["tools"], type=dict[str, str]),
        at=row["at"],
        requested_by=row["requested_by"],
        temperature=row["temperature"],
    )
