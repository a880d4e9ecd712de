"""What there is to say of every model at a glance, ready made: thousands of models are read in some milliseconds.

The database itself notes which models something was written about (triggers, see `storage.statements.overviews`): each
has a revision, and what was packed of it is dropped with the same write. The engine packs anew what changed; a reader
puts together what is not packed yet, so that what it gets never depends on whether an engine runs.
"""

import sqlite3
import zlib
from functools import cache

import msgspec

from storage.model_records import Held, Model
from storage.tables import assembly

DECODER = msgspec.msgpack.Decoder(Model)

PACKED = tuple[Model, Held]
"""Everything that is packed: a model, and inside it the versions that it holds, which its own fields tell nothing of."""


class Overviews:
    """The models as they were last read: only those are read again that something was written about since."""

    def __init__(self) -> None:
        self._revision = 0
        self._models: dict[int, Model] = {}
        self._present: tuple[Model, ...] = ()

    def read(self, connection: sqlite3.Connection) -> tuple[Model, ...]:
        """Return the models whose folders exist, by name; the very same tuple while nothing changes."""
        latest = connection.execute("SELECT max(revision) FROM overviews").fetchone()[0] or 0
        if latest < self._revision:
            # Another database is in its place: a copy of earlier, which counts from where it was then.
            self._revision, self._models = 0, {}
        if latest != self._revision:
            self._take(connection)
            self._revision = latest
            self._present = tuple(sorted(self._models.values(), key=lambda model: model.name))
        return self._present

    def _take(self, connection: sqlite3.Connection) -> None:
        # Where everything is new, it is read as it lies, and not by the index.
        newer = "WHERE revision > :seen" if self._revision else "WHERE :seen = 0"
        loose = []
        for model_id, present, packed in connection.execute(
            "SELECT model_id, present, CASE WHEN layout = :layout THEN packed END "  # noqa: S608 - one of two conditions
            f"FROM overviews JOIN models ON models.id = model_id {newer}",
            {"layout": _layout(), "seen": self._revision},
        ):
            if not present:
                self._models.pop(model_id, None)
            elif packed is None:
                loose.append(model_id)
            else:
                self._models[model_id] = DECODER.decode(packed)
        self._models |= assembly.models(connection, loose)


def pack(connection: sqlite3.Connection, *, most: int) -> bool:
    """Pack some of the models that something was written about; return whether there are more."""
    rows = connection.execute(
        "SELECT model_id FROM overviews WHERE packed IS NULL LIMIT ?", (most,)
    ).fetchall()
    found = assembly.models(connection, [row["model_id"] for row in rows])
    connection.executemany(
        "UPDATE overviews SET packed = ?, layout = ? WHERE model_id = ?",
        [(msgspec.msgpack.encode(model), _layout(), model_id) for model_id, model in found.items()],
    )
    return len(rows) == most


def drop_foreign(connection: sqlite3.Connection) -> None:
    """Drop what another version of this program has packed, in a form of its own."""
    connection.execute(
        "UPDATE overviews SET packed = NULL WHERE packed IS NOT NULL AND layout <> ?", (_layout(),)
    )


@cache
def _layout() -> str:
    """Return a word that is another one as soon as a field of anything that is packed is."""
    return f"{zlib.crc32(msgspec.json.encode(msgspec.json.schema(PACKED))):08x}"
