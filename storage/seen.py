"""What was last read of a workspace, kept for the next look: only what changed since is read, or made, again.

A console looks whenever something was written, and hardly ever is that about more than one of the thousand things that it
shows. What it made anew of all the others would come and go, several megabytes an hour, and leave holes in its memory.
"""

import sqlite3
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


def row_key(row: sqlite3.Row) -> int:
    """Return a number that is another one as soon as anything in a row is, but for one chance in 10¹⁹."""
    return hash(msgspec.msgpack.encode(tuple(row)))


class SeenRows(Generic[T]):
    """The records that were last made of rows."""

    def __init__(self) -> None:
        self._known: dict[int, T] = {}

    def take(self, rows: Iterable[sqlite3.Row], make: Callable[[sqlite3.Row], T]) -> list[T]:
        """Return a record of each row, the very one of before where the row is as it was; no two rows are alike."""
        found: dict[int, T] = {}
        for row in rows:
            key = row_key(row)
            known = self._known.get(key)
            found[key] = make(row) if known is None else known
        self._known = found
        return list(found.values())
