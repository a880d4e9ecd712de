"""A chart of one figure over time: curve, confidence band, objective, and where another version was deployed.

The drawing is `tui.widgets.braille`'s; here are the axes, the range, the gaps and the colours.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from rich.text import Text

from storage.records import HistoryPoint
from tui import format as form
from tui.widgets import braille
from tui.widgets.braille import Frame, Kind, Marker, Point
from tui.widgets.lines import Lines

GUTTER = 7
"""Columns left of the curve for the values: ``0.9362`` and a space."""

LEAST_SPAN = 0.02
"""A range of a share below this would show noise as mountains."""

GAP_FACTOR = 6.0
GAP_LEAST_S = 3600.0
"""No line is drawn over a silence that is six times as long as usual and longer than an hour."""

DAY_S = 86_400.0

STYLES = {
    Kind.NOTHING: "",
    Kind.LINE: "bold cyan",
    Kind.BAND: "dim",
    Kind.OBJECTIVE: "yellow",
    Kind.MARKER: "dim",
}

NOTHING_YET = "no evaluations yet: r evaluates"


class _Wanted(NamedTuple):
    """What a chart was asked to show."""

    points: Sequence[HistoryPoint]
    objective: float | None
    markers: Sequence[Marker]
    unit: str
    title: str
    window: tuple[float, float] | None
    nothing: str


class HistoryChart(Lines):
    """A figure over time."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._drawn: tuple[object, ...] | None = None
        self._wanted: _Wanted | None = None
        self._cursor: HistoryPoint | None = None

    def show(
        self,
        points: Sequence[HistoryPoint],
        *,
        objective: float | None = None,
        markers: Sequence[Marker] = (),
        unit: str = "",
        title: str = "",
        window: tuple[float, float] | None = None,
        nothing: str = "",
    ) -> None:
        """Show ``points``, the oldest first; what was drawn for the same points and size stays.

        The time goes from the first to the last of them, or over a ``window``; ``nothing`` is said where there are none.
        """
        self._wanted = _Wanted(points, objective, markers, unit, title, window, nothing or NOTHING_YET)
        self._redraw()

    def move(self, step: int) -> None:
        """Move the cursor to the point before or after; beyond the last one it is gone, and the latest value is told."""
        points = self._wanted.points if self._wanted else ()
        if not points:
            return
        place = len(points) if self._cursor not in points else points.index(self._cursor)
        place = max(place + step, 0)
        self._cursor = points[place] if place < len(points) else None
        self._redraw()

    def begin(self) -> None:
        """Have no points, and no cursor on one."""
        self._wanted = self._cursor = self._drawn = None

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._redraw()

    def _redraw(self) -> None:
        size = self.content_size
        if self._wanted is None or size.width <= GUTTER + 4 or size.height < 3:
            return
        wanted = self._wanted
        points = wanted.points
        ends = (points[0], points[-1]) if points else None
        drawn = (
            size,
            len(points),
            ends,
            wanted._replace(points=(), markers=tuple(wanted.markers)),
            self._cursor,
        )
        if drawn == self._drawn:
            return
        self._drawn = drawn
        lines = chart_lines(
            points,
            size.width,
            size.height,
            objective=wanted.objective,
            markers=wanted.markers,
            window=wanted.window,
            nothing=wanted.nothing,
        )
        told = _value_of(points[-1], wanted.unit) if points else ""
        if self._cursor is not None and self._cursor in points:
            first, last = wanted.window or _ends(points, wanted.markers)
            column = GUTTER + Frame(size.width - GUTTER, 1, first, last, 0.0, 1.0).dot_x(self._cursor.at) // 2
            for line in lines[:-1]:
                line.stylize("reverse", column, column + 1)
            told = f"{_exact(self._cursor)}  {_value_of(self._cursor, wanted.unit)}"
        self.draw(lines, title=wanted.title, subtitle=told)


