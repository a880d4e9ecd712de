"""A walk over protocol-buffer messages inside a file, field by field, every bound checked.

Owns the wire format and a budget of fields; it reads headers and skips payloads, so a model of many
gigabytes costs milliseconds. It must not know any message's meaning.
"""

from collections.abc import Iterator
from typing import NamedTuple

from engine.artefacts.content import Content, ContentError, CutShortError

FIELDS = 2_000_000
"""Fields of one file that are visited: ten times a large language model's graph; seconds at worst."""

WINDOW = 64 * 1024
"""Bytes that are fetched at a time; skipping a tensor fetches a new window."""

TEXT = 4096
"""Bytes of a name or a path; longer ones are cut, which no comparison of ours survives as equal."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class Field(NamedTuple):
    """One field: ``value`` holds a number, ``start`` and ``end`` the span of bytes or of a message."""

    number: int
    wire: int
    value: int
    start: int
    end: int


class Walk:
    """Reads the fields of messages in one file."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._left = FIELDS
        self._window = content.head
        self._window_start = 0

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """Yield the fields of the message between ``start`` and ``end``.

        Raises:
            CutShortError: a field's length leads past the end.
            ContentError: the bytes are no message, or there are more fields than any model has.
        """
        position = start
        while position < end:
            self._left -= 1
            if self._left < 0:
                raise ContentError("has more parts than can be checked")
            key, position = self.varint(position, end)
            number, wire = key >> 3, key & 7
            value = 0
            if wire == VARINT:
                value, after = self.varint(position, end)
            elif wire == BYTES:
                size, position = self.varint(position, end)
                after = position + size
            elif wire in {FIXED64, FIXED32}:
                after = position + (8 if wire == FIXED64 else 4)
            else:
                raise ContentError("is damaged: a part of it is no protocol buffer")
            if after > end:
                raise CutShortError(f"is cut short: it needs {after - end} bytes more")
            yield Field(number, wire, value, position, after)
            position = after

    def text(self, field: Field) -> str:
        """Return the string that a field holds; what is no UTF-8 is replaced."""
        return self._bytes(field.start, min(field.end, field.start + TEXT)).decode(errors="replace")

    def numbers(self, field: Field) -> list[int]:
        """Return the integers of a repeated field, packed or single."""
        if field.wire == VARINT:
            return [field.value]
        found: list[int] = []
        position = field.start
        while position < field.end:
            number, position = self.varint(position, field.end)
            found.append(number)
            self._left -= 1
        return found

    def varint(self, position: int, end: int) -> tuple[int, int]:
        """Return the number that begins at ``position``, and where it ends.

        Raises:
            CutShortError: it goes on after ``end``.
            ContentError: it is longer than 64 bits.
        """
        value = shift = 0
        while True:
            if position >= end:
                raise CutShortError("is cut short: it ends inside a number")
            byte = self._byte(position)
            value |= (byte & 0x7F) << shift
            position += 1
            if byte < 0x80:
                return value, position
            shift += 7
            if shift > 63:
                raise ContentError("is damaged: a number in it never ends")

    def _byte(self, position: int) -> int:
        offset = position - self._window_start
        if not 0 <= offset < len(self._window):
            self._window = self._content.piece(position, min(WINDOW, self._content.size - position))
            self._window_start, offset = position, 0
        return self._window[offset]

    def _bytes(self, start: int, end: int) -> bytes:
        offset = start - self._window_start
        if offset >= 0 and offset + end - start <= len(self._window):
            return self._window[offset : offset + end - start]
        return self._content.piece(start, end - start)
