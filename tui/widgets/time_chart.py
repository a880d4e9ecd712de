"""A chart of values over time: curve, band, objective, markers, and a cursor that reads exact values.

The drawing is `tui.widgets.braille`'s; here are the axes, the range and the colours. Which points are joined, and how a
value is told, is each chart's own.
"""

import textwrap
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Generic, NamedTuple, Protocol, TypeVar

from rich.text import Text

from tui import format as form
from tui.widgets import braille
from tui.widgets.braille import Frame, Kind, Marker, Point
from tui.widgets.lines import Lines

GUTTER = 7
"""Columns left of the curve for the values: ``0.9362`` and a space."""

LEAST_SPAN = 0.02
"""Of a share, or as a share of what has no bounds."""

LEAST_TIME_S = 10.0
"""Less time than this is not drawn over the whole width: seconds that are told beside each other would be the same."""

LEAST_MINUTES_S = 600.0
"""A shorter time is told to the second."""

LONG_S = 300 * 86_400.0
"""From here on a date needs its year: a month and a day come again."""

STYLES = {
    Kind.NOTHING: "",
    Kind.LINE: "bold cyan",
    Kind.BAND: "dim",
    Kind.OBJECTIVE: "yellow",
    Kind.MARKER: "dim",
}


class Timed(Protocol):
    """What a chart shows: something that was so at a time."""

    @property
    def at(self) -> float:
        """Return when."""


PointT = TypeVar("PointT", bound=Timed)


class _Wanted(NamedTuple):
    """What a chart was asked to show, besides its points."""

    objective: float | None
    markers: Sequence[Marker]
    title: str
    window: tuple[float, float] | None
    bounds: tuple[float, float] | None
    nothing: str


class TimeChart(Lines, Generic[PointT]):
    """Values over time."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._drawn: tuple[object, ...] | None = None
        self._points: Sequence[PointT] = ()
        self._wanted: _Wanted | None = None
        self._cursor: PointT | None = None

    def curve(self, points: Sequence[PointT]) -> list[Point]:
        """Return the points as they are drawn, each joined to the one before or not."""
        raise NotImplementedError

    def told(self, point: PointT) -> str:
        """Return what a point says."""
        raise NotImplementedError

    def exactly(self, point: PointT) -> str:
        """Return when a point was, and what it rests on."""
        raise NotImplementedError

    def beside(self, value: float) -> str:
        """Return a value as it stands beside the curve, in so many cells that there is a space behind it."""
        return figure(value)

    def least(self, low: float, high: float) -> float:
        """Return how much the values' range has at least, of which these are the ends: less would show noise as mountains."""
        return least_span(low, high)

    @property
    def points(self) -> Sequence[PointT]:
        """What is shown, the oldest first."""
        return self._points

    def show(
        self,
        points: Sequence[PointT],
        *,
        nothing: str,
        objective: float | None = None,
        markers: Sequence[Marker] = (),
        title: str = "",
        window: tuple[float, float] | None = None,
        bounds: tuple[float, float] | None = None,
    ) -> None:
        """Show ``points``, the oldest first; what was drawn for the same points and size stays.

        The time goes from the first to the last of them, or over a ``window``, the values from the least to the greatest, or
        within ``bounds``; ``nothing`` is said where there are none.
        """
        self._points = points
        self._wanted = _Wanted(objective, tuple(markers), title, window, bounds, nothing)
        self._redraw()

    def move(self, step: int) -> None:
        """Move the cursor to the point before or after; beyond the last one it is gone, and the latest value is told."""
        points = self._points
        if not points:
            return
        place = len(points) if self._cursor not in points else points.index(self._cursor)
        place = max(place + step, 0)
        self._cursor = points[place] if place < len(points) else None
        self._redraw()

    def begin(self) -> None:
        """Have no points, and no cursor on one."""
        self._points = ()
        self._wanted = self._cursor = self._drawn = None

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._redraw()

    def _redraw(self) -> None:
        size = self.content_size
        if self._wanted is None or size.width <= GUTTER + 4 or size.height < 3:
            return
        wanted, points = self._wanted, self._points
        ends = (points[0], points[-1]) if points else None
        drawn = (size, len(points), ends, wanted, self._cursor)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        lines = chart_lines(
            self.curve(points),
            size.width,
            size.height,
            objective=wanted.objective,
            markers=wanted.markers,
            window=wanted.window,
            bounds=wanted.bounds,
            nothing=wanted.nothing,
            beside=self.beside,
            least=self.least,
        )
        told = self.told(points[-1]) if points else ""
        if self._cursor is not None and self._cursor in points:
            first, last = wanted.window or _ends(points[0].at, points[-1].at, wanted.markers)
            column = GUTTER + Frame(size.width - GUTTER, 1, first, last, 0.0, 1.0).dot_x(self._cursor.at) // 2
            for line in lines[:-1]:
                line.stylize("reverse", column, column + 1)
            told = f"{self.exactly(self._cursor)}  {self.told(self._cursor)}"
        self.draw(lines, title=wanted.title, subtitle=told)


