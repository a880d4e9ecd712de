"""A chart of one figure of a model over time: each version is a curve of its own."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from storage.records import HistoryPoint
from tui import format as form
from tui.widgets.braille import Point
from tui.widgets.time_chart import TimeChart

GAP_FACTOR = 6.0
GAP_LEAST_S = 3600.0
"""No line is drawn over a silence that is six times as long as usual and longer than an hour."""

NOTHING_YET = "no evaluations yet: r evaluates"

NOISE = 0.2
"""Of a latency: by so much it differs from one measurement to the next where nothing has changed but what else a machine does."""

MILLISECONDS = "_ms"
"""What the names of latency figures end with."""


class HistoryChart(TimeChart[HistoryPoint]):
    """A figure of a model over time."""

    def curve(self, points: Sequence[HistoryPoint]) -> list[Point]:
        """Return the points, each version's joined."""
        return by_version(points)

    def told(self, point: HistoryPoint) -> str:
        """Return the version and its figure with the interval."""
        shown = form.short_ms(point.value) if self._in_ms else form.figure(point.value)
        width = form.half_width(point.low, point.high)
        return f"v{point.version} {shown}{f' ±{width}' if width else ''}{' ms' if self._in_ms else ''}"

    def beside(self, value: float) -> str:
        """Return a value as it stands beside the curve: a latency to as many digits as it has anywhere else."""
        return form.short_ms(value) if self._in_ms else super().beside(value)

    def least(self, low: float, high: float) -> float:
        """Return a fifth of a latency, however small it is, and of anything else what it has anywhere."""
        return NOISE * high if self._in_ms else super().least(low, high)

    def exactly(self, point: HistoryPoint) -> str:
        """Return when the point was measured, and on how many examples."""
        return f"{datetime.fromtimestamp(point.at, UTC):%m-%d %H:%M:%S}  n={point.n}"

    @property
    def _in_ms(self) -> bool:
        return bool(self.points) and self.points[0].metric.endswith(MILLISECONDS)


def by_version(points: Sequence[HistoryPoint]) -> list[Point]:
    """Join each point to the one before, unless there was a long silence or another version was measured."""
    times = [point.at for point in points]
    waits = [after - before for before, after in pairwise(times)]
    # The wait in the middle: to import Python's statistics for a median takes a console half a megabyte and 5 ms.
    usual = sorted(waits)[len(waits) // 2] if waits else 0.0
    longest = max(GAP_FACTOR * usual, GAP_LEAST_S)
    found = []
    version, at = -1, 0.0
    for point in points:
        joined = point.version == version and point.at - at <= longest
        found.append(Point(point.at, point.value, point.low, point.high, joined))
        version, at = point.version, point.at
    return found
