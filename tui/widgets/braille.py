"""A curve in braille dots: pure, from points to cells, two dots wide and four high each.

A dot column keeps the least and the greatest value that fall into it, so that one bad evaluation among ten
thousand is never sampled away. Where a cell holds the curve nothing else is drawn; a marker hides the
objective, and the objective the band.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of a braille cell by row and column (Unicode 2800 to 28FF)."""

BLANK = 0x2800

FORTH, BACK, BACK_SIGN = "┆", "┊", "◂"
"""The line of a promotion, that of a rollback, and what stands before the name of the version that came back."""


class Kind(Enum):
    """What a cell shows."""

    NOTHING = auto()
    LINE = auto()
    BAND = auto()
    OBJECTIVE = auto()
    MARKER = auto()


class Point(NamedTuple):
    """A value at a place on the time axis, with its interval where it has one; ``joined`` to the point before."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    joined: bool = True


class Marker(NamedTuple):
    """A moment at which another version was deployed."""

    x: float
    name: str
    back: bool = False
    """Whether an earlier one came back: it has a sign before its name and a finer line, so that no colour is needed."""


class Frame(NamedTuple):
    """What part of the plane is drawn, on how many cells."""

    columns: int
    rows: int
    start: float
    end: float
    bottom: float
    top: float

    def dot_x(self, x: float) -> int:
        """Return the dot column of a time."""
        span = self.end - self.start
        if span <= 0:
            return self.columns
        return min(max(round((x - self.start) / span * (self.columns * 2 - 1)), 0), self.columns * 2 - 1)

    def dot_y(self, y: float) -> int:
        """Return the dot row of a value, the uppermost being 0."""
        share = (y - self.bottom) / (self.top - self.bottom)
        return min(max(round((1 - share) * (self.rows * 4 - 1)), 0), self.rows * 4 - 1)


Cell = tuple[str, Kind]


class _Column(NamedTuple):
    """What fell into one dot column, in dot rows (smaller is higher up)."""

    x: int
    first: int
    last: int
    highest: int
    lowest: int
    band: tuple[int, int] | None
    joined: bool


def plot(
    points: Sequence[Point],
    frame: Frame,
    *,
    objective: float | None = None,
    markers: Sequence[Marker] = (),
) -> list[list[Cell]]:
    """Return the cells of a chart, row by row from the top; points are in the order of time."""
    line = [[0] * frame.columns for _ in range(frame.rows)]
    band = [[0] * frame.columns for _ in range(frame.rows)]
    found = _columns(points, frame)
    for index, column in enumerate(found):
        _draw_column(line, column, alone=_is_alone(found, index))
        if index and column.joined:
            _join(line, found[index - 1], column)
            _fill_band(band, found[index - 1], column)
        elif column.band:
            _fill_band(band, column, column)
    cells = [[_cell(line[row][x], band[row][x]) for x in range(frame.columns)] for row in range(frame.rows)]
    _put_objective(cells, frame, objective)
    _put_markers(cells, frame, markers)
    return cells


def _columns(points: Sequence[Point], frame: Frame) -> list[_Column]:
    """Gather the points of each dot column; this loop sees every point, so it does little for each."""
    found: list[_Column] = []
    right, lowest_row = frame.columns * 2 - 1, frame.rows * 4 - 1
    x_scale = right / (frame.end - frame.start) if frame.end > frame.start else 0.0
    y_scale = lowest_row / (frame.top - frame.bottom)
    # A single moment stands in the middle, on the left dot of its cell.
    shift = 0.5 if x_scale else frame.columns // 2 * 2
    start, top = frame.start, frame.top
    here, least, most = -1, 0.0, 0.0
    first = last = points[0] if points else None
    for point in points:
        x = int((point.x - start) * x_scale + shift)
        if x != here:
            if first is not None and last is not None and here >= 0:
                found.append(_column(here, (first, last), (least, most), (top, y_scale, lowest_row)))
            here, first, least, most = x, point, point.y, point.y
        elif point.y < least:
            least = point.y
        elif point.y > most:
            most = point.y
        last = point
    if first is not None and last is not None:
        found.append(_column(here, (first, last), (least, most), (top, y_scale, lowest_row)))
    return found


def _column(
    x: int, ends: tuple[Point, Point], values: tuple[float, float], axis: tuple[float, float, int]
) -> _Column:
    top, scale, limit = axis

    def row(value: float) -> int:
        return min(max(int((top - value) * scale + 0.5), 0), limit)

    first, last = ends
    band = None if last.low is None or last.high is None else (row(last.high), row(last.low))
    return _Column(x, row(first.y), row(last.y), row(values[1]), row(values[0]), band, first.joined)


def _is_alone(found: Sequence[_Column], index: int) -> bool:
    before = index > 0 and found[index].joined
    after = index + 1 < len(found) and found[index + 1].joined
    return not before and not after


def _draw_column(grid: list[list[int]], column: _Column, *, alone: bool) -> None:
    for y in range(column.highest, column.lowest + 1):
        _set(grid, column.x, y)
    if alone:
        # A single dot is easily taken for dirt on the screen.
        for x, y in ((1, 0), (0, 1), (1, 1)):
            _set(grid, column.x + x, column.lowest + y)


def _join(grid: list[list[int]], before: _Column, after: _Column) -> None:
    steps = after.x - before.x
    previous = before.last
    for step in range(1, steps + 1):
        y = round(before.last + (after.first - before.last) * step / steps)
        for between in range(min(previous, y), max(previous, y) + 1):
            _set(grid, before.x + step, between)
        previous = y


def _fill_band(grid: list[list[int]], before: _Column, after: _Column) -> None:
    if before.band is None or after.band is None:
        return
    steps = max(after.x - before.x, 1)
    for step in range(steps + 1):
        high = round(before.band[0] + (after.band[0] - before.band[0]) * step / steps)
        low = round(before.band[1] + (after.band[1] - before.band[1]) * step / steps)
        x = before.x + step
        for y in range(high, low + 1):
            if (x + y) % 2 == 0:
                _set(grid, x, y)


def _set(grid: list[list[int]], x: int, y: int) -> None:
    row, column = y // 4, x // 2
    if 0 <= row < len(grid) and 0 <= column < len(grid[0]):
        grid[row][column] |= DOTS[y % 4][x % 2]


def _cell(line: int, band: int) -> Cell:
    if line:
        return chr(BLANK + line), Kind.LINE
    return (chr(BLANK + band), Kind.BAND) if band else (" ", Kind.NOTHING)


def _put_objective(cells: list[list[Cell]], frame: Frame, objective: float | None) -> None:
    if objective is None or not frame.bottom <= objective <= frame.top:
        return
    row = frame.dot_y(objective) // 4
    for x, (_, kind) in enumerate(cells[row]):
        if kind is not Kind.LINE:
            cells[row][x] = ("┄", Kind.OBJECTIVE)


def _put_markers(cells: list[list[Cell]], frame: Frame, markers: Sequence[Marker]) -> None:
    """Draw an upright line where another version was deployed, its name at the top, or below one that is there already."""
    shown = [marker for marker in markers if frame.start <= marker.x <= frame.end]
    for marker in shown:
        x = min(frame.dot_x(marker.x) // 2, frame.columns - 1)
        for row in cells:
            if row[x][1] is not Kind.LINE:
                row[x] = (BACK if marker.back else FORTH, Kind.MARKER)
    taken: set[tuple[int, int]] = set()
    for marker in shown:
        name = f"{BACK_SIGN}{marker.name}" if marker.back else marker.name
        place = max(min(frame.dot_x(marker.x) // 2, frame.columns - len(name)), 0)
        top = _free_row(taken, place, len(name), frame.rows)
        for column in range(place, min(place + len(name), frame.columns)):
            taken.add((top, column))
            if cells[top][column][1] is not Kind.LINE:
                cells[top][column] = (name[column - place], Kind.MARKER)


def _free_row(taken: set[tuple[int, int]], place: int, length: int, rows: int) -> int:
    """Return the uppermost row where a name stands clear of others, or the first where there is none."""
    around = range(place - 1, place + length + 1)
    return next((row for row in range(rows) if not any((row, column) in taken for column in around)), 0)