def chart_lines(
    curve: Sequence[Point],
    width: int,
    height: int,
    *,
    nothing: str,
    objective: float | None = None,
    markers: Sequence[Marker] = (),
    window: tuple[float, float] | None = None,
    bounds: tuple[float, float] | None = None,
    beside: Callable[[float], str] | None = None,
    least: Callable[[float, float], float] | None = None,
) -> list[Text]:
    """Return a chart of ``width`` by ``height`` cells, axes included."""
    if not curve:
        said = textwrap.wrap(nothing, width)[:height]
        return [
            *([Text()] * ((height - len(said)) // 2)),
            *(Text(line.center(width), "dim") for line in said),
        ]
    first, last = window or _ends(curve[0].x, curve[-1].x, markers)
    bottom, top = bounds or value_range(curve, objective, least or least_span)
    frame = Frame(width - GUTTER, height - 1, first, last, bottom, top)
    cells = braille.plot(curve, frame, objective=objective, markers=markers)
    labels = {0: top, frame.rows // 2: (top + bottom) / 2, frame.rows - 1: bottom}
    if frame.rows < 5:
        del labels[frame.rows // 2]
    words = beside or figure
    lines = [_row(cells[row], words(labels[row]) if row in labels else "") for row in range(frame.rows)]
    axis = _time_axis(first, last, width)
    axis.truncate(width)
    return [*lines, axis]


def _ends(first: float, last: float, markers: Sequence[Marker]) -> tuple[float, float]:
    """Return from when to when there is something: a version that was deployed after its last evaluation has its marker."""
    last = max(last, *(marker.x for marker in markers)) if markers else last
    missing = max(LEAST_TIME_S - (last - first), 0.0) / 2
    # A single moment stands in the middle by itself, and its time below it.
    return (first, last) if first == last else (first - missing, last + missing)


def least_span(low: float, high: float) -> float:
    """Return how much a range of values has at least: two points of a share, and two percent of anything else."""
    return LEAST_SPAN if 0 <= low <= high <= 1 else abs(high) * LEAST_SPAN


def value_range(
    curve: Sequence[Point], objective: float | None, least: Callable[[float, float], float] = least_span
) -> tuple[float, float]:
    """Return the least and the greatest value to draw: all values with their intervals, and the objective if it is near."""
    low = min(point.y if point.low is None else point.low for point in curve)
    high = max(point.y if point.high is None else point.high for point in curve)
    span = max(high - low, least(low, high), 1e-9)
    if objective is not None and low - 2 * span <= objective <= high + 2 * span:
        low, high = min(low, objective), max(high, objective)
    span = max(span, high - low)
    bottom = low - (span - (high - low)) / 2
    # What is never negative, as a latency, has no range below nothing, and a share none above all.
    if low >= 0:
        bottom = max(bottom, 0.0)
    if high <= 1:
        bottom = min(bottom, 1 - span)
    return bottom, bottom + span


def _row(cells: Sequence[braille.Cell], label: str) -> Text:
    line = Text.assemble((f"{label:>{GUTTER - 1}}│", "dim"))
    run, kind = "", Kind.NOTHING
    for glyph, of in cells:
        if of is not kind:
            line.append(run, STYLES[kind])
            run, kind = "", of
        run += glyph
    return line.append(run, STYLES[kind])


def figure(value: float) -> str:
    """Return a value beside the curve, with as many places as fit."""
    most = 4 if abs(value) < 1 else 3 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    return form.placed(value, GUTTER - 1, most)


def _time_axis(first: float, last: float, width: int) -> Text:
    """Return the times below a chart: the first with its date, by which every other one is of a day."""
    span = last - first
    if first == last:
        return Text(_dated(first, span).center(width - GUTTER).rjust(width), "dim")
    left, right = _dated(first, span), _later(last, first, span)
    space = width - GUTTER - len(left) - len(right)
    middle = _later((first + last) / 2, first, span)
    if space >= len(middle) + 4:
        # In the middle of the curve, however much longer than the last time the first one is.
        before = max((width - GUTTER - len(middle)) // 2 - len(left), 2)
        behind = right.rjust(width - GUTTER - len(left) - before - len(middle))
        return Text(f"{' ' * GUTTER}{left}{' ' * before}{middle}{behind}", "dim")
    return Text(" " * GUTTER + left + " " * max(space, 1) + right, "dim")


def _later(at: float, first: float, span: float) -> str:
    """Return a time behind the first one, with its date where it is of another day."""
    same = datetime.fromtimestamp(at, UTC).date() == datetime.fromtimestamp(first, UTC).date()
    return _time(at, span) if same else _dated(at, span)


def _dated(at: float, span: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%d}" if span >= LONG_S else f"{moment:%m-%d} {_time(at, span)}"


def _time(at: float, span: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%H:%M}" if span >= LEAST_MINUTES_S else f"{moment:%H:%M:%S}"
