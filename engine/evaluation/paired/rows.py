"""What examples add to a figure, and an estimate of it: what every way to an interval begins and ends with.

A figure here is a function of means of columns; each example has a row of them. It must not know how an interval is
made.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Course(Enum):
    """How a figure follows the means that it is made of: what decides how its interval may be had without draws."""

    STRAIGHT = "a sum of the means"
    CURVED = "a function with derivatives"


class Rows(NamedTuple):
    """What examples add to a figure; equal ones may share a row."""

    values: Floats
    """One row an example, or a group of equal ones; one column a mean."""
    times: "NDArray[np.int64]"
    """How many examples each row stands for."""
    figure: Callable[[Floats], Floats]
    """From means [..., columns] to the figure [...]."""
    course: Course = Course.CURVED
    shifts: Callable[[float], Floats] | None = None
    """The same as `shifted`, where that can be had with less work than from each row's means."""

    @property
    def n(self) -> int:
        """How many examples there are."""
        return int(self.times.sum())

    @property
    def means(self) -> Floats:
        """The mean of each column."""
        return weighted(self.times, self.values) / self.n

    def shifted(self, step: float) -> Floats:
        """Return the figure with so much of the whole weight moved to each row in turn."""
        if self.shifts is not None:
            return self.shifts(step)
        means = self.means
        return self.figure(means + step * (self.values - means))


class Estimate(NamedTuple):
    """A figure with its two-sided interval."""

    value: float
    low: float
    high: float


def single(values: Floats, figure: Callable[[Floats], Floats], course: Course = Course.CURVED) -> Rows:
    """Return rows of which each is one example: ``values`` are [examples, means]."""
    return Rows(values, np.ones(len(values), dtype=np.int64), figure, course)


def weighted(weights: "NDArray[Any]", values: Floats) -> Floats:
    """Return the sum of rows, each as often as its weight says: without the threads of the matrix library."""
    return np.asarray(np.einsum("r,rc->c", weights.astype(np.float64), values))
