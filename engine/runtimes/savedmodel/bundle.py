"""Which files hold the variables of a SavedModel, and how long each must be.

Owns the reading of ``variables.index``: a sorted table of names with the place of each variable's bytes
(TensorFlow's tensor_bundle.proto in a table as LevelDB lays it out). It reads places, never values.
"""

from collections.abc import Iterator
from typing import NamedTuple

from engine.artefacts.content import Content, ContentError, CutShortError
from engine.artefacts.messages import Walk

MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
FOOTER = 48
"""Bytes at the end of a table: two places, padding, the mark."""

ENTRIES = 1_000_000
"""Variables of one model; the largest have some ten thousand."""

PLAIN = 0
"""The mark of a block that is not packed."""


class _Span(NamedTuple):
    start: int
    end: int


class _Entry(NamedTuple):
    has_name: bool
    value: _Span


def shards(content: Content) -> dict[str, int]:
    """Return the files beside an index that hold variables, with the bytes that each must have at least.

    Raises:
        CutShortError: the index is not all there.
        ContentError: it is damaged, or of a kind that is not read.
    """
    if content.size < FOOTER or content.piece(content.size - len(MAGIC), len(MAGIC)) != MAGIC:
        raise CutShortError("is cut short: the end of its table is missing")
    walk = Walk(content)
    footer = _Span(content.size - FOOTER, content.size)
    _, after = _place(walk, footer)
    block, _ = _place(walk, _Span(after, footer.end))
    count = 1
    needed: dict[int, int] = {}
    for number, entry in enumerate(_blocks(walk, content, block)):
        if number > ENTRIES:
            raise ContentError("names more variables than any model has")
        numbers = {field.number: field.value for field in walk.fields(*entry.value)}
        if entry.has_name:
            shard, end = numbers.get(3, 0), numbers.get(4, 0) + numbers.get(5, 0)
            needed[shard] = max(end, needed.get(shard, 0))
        else:
            count = numbers.get(1, 1)
    return {f"variables.data-{shard:05d}-of-{count:05d}": size for shard, size in needed.items()}


def _blocks(walk: Walk, content: Content, index: _Span) -> Iterator[_Entry]:
    for listed in _entries(walk, content, index):
        place, _ = _place(walk, listed.value)
        yield from _entries(walk, content, place)


def _entries(walk: Walk, content: Content, block: _Span) -> Iterator[_Entry]:
    """Yield the entries of a block: each key shares its beginning with the one before."""
    # After the block stand its kind and a checksum; its last bytes are the number of its restarts, and those.
    if block.end >= content.size or block.end - block.start < 4:
        raise ContentError("is damaged: a part of it lies outside")
    if content.piece(block.end, 1)[0] != PLAIN:
        raise ContentError("is packed in a way that is not supported")
    restarts = int.from_bytes(content.piece(block.end - 4, 4), "little")
    position, end = block.start, block.end - 4 - 4 * restarts
    while position < end:
        shared, position = walk.varint(position, end)
        own, position = walk.varint(position, end)
        size, position = walk.varint(position, end)
        value = _Span(position + own, position + own + size)
        if value.end > end:
            raise ContentError("is damaged: an entry of it is too long")
        yield _Entry(bool(shared + own), value)
        position = value.end


def _place(walk: Walk, span: _Span) -> tuple[_Span, int]:
    """Return the block that a handle names, and where the handle ends."""
    start, position = walk.varint(*span)
    size, position = walk.varint(position, span.end)
    return _Span(start, start + size), position
