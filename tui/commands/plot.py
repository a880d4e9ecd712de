"""A figure over time in plain text, for any terminal and for files: pure.

Draws with the console's braille; where it goes over a slow line or into a report, it is characters all the same.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from tui.widgets import braille
from tui.widgets.braille import Frame, Point

HEIGHT = 10
"""Rows of the curve: with title and axis it fits the smallest terminal twice."""

GUTTER = 11
"""Cells of the values beside the curve."""

LEAST_SPAN = 1e-9
"""Values that are all alike are drawn in the middle of something."""


def figure(value: float) -> str:
    """Return a value beside the curve."""
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 1e6 else f"{value:.3g}"


def plot(
    points: Sequence[Point],
    *,
    title: str,
    width: int,
    height: int = HEIGHT,
    words: Callable[[float], str] = figure,
    bounds: tuple[float, float] | None = None,
) -> str:
    """Return a title and points over time, which is in UTC.

    Args:
        points: in the order of time; those that are not ``joined`` begin a new piece of the curve.
        title: what is drawn.
        width: cells of a line that there are.
        height: rows of the curve.
        words: how a value is written beside the curve.
        bounds: the values at its foot and its top; by default the least and the greatest that there are.
    """
    if not points:
        return f"{title}: nothing in that time"
    low, high = bounds or _extremes(points)
    frame = Frame(width - GUTTER, height, points[0].x, points[-1].x, low, high)
    labels = {0: words(high), height // 2: words((low + high) / 2), height - 1: words(low)}
    rows = [
        f"{labels.get(row, ''):>{GUTTER - 2}} │{''.join(glyph for glyph, _ in cells)}".rstrip()
        for row, cells in enumerate(braille.plot(points, frame))
    ]
    return "\n".join([title, *rows, _axis(frame, width)])


def _extremes(points: Sequence[Point]) -> tuple[float, float]:
    low = min(point.y if point.low is None else point.low for point in points)
    high = max(point.y if point.high is None else point.high for point in points)
    if high - low >= LEAST_SPAN:
        return low, high
    margin = max(abs(high) * 0.01, LEAST_SPAN)
    return low - margin, high + margin


def _axis(frame: Frame, width: int) -> str:
    left, right = (_moment(at) for at in (frame.start, frame.end))
    if frame.start == frame.end:
        return left.center(width - GUTTER).rjust(width).rstrip()
    return " " * GUTTER + left + right.rjust(width - GUTTER - len(left))


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"
