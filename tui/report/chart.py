"""A chart of figures over time as SVG within the page: pure, without scripts; what a point is stands in its tooltip.

Owns the geometry. Colours are the page's style sheet's, by class, so that the chart follows light, dark and print.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tui.commands.figures import clock
from tui.report import scale
from tui.report.markup import Html, element, join
from tui.widgets.braille import Point

WIDTH, HEIGHT = 760, 250
"""In units of the drawing: a page's column at its natural size."""

LEFT, RIGHT, TOP, BOTTOM = 64, 14, 30, 28
"""Room for the values, the last label, the names of marks, and the moments."""

LABEL_GAP = 34
"""Two names closer than this would touch; the later one is in the tooltip only."""

LINE = 12
"""Names closer above each other than this would touch."""

MARGIN = 0.06
"""Share of the range that is left free above and below it."""

ALONE_S = 1800.0
"""Half the time that is drawn around a single moment."""


class Series(NamedTuple):
    """One curve: of the deployed version, or of another."""

    name: str
    points: Sequence[Point]
    short: str = ""
    """What is written at its last point, where there is room."""
    deployed: bool = False
    second: bool = False
    """Whether it goes with another curve of the same version, and is drawn broken."""


class Limit(NamedTuple):
    """A value that an objective asks for."""

    value: float
    name: str


class Mark(NamedTuple):
    """A moment at which another version was deployed."""

    at: float
    name: str
    told: str
    back: bool = False


class Chart(NamedTuple):
    """What is drawn."""

    title: str
    series: Sequence[Series]
    value: Callable[[float], str]
    """How a value is written in a tooltip."""
    limits: Sequence[Limit] = ()
    marks: Sequence[Mark] = ()
    from_zero: bool = False


class Plane(NamedTuple):
    """The part of the world that is seen, and where it lies in the drawing."""

    start: float
    end: float
    low: float
    high: float

    def x(self, at: float) -> float:
        """Return where a moment lies."""
        return LEFT + (at - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return where a value lies."""
        return HEIGHT - BOTTOM - (value - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


def draw(chart: Chart) -> Html:
    """Return a chart, or a sentence where there is nothing to draw."""
    if not any(series.points for series in chart.series):
        return element("p", "Nothing was measured in that time.", class_="empty")
    plane = _plane(chart)
    # What is deployed is drawn last, above the others.
    ordered = sorted(chart.series, key=lambda series: series.deployed)
    parts = [
        *_grid(plane),
        *_limits(chart, plane),
        *_marks(chart, plane),
        *(part for series in ordered for part in _curve(series, plane)),
        *(part for series in ordered for part in _dots(series, plane, chart.value)),
        *_names(ordered, plane),
    ]
    return element(
        "svg",
        element("title", chart.title),
        *parts,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        xmlns="http://www.w3.org/2000/svg",
        class_="chart",
    )


def _plane(chart: Chart) -> Plane:
    points = [point for series in chart.series for point in series.points]
    times = [point.x for point in points] + [mark.at for mark in chart.marks]
    start, end = min(times), max(times)
    if end - start < 1:
        start, end = start - ALONE_S, end + ALONE_S
    room = (end - start) * 0.02
    lows = [point.y if point.low is None else point.low for point in points]
    highs = [point.y if point.high is None else point.high for point in points]
    limits = [limit.value for limit in chart.limits]
    low, high = min([*lows, *limits]), max([*highs, *limits])
    span = high - low
    if span <= max(abs(low), abs(high)) * scale.LEAST_SHARE:
        span = abs(high) * 0.1 or 1.0
    bottom = 0.0 if chart.from_zero and low >= 0 else low - span * MARGIN
    return Plane(start - room, end + room, bottom, high + span * MARGIN)


def _grid(plane: Plane) -> Iterator[Html]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for tick in scale.values(plane.low, plane.high):
        y = plane.y(tick.at)
        yield element("line", x1=LEFT, x2=right, y1=y, y2=y, class_="grid")
        yield element("text", tick.label, x=LEFT - 8, y=y + 4, class_="label end")
    for tick in scale.moments(plane.start, plane.end):
        x = plane.x(tick.at)
        yield element("line", x1=x, x2=x, y1=bottom, y2=bottom + 4, class_="axis")
        yield element("text", tick.label, x=x, y=bottom + 18, class_="label middle")
    yield element("line", x1=LEFT, x2=right, y1=bottom, y2=bottom, class_="axis")


def _limits(chart: Chart, plane: Plane) -> Iterator[Html]:
    for limit in chart.limits:
        y = plane.y(limit.value)
        yield element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="limit")
        yield element("text", limit.name, x=WIDTH - RIGHT - 4, y=y - 5, class_="label end limit-name")


def _marks(chart: Chart, plane: Plane) -> Iterator[Html]:
    taken = float("-inf")
    for mark in sorted(chart.marks, key=lambda mark: mark.at):
        x = plane.x(mark.at)
        name = Html()
        if x - taken >= LABEL_GAP:
            taken = x
            name = element("text", mark.name, x=x, y=TOP - 10, class_="label middle mark-name")
        line = element(
            "line", x1=x, x2=x, y1=TOP - 5, y2=HEIGHT - BOTTOM, class_="mark back" if mark.back else "mark"
        )
        yield element("g", element("title", mark.told), line, name)


def _curve(series: Series, plane: Plane) -> Iterator[Html]:
    if len(series.points) < 2:
        return
    kind = _kind(series)
    banded = [point for point in series.points if point.low is not None and point.high is not None]
    if len(banded) > 1:
        edge = [_place(plane, point.x, point.high) for point in banded]
        edge += [_place(plane, point.x, point.low) for point in reversed(banded)]
        yield element("path", d=f"M{' L'.join(edge)} Z", class_=f"band {kind}")
    places = " L".join(_place(plane, point.x, point.y) for point in series.points)
    yield element("path", d=f"M{places}", class_=f"curve {kind}{' second' if series.second else ''}")


def _dots(series: Series, plane: Plane, value: Callable[[float], str]) -> Iterator[Html]:
    kind = _kind(series)
    for point in series.points:
        x, y = plane.x(point.x), plane.y(point.y)
        told = f"{series.name}, {clock(point.x)} UTC: {value(point.y)}"
        parts = []
        if point.low is not None and point.high is not None:
            told += f" ({value(point.low)} to {value(point.high)})"
            if len(series.points) == 1:
                ends = plane.y(point.low), plane.y(point.high)
                parts.append(element("line", x1=x, x2=x, y1=ends[0], y2=ends[1], class_=f"curve {kind}"))
        parts.append(element("circle", cx=x, cy=y, r=2.5, class_=f"dot {kind}"))
        yield element("g", element("title", told), join(parts))


def _names(ordered: Sequence[Series], plane: Plane) -> Iterator[Html]:
    """Write at each curve's end whose it is; where two would lie on each other, only the one that matters more."""
    taken: list[tuple[float, float]] = []
    for series in reversed(ordered):
        if not series.short or not series.points:
            continue
        x, y = plane.x(series.points[-1].x) - 5, plane.y(series.points[-1].y) - 6
        if any(abs(x - other[0]) < LABEL_GAP and abs(y - other[1]) < LINE for other in taken):
            continue
        taken.append((x, y))
        yield element("text", series.short, x=x, y=y, class_="label end")


def _kind(series: Series) -> str:
    return "deployed" if series.deployed else "other"


def _place(plane: Plane, at: float, value: float | None) -> str:
    return f"{plane.x(at):.1f} {plane.y(value or 0.0):.1f}"
