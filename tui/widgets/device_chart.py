"""A chart of one reading of a device over time: the mean as a curve, from least to greatest as its band."""

from collections.abc import Sequence
from datetime import UTC, datetime

from storage.tables.rollups import Bucket
from tui import device_curves
from tui.widgets.braille import Point
from tui.widgets.time_chart import TimeChart


class DeviceChart(TimeChart[Bucket]):
    """A reading over time."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._reading = ""
        self._step_s: float | None = None

    def choose(self, reading: str, step_s: float | None) -> None:
        """Say which reading is shown next, and how long its buckets are (``None``: it is single readings)."""
        self._reading, self._step_s = reading, step_s

    def curve(self, points: Sequence[Bucket]) -> list[Point]:
        """Return the means, joined where nothing is missing between them."""
        return device_curves.curve(points, self._step_s)

    def told(self, point: Bucket) -> str:
        """Return the value, and where it stands for many, from where to where they went."""
        words = [device_curves.value(self._reading, one) for one in (point.mean, point.least, point.greatest)]
        return words[0] if point.n == 1 else "{}  {} to {}".format(*words)

    def exactly(self, point: Bucket) -> str:
        """Return when it was read, or when the stretch of time began that it stands for, with the number of readings."""
        when = f"{datetime.fromtimestamp(point.at, UTC):%m-%d %H:%M:%S}"
        return when if point.n == 1 else f"{when}  n={point.n}"

    def beside(self, value: float) -> str:
        """Return a value as it stands beside the curve."""
        return device_curves.beside(self._reading, value)