def chart_lines(
    points: Sequence[HistoryPoint],
    width: int,
    height: int,
    *,
    objective: float | None = None,
    markers: Sequence[Marker] = (),
    window: tuple[float, float] | None = None,
    nothing: str = NOTHING_YET,
) -> list[Text]:
    """Return a chart of ``width`` by ``height`` cells, axes included."""
    if not points:
        return [Text()] * ((height - 1) // 2) + [Text(nothing.center(width), "dim")]
    first, last = window or _ends(points, markers)
    bottom, top = value_range(points, objective)
    frame = Frame(width - GUTTER, height - 1, first, last, bottom, top)
    cells = braille.plot(_joined(points), frame, objective=objective, markers=markers)
    labels = {0: top, frame.rows // 2: (top + bottom) / 2, frame.rows - 1: bottom}
    if frame.rows < 5:
        del labels[frame.rows // 2]
    lines = [_row(cells[row], labels.get(row)) for row in range(frame.rows)]
    axis = _time_axis(first, last, width)
    axis.truncate(width)
    return [*lines, axis]


def _ends(points: Sequence[HistoryPoint], markers: Sequence[Marker]) -> tuple[float, float]:
    """Return from when to when there is something: a version that was deployed after its last evaluation has its marker."""
    return points[0].at, max(points[-1].at, *(marker.x for marker in markers)) if markers else points[-1].at


def value_range(points: Sequence[HistoryPoint], objective: float | None) -> tuple[float, float]:
    """Return the least and the greatest value to draw: all values with their intervals, and the objective if it is near."""
    low = min(point.value if point.low is None else point.low for point in points)
    high = max(point.value if point.high is None else point.high for point in points)
    span = max(high - low, LEAST_SPAN if 0 <= low <= high <= 1 else abs(high) * LEAST_SPAN, 1e-9)
    if objective is not None and low - 2 * span <= objective <= high + 2 * span:
        low, high = min(low, objective), max(high, objective)
    missing = max(span - (high - low), 0.0)
    return low - missing / 2, high + missing / 2


def _joined(points: Sequence[HistoryPoint]) -> list[Point]:
    """Join each point to the one before, unless there was a long silence or another version was measured."""
    times = [point.at for point in points]
    waits = [after - before for before, after in pairwise(times)]
    longest = max(GAP_FACTOR * median(waits), GAP_LEAST_S) if waits else 0.0
    found = []
    version, at = -1, 0.0
    for point in points:
        joined = point.version == version and point.at - at <= longest
        found.append(Point(point.at, point.value, point.low, point.high, joined))
        version, at = point.version, point.at
    return found


def _row(cells: Sequence[braille.Cell], label: float | None) -> Text:
    axis = _value(label) if label is not None else ""
    line = Text.assemble((f"{axis:>{GUTTER - 1}}│", "dim"))
    run, kind = "", Kind.NOTHING
    for glyph, of in cells:
        if of is not kind:
            line.append(run, STYLES[kind])
            run, kind = "", of
        run += glyph
    return line.append(run, STYLES[kind])


def _value(value: float) -> str:
    if abs(value) < 1:
        return f"{value:.4f}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 1000 else f"{value:.0f}"


def _time_axis(first: float, last: float, width: int) -> Text:
    left, right = _moment(first, last - first), _moment(last, last - first)
    if first == last:
        return Text(left.center(width - GUTTER).rjust(width), "dim")
    space = width - GUTTER - len(left) - len(right)
    middle = _moment((first + last) / 2, last - first)
    if space >= len(middle) + 4:
        return Text(" " * GUTTER + left + middle.center(space) + right, "dim")
    return Text(" " * GUTTER + left + " " * max(space, 1) + right, "dim")


def _moment(at: float, span: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    if span >= DAY_S:
        return f"{moment:%m-%d %H:%M}"
    return f"{moment:%H:%M}" if span >= 600 else f"{moment:%H:%M:%S}"


def _value_of(point: HistoryPoint, unit: str) -> str:
    shown = form.short_ms(point.value) if unit == "ms" else form.figure(point.value)
    width = form.half_width(point.low, point.high)
    return f"v{point.version} {shown}{f' ±{width}' if width else ''}{f' {unit}' if unit else ''}"


def _exact(point: HistoryPoint) -> str:
    """Return when the point under the cursor was measured, and on how many examples."""
    return f"{datetime.fromtimestamp(point.at, UTC):%m-%d %H:%M:%S}  n={point.n}"
