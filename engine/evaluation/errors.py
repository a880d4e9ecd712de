"""The absolute errors of predicted values, kept for figures that need them in order.

Owns how many are kept and the interval of a quantile. It must not know which quantiles are wanted.
"""

from math import ceil, floor, sqrt
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.confidence import CONFIDENCE
from engine.evaluation.outcomes import Outcomes

KEPT = 4_000_000
"""Errors that are kept, 32 MB; with more examples there are no quantiles, rather than approximate ones."""

SURELY = 12
"""So many standard deviations, and so many more, are on either side of its mean all that a count ever comes to: the chances of
what lies beyond would not show in a sum of floats."""


class AbsoluteErrors:
    """Gathers errors as long as they are few enough, and their maximum whatever their number."""

    def __init__(self) -> None:
        self.n = 0
        self.largest = 0.0
        self._kept: list[NDArray[np.float64]] = []

    def add(self, outcomes: Outcomes) -> None:
        """Count one batch."""
        self._take(np.abs(outcomes.predicted - outcomes.targets), len(outcomes.targets))

    def merge(self, other: Self) -> None:
        """Count what ``other`` has counted."""
        self.largest = max(self.largest, other.largest)
        self._take(np.concatenate([np.empty(0), *other._kept]), other.n)

    def quantile(self, share: float) -> "tuple[float, float | None, float | None] | None":
        """Return a quantile (numpy's linear one) and its limits, or ``None`` where the errors are not all kept.

        The limits are order statistics, whatever the errors' distribution: the number of errors below the true
        quantile is binomial (Conover 1999, Practical Nonparametric Statistics, 3.2). A limit that would lie beyond
        the smallest or largest error is not known.
        """
        if not self.n or self.n > KEPT:
            return None
        ordered = np.sort(np.concatenate(self._kept))
        self._kept = [ordered]
        tail = (1 - CONFIDENCE) / 2
        first = place_of(tail, self.n, share)
        last = place_of(1 - tail, self.n, share) + 1
        low = float(ordered[first - 1]) if first >= 1 else None
        high = float(ordered[last - 1]) if last <= self.n else None
        return float(np.quantile(ordered, share)), low, high

    def _take(self, errors: "NDArray[Any]", n: int) -> None:
        self.n += n
        if len(errors):
            self.largest = max(self.largest, float(errors.max()))
        if self.n <= KEPT:
            self._kept.append(errors)
        else:
            self._kept.clear()


def place_of(chance: float, n: int, share: float) -> int:
    """Return the least count that is not exceeded with a ``chance``, of ``n`` where each counts with the chance ``share``.

    SciPy's ``binom.ppf`` says the same, and importing it took most of the time that a host of ONNX Runtime needed to start.
    """
    mean, reach = n * share, SURELY * sqrt(n * share * (1 - share)) + SURELY
    counts = np.arange(max(floor(mean - reach), 0), min(ceil(mean + reach), n) + 1)
    # By what its chance grows from each count to the next: only their proportions matter, and logarithms never vanish.
    grows = np.log((n - counts[:-1]) / (counts[:-1] + 1) * (share / (1 - share)))
    heights = np.concatenate([[0.0], np.cumsum(grows)])
    below = np.cumsum(np.exp(heights - heights.max()))
    return int(counts[np.searchsorted(below, chance * below[-1])])
