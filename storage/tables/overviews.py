"""What there is to say of every model at a glance, ready made: thousands of models are read in some milliseconds.

The database itself notes which models something was written about (triggers, see `storage.statements.overviews`): each
has a revision, and what was packed of it is dropped with the same write. The engine packs anew what changed; a reader
puts together what is not packed yet, so that what it gets never depends on whether an engine runs.
"""

import sqlite3
import zlib
from functools import cache

import msgspec

from storage.records import Model, Version
from storage.tables import assembly


class Packed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A model with each of its versions once; the places say which of them is what."""

    model: Model
    versions: tuple[Version, ...]
    current: int | None
    previous: int | None
    candidate: int | None
    newest: int | None


DECODER = msgspec.msgpack.Decoder(Packed)


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
        rows = connection.execute(
            "SELECT model_id, present, CASE WHEN layout = :layout THEN packed END "  # noqa: S608 - one of two conditions
            f"FROM overviews JOIN models ON models.id = model_id {newer}",
            {"layout": _layout(), "seen": self._revision},
        ).fetchall()
        loose = [model_id for model_id, present, packed in rows if present and packed is None]
        for model_id, present, packed in rows:
            if not present:
                self._models.pop(model_id, None)
            elif packed is not None:
                self._models[model_id] = _unpacked(packed)
        self._models |= assembly.models(connection, loose)


def pack(connection: sqlite3.Connection, *, most: int) -> bool:
    """Pack some of the models that something was written about; return whether there are more."""
    rows = connection.execute(
        "SELECT model_id FROM overviews WHERE packed IS NULL LIMIT ?", (most,)
    ).fetchall()
    found = assembly.models(connection, [row["model_id"] for row in rows])
    connection.executemany(
        "UPDATE overviews SET packed = ?, layout = ? WHERE model_id = ?",
        [(_packed(model), _layout(), model_id) for model_id, model in found.items()],
    )
    return len(rows) == most


def drop_foreign(connection: sqlite3.Connection) -> None:
    """Drop what another version of this program has packed, in a form of its own."""
    connection.execute(
        "UPDATE overviews SET packed = NULL WHERE packed IS NOT NULL AND layout <> ?", (_layout(),)
    )


def _packed(model: Model) -> bytes:
    kept: dict[int, Version] = {}
    for version in (model.current, model.previous, model.newest, model.candidate):
        if version is not None:
            kept.setdefault(version.id, version)
    places = {version_id: place for place, version_id in enumerate(kept)}

    def place(version: Version | None) -> int | None:
        return None if version is None else places[version.id]

    bare = msgspec.structs.replace(model, current=None, previous=None, candidate=None, newest=None)
    return msgspec.msgpack.encode(
        Packed(
            bare,
            tuple(kept.values()),
            place(model.current),
            place(model.previous),
            place(model.candidate),
            place(model.newest),
        )
    )


def _unpacked(data: bytes) -> Model:
    packed = DECODER.decode(data)
    model, versions = packed.model, packed.versions
    # Nobody else has seen this model yet; a changed copy of each would take a third of the time of it all.
    if packed.current is not None:
        msgspec.structs.force_setattr(model, "current", versions[packed.current])
    if packed.previous is not None:
        msgspec.structs.force_setattr(model, "previous", versions[packed.previous])
    if packed.candidate is not None:
        candidate = assembly.as_candidate(versions[packed.candidate])
        msgspec.structs.force_setattr(model, "candidate", candidate)
    if packed.newest is not None:
        msgspec.structs.force_setattr(model, "newest", versions[packed.newest])
    return model


@cache
def _layout() -> str:
    """Return a word that is another one as soon as a field of anything that is packed is."""
    return f"{zlib.crc32(msgspec.json.encode(msgspec.json.schema(Packed))):08x}"
