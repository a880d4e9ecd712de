"""What a person types behind ``/``: which rows it keeps. Pure.

Every word must be found, in any case of letters; ``!word`` must not be found, and ``model:word`` is looked for in
that part of a row alone.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

NOT = "!"
PART = ":"

RowT = TypeVar("RowT")


class Searchable(NamedTuple):
    """A row as a filter looks at it: made once, where thousands of rows are looked through at each key."""

    parts: Mapping[str, str]
    whole: str


class _Word(NamedTuple):
    """A word as it was typed."""

    wanted: bool
    whole: str
    part: str
    """The part of a row that it names, or empty."""
    of_part: str


def searchable(parts: Mapping[str, str]) -> Searchable:
    """Return a row, given as its named parts, with letters of one case."""
    folded = {name: said.casefold() for name, said in parts.items()}
    return Searchable(folded, " ".join(folded.values()))


def finder(typed: str) -> Callable[[Searchable], bool]:
    """Return whether a row is kept; nothing typed keeps every row."""
    words = [_word(word) for word in typed.casefold().split()]
    return lambda row: all(_holds(row, word) for word in words)


def kept(rows: Iterable[RowT], parts: Callable[[RowT], Mapping[str, str]], typed: str) -> list[RowT]:
    """Return the rows that are kept, of which ``parts`` gives the named parts: looked at only where something is typed."""
    if not typed.strip():
        return list(rows)
    keeps = finder(typed)
    return [row for row in rows if keeps(searchable(parts(row)))]


def _word(typed: str) -> _Word:
    whole = typed.removeprefix(NOT)
    part, colon, rest = whole.partition(PART)
    return _Word(whole == typed, whole, part if colon else "", rest)


def _holds(row: Searchable, word: _Word) -> bool:
    # A colon behind something that is no part's name belongs to what is looked for: a time, a device.
    if word.part in row.parts:
        looked_at, wanted = row.parts[word.part], word.of_part
    else:
        looked_at, wanted = row.whole, word.whole
    # Of a word that is not typed to its end yet, nothing is known: it keeps every row.
    return not wanted or (wanted in looked_at) is word.wanted
