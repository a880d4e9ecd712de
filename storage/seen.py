"""What was last read of a workspace, kept for the next look: only what changed since is read, or made, again.

A console looks whenever something was written, and hardly ever is that about more than one of the thousand things that it
shows. What it made anew of all the others would come and go, several megabytes an hour, and leave holes in its memory.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")

TEXTS = 256
"""Texts that are remembered: those that many records share come again before so many others have."""

AT_ONCE = 20
"""Things that are made in one go: more would only be in memory at the same time."""


def row_key(row: sqlite3.Row) -> int:
    """Return a number that is another one as soon as anything in a row is, but for one chance in 10¹⁹."""
    return hash(msgspec.msgpack.encode(tuple(row)))


def once(value: Any) -> Any:
    """Return a value, and a text as the one object that stands for it: of five hundred jobs half the texts are the same few.

    Python's own way, `sys.intern`, is for names in programs: of texts that come and go its table grows although none of them
    stays, by a megabyte after twenty thousand of them.
    """
    return _known_text(value) if type(value) is str else value


@lru_cache(maxsize=TEXTS)
def _known_text(text: str) -> str:
    return text


class SeenRows(Generic[T]):
    """The records that were last made of rows."""

    def __init__(self) -> None:
        self._known: dict[int, T] = {}

    def take(self, rows: Iterable[sqlite3.Row], make: Callable[[sqlite3.Row], T]) -> list[T]:
        """Return a record of each row, the very one of before where the row is as it was."""
        records, there = [], set[int]()
        for row in rows:
            key = row_key(row)
            there.add(key)
            if key not in self._known:
                self._known[key] = make(row)
            records.append(self._known[key])
        # What stays is known by the very numbers of before: a thousand new ones at each look would come to lie among it.
        for gone in self._known.keys() - there:
            del self._known[gone]
        return records


def records(
    rows: Iterable[sqlite3.Row], make: Callable[[sqlite3.Row], T], seen: SeenRows[T] | None
) -> list[T]:
    """Return a record of each row; where they were ``seen`` before, the very one of then of each row that is as it was."""
    return list(map(make, rows)) if seen is None else seen.take(rows, make)


class SeenThings(Generic[T]):
    """What was last made of things that the database knows by ids, of more rows than one."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, T]] = {}

    def take(self, keys: Mapping[int, int], make: Callable[[Sequence[int]], Mapping[int, T]]) -> list[T]:
        """Return what there is of each id, in their order, the very same of before where its key is as it was.

        Args:
            keys: for each id a number that is another one as soon as anything is that the thing is made of.
            make: makes what some ids stand for.
        """
        known = {one: was for one, was in self._known.items() if keys.get(one) == was[0]}
        stale = [one for one in keys if one not in known]
        for begin in range(0, len(stale), AT_ONCE):
            made = make(stale[begin : begin + AT_ONCE])
            known |= {one: (keys[one], thing) for one, thing in made.items()}
        self._known = known
        return [known[one][1] for one in keys]
