"""From computed numbers to the figures that are stored.

Owns what every figure shares: which class it stands for and how that is called, and that a figure lies within
its own interval although floating point may put it a hair outside. It must not compute what a figure says.
"""

from math import isnan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from storage.records import Metric
from storage.settings import CLASS_SLICE
from storage.text import NAME, clean

CLASSES = 256
"""Above so many classes there are no figures of each: nobody reads them, and they would fill the database."""


class Setup(NamedTuple):
    """What a model's settings say about its figures."""

    labels: tuple[str, ...] = ()
    """The names of the classes; empty where they have none."""
    top_k: int | None = None

    def slice_of(self, number: int) -> str:
        """Return what the figures of a class are stored under: its name, or its number where names are not unique."""
        names = [clean(label, NAME) for label in self.labels]
        unique = len(set(names)) == len(names)
        return f"{CLASS_SLICE}={names[number] if unique and number < len(names) else number}"


def figure(name: str, value: float, low: float | None, high: float | None, n: int) -> Metric:
    """Return a figure of all examples, its interval widened to hold it where rounding would leave it outside."""
    value = float(value)
    return Metric(
        name,
        value,
        None if low is None else min(float(low), value),
        None if high is None else max(float(high), value),
        int(n),
    )


class PerClass(NamedTuple):
    """A figure of each class; NaN where a class has none."""

    values: "NDArray[np.float64]"
    low: "NDArray[np.float64]"
    """NaN, as ``high``, where an interval is not known."""
    high: "NDArray[np.float64]"
    n: "NDArray[Any]"
    """How many examples each stands on."""

    def with_mean(self, name: str, setup: Setup) -> tuple[Metric, ...]:
        """Return the mean of the classes that have a figure, then each; one class alone speaks for all examples.

        The mean's limits are the mean of the limits: the deviation of a mean is at most the mean of the deviations,
        however the classes depend on each other, so the interval is as wide as it must be, or wider.
        """
        known = ~np.isnan(self.values)
        if not known.any():
            return ()
        if len(self.values) == 1:
            return (self._figure(name, 0, ""),)
        low, high = self.low[known].mean(), self.high[known].mean()
        if isnan(low) or isnan(high):
            low = high = None
        together = figure(name, self.values[known].mean(), low, high, int(self.n[known].max()))
        return (together, *self.figures(name, setup))

    def plain_mean(self, name: str, n: int) -> tuple[Metric, ...]:
        """Return the mean of all, one without a figure counting as 0, of which nothing is known; see `with_mean`."""
        if not n:
            return ()
        unknown = np.isnan(self.values)
        low, high = np.where(unknown, 0.0, self.low).mean(), np.where(unknown, 1.0, self.high).mean()
        return (figure(name, np.nan_to_num(self.values).mean(), low, high, n),)

    def figures(self, name: str, setup: Setup) -> tuple[Metric, ...]:
        """Return a figure for each class that has one; of two classes, the second's also stands for all examples."""
        if len(self.values) > CLASSES:
            return ()
        known = np.flatnonzero(~np.isnan(self.values)).tolist()
        of_each = tuple(self._figure(name, number, setup.slice_of(number)) for number in known)
        if len(self.values) == 2 and 1 in known:
            return (self._figure(name, 1, ""), *of_each)
        return of_each

    def _figure(self, name: str, number: int, part: str) -> Metric:
        value, low, high = (float(array[number]) for array in (self.values, self.low, self.high))
        n = int(self.n[number])
        if isnan(low) or isnan(high):
            return Metric(name, value, None, None, n, part)
        return Metric(name, value, min(low, value), max(high, value), n, part)
