"""Values over time in columns: what is put in comes out, in little room."""

import sqlite3
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import pytest

from storage.histories import History
from storage.records import HistoryPoint

MOST_BYTES = 64
"""Of a value: six numbers of eight bytes, and what an array keeps free to grow by."""


@dataclass
class Filled:
    """Points, and the rows that hold them."""

    points: list[HistoryPoint]
    connection: sqlite3.Connection

    def rows(self) -> sqlite3.Cursor:
        """Return each point's row."""
        return self.connection.execute("SELECT * FROM points ORDER BY rowid")

    @property
    def history(self) -> History:
        """The points in columns."""
        return History.of("accuracy", self.rows())


@pytest.fixture
def filled() -> Iterator[Filled]:
    """Return three points: with an interval, with none, and of another version."""
    points = [point(1.5, 1, 0.9, 0.85, 0.95), point(2.5, 1, 0.8), point(4.0, 2, 0.7, 0.65, 0.75)]
    with closing(stored(points)) as connection:
        yield Filled(points, connection)


def stored(points: Sequence[HistoryPoint]) -> sqlite3.Connection:
    """Return a database with points as rows, the columns in another order than a point's fields."""
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.execute(
        "CREATE TABLE points (n INTEGER, high REAL, low REAL, value REAL, number INTEGER, at REAL)"
    )
    connection.executemany(
        "INSERT INTO points VALUES (?, ?, ?, ?, ?, ?)",
        [(one.n, one.high, one.low, one.value, one.version, one.at) for one in points],
    )
    return connection


def point(
    at: float, version: int, value: float, low: float | None = None, high: float | None = None
) -> HistoryPoint:
    """Return a point of a thousand examples."""
    return HistoryPoint(at=at, version=version, metric="accuracy", value=value, low=low, high=high, n=1000)


def test_what_rows_have_comes_out_as_points(filled: Filled) -> None:
    """One by one, from either end, and all in their order; where there is no interval there is none."""
    assert list(filled.history) == filled.points
    assert [filled.history[place] for place in (0, 1, -1)] == filled.points
    assert list(reversed(filled.history)) == list(filled.history[::-1]) == filled.points[::-1]
    assert len(filled.history) == 3
    assert filled.points[1] in filled.history
    assert filled.history.index(filled.points[2]) == 2
    with pytest.raises(IndexError):
        filled.history[3]


def test_the_same_values_are_equal(filled: Filled) -> None:
    """Read twice they are, though one of them has no interval; of another figure, or of fewer values, they are not."""
    assert filled.history == filled.history
    assert hash(filled.history) == hash(filled.history)
    assert filled.history != History.of("f1", filled.rows())
    assert filled.history != filled.history[:2]
    assert filled.history != filled.points


@pytest.mark.parametrize(
    ("first", "last", "places"),
    [
        (0.0, 9.0, (0, 1, 2)),
        (1.5, 2.5, (0, 1)),
        (1.6, 3.9, (1,)),
        (2.6, 3.9, ()),
        (4.0, 4.0, (2,)),
        (5.0, 1.0, ()),
    ],
)
def test_those_of_a_time(filled: Filled, first: float, last: float, places: tuple[int, ...]) -> None:
    """Both ends of it are part of it."""
    assert list(filled.history.during(first, last)) == [filled.points[place] for place in places]


def test_a_time_that_holds_all_of_them_takes_no_room(filled: Filled) -> None:
    """A chart asks for its time at each look, and mostly has all values in it."""
    history = filled.history
    assert history.during(1.5, 4.0) is history


def test_the_last_of_each_step_of_each_version() -> None:
    """They may come from two tables, one after another; what comes last in a step stays, each version by itself."""
    points = [
        point(7.0, 1, 0.7),
        point(8.0, 2, 0.8),
        point(1.0, 1, 0.1),
        point(4.0, 1, 0.4),
        point(6.0, 1, 0.6),
    ]
    with closing(stored(points)) as connection:
        found = History.of("accuracy", connection.execute("SELECT * FROM points")).last_of_steps(5.0)
    assert [one.value for one in found] == [0.4, 0.7, 0.8]
    assert all(type(one.version) is type(one.n) is int for one in found)


def test_thousands_of_values_take_little_room() -> None:
    """A console keeps those of a model as long as it looks at it: as points they would take 270 bytes each."""
    points = [point(float(at), at % 7, at / 3000, at / 4000, at / 2000) for at in range(2000)]
    with closing(stored(points)) as connection:
        rows = connection.execute("SELECT * FROM points")
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            history = History.of("accuracy", rows)
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert len(history) == 2000
    assert (after - before) / 2000 < MOST_BYTES
