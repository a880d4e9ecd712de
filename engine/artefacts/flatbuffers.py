"""Reading a FlatBuffer without its schema's generated code: tables, vectors and strings, each checked to lie within the file.

Owns the layout of the encoding and how far a file is used. It must not know what any field means, and it reads
every piece through `Content`, so that a file cannot make it read more than its budget.

Source: the FlatBuffers "Internals" document. All numbers are little-endian; a table begins with the signed offset
to its vtable, which holds for each field where it lies in the table, or 0.
"""

import struct
from typing import Final

from engine.artefacts.content import Content, ContentError, CutShortError

LARGEST_VECTOR: Final = 1_000_000
"""Elements of a vector that is walked; the largest networks have some ten thousand tensors."""

DAMAGED = "is damaged: its tables do not fit together"


class Table:
    """A table of a file: its fields by their number in the schema."""

    def __init__(self, content: Content, position: int) -> None:
        self._content = content
        self._position = position
        vtable = position - _number(content, position, "<i")
        size = _number(content, vtable, "<H")
        if size < 4 or size % 2:
            raise ContentError(DAMAGED)
        self._fields = struct.unpack(f"<{size // 2}H", _piece(content, vtable, size))[2:]

    def number(self, field: int, kind: str, default: int = 0) -> int:
        """Return a scalar field; ``kind`` is its format as `struct` writes it, such as ``<I``."""
        place = self._place(field)
        return default if place is None else _number(self._content, place, kind)

    def numbers(self, field: int, kind: str) -> tuple[int, ...]:
        """Return a vector of scalars, empty where the field is absent."""
        start, count = self.vector(field, struct.calcsize(f"<{kind}"))
        return struct.unpack(
            f"<{count}{kind}", _piece(self._content, start, count * struct.calcsize(f"<{kind}"))
        )

    def text(self, field: int) -> str:
        """Return a string, empty where the field is absent."""
        start, count = self.vector(field, 1)
        return _piece(self._content, start, count).decode("utf-8", "replace")

    def table(self, field: int) -> "Table | None":
        """Return the table that a field refers to."""
        place = self._place(field)
        return None if place is None else Table(self._content, _target(self._content, place))

    def tables(self, field: int) -> "list[Table]":
        """Return a vector of tables, empty where the field is absent."""
        start, count = self.vector(field, 4)
        places = range(start, start + 4 * count, 4)
        return [Table(self._content, _target(self._content, place)) for place in places]

    def vector(self, field: int, width: int) -> tuple[int, int]:
        """Return where a vector's elements of ``width`` bytes begin and how many they are.

        Raises:
            CutShortError: they reach beyond the end of the file.
        """
        place = self._place(field)
        if place is None:
            return 0, 0
        start = _target(self._content, place)
        count = _number(self._content, start, "<I")
        if start + 4 + count * width > self._content.size:
            raise CutShortError("is cut short")
        if width > 1 and count > LARGEST_VECTOR:
            raise ContentError(DAMAGED)
        return start + 4, count

    def _place(self, field: int) -> int | None:
        offset = self._fields[field] if field < len(self._fields) else 0
        return self._position + offset if offset else None


def root(content: Content) -> Table:
    """Return the table that a file begins with.

    Raises:
        ContentError: the file is no such encoding.
    """
    return Table(content, _number(content, 0, "<I"))


def _target(content: Content, place: int) -> int:
    return place + _number(content, place, "<I")


def _number(content: Content, position: int, kind: str) -> int:
    (value,) = struct.unpack(kind, _piece(content, position, struct.calcsize(kind)))
    return int(value)


def _piece(content: Content, position: int, size: int) -> bytes:
    if position < 0:
        raise ContentError(DAMAGED)
    return content.piece(position, size)
