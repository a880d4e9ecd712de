"""The values of a figure over time in little room: models that are evaluated every few minutes soon have thousands of them."""

import sqlite3
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from math import isnan, nan
from typing import Any, Final, NamedTuple, overload

from storage.records import HistoryPoint

FLOAT, WHOLE = "d", "q"


class Columns(NamedTuple):
    """What is known of each value, one after another."""

    at: "array[float]"
    version: "array[int]"
    value: "array[float]"
    low: "array[float]"
    """NaN where there is no interval: SQLite knows no NaN."""
    high: "array[float]"
    n: "array[int]"


def _columns() -> Columns:
    return Columns(array(FLOAT), array(WHOLE), array(FLOAT), array(FLOAT), array(FLOAT), array(WHOLE))


class History(Sequence[HistoryPoint]):
    """Values of one figure, the oldest first where nothing else is said; equal where each of them is as it was.

    A point is made when somebody looks at it. Points themselves take five times as much as six numbers of 8 bytes, and
    a console that makes them anew whenever one is added leaves holes in its memory.
    """

    __slots__ = ("_columns", "metric")

    def __init__(self, metric: str = "", columns: Columns | None = None) -> None:
        """Hold values; `of` reads them."""
        self.metric = metric
        self._columns = columns or _columns()

    @classmethod
    def of(cls, metric: str, rows: Iterable[sqlite3.Row]) -> "History":
        """Return the values that rows have, in their order: at, number, value, low, high and n."""
        found = _columns()
        for row in rows:
            found.at.append(row["at"])
            found.version.append(row["number"])
            found.value.append(row["value"])
            found.low.append(nan if row["low"] is None else row["low"])
            found.high.append(nan if row["high"] is None else row["high"])
            found.n.append(row["n"])
        return cls(metric, found)

    def during(self, first: float, last: float) -> "History":
        """Return those of a time, its ends included."""
        begin, end = bisect_left(self._columns.at, first), bisect_right(self._columns.at, last)
        return self if (begin, end) == (0, len(self)) else self[begin:end]

    def last_of_steps(self, step_s: float) -> "History":
        """Return the last value of each version in each step, the oldest first in whatever order these are."""
        at, version = self._columns.at, self._columns.version
        in_order = sorted(range(len(at)), key=at.__getitem__)
        last = {(version[place], at[place] // step_s): place for place in in_order}
        chosen = sorted(last.values(), key=at.__getitem__)
        return History(
            self.metric,
            Columns._make(array(one.typecode, map(one.__getitem__, chosen)) for one in self._columns),
        )

    def __len__(self) -> int:
        return len(self._columns.at)

    @overload
    def __getitem__(self, place: int) -> HistoryPoint: ...

    @overload
    def __getitem__(self, place: slice) -> "History": ...

    def __getitem__(self, place: int | slice) -> "HistoryPoint | History":
        if isinstance(place, slice):
            return History(self.metric, Columns._make(one[place] for one in self._columns))
        return self._point(tuple(one[place] for one in self._columns))

    def __iter__(self) -> Iterator[HistoryPoint]:
        return map(self._point, zip(*self._columns, strict=True))

    def __eq__(self, other: object) -> bool:
        # As bytes, of which NaN has the same.
        return (
            isinstance(other, History)
            and self.metric == other.metric
            and b"".join(self._columns) == b"".join(other._columns)
        )

    def __hash__(self) -> int:
        return hash((self.metric, b"".join(self._columns)))

    def __repr__(self) -> str:
        return f"History({self.metric!r}, {list(self)!r})"

    def _point(self, told: tuple[Any, ...]) -> HistoryPoint:
        at, version, value, low, high, n = told
        return HistoryPoint(
            at=at,
            version=version,
            metric=self.metric,
            value=value,
            low=None if isnan(low) else low,
            high=None if isnan(high) else high,
            n=n,
        )


NOTHING: Final = History()
"""No value of any figure."""
