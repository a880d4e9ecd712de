"""The absolute errors of predicted values, kept for figures that need them in order.

Owns how many are kept and the interval of a quantile. It must not know which quantiles are wanted.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from engine.evaluation.confidence import CONFIDENCE
from engine.evaluation.outcomes import Outcomes

KEPT = 4_000_000
"""Errors that are kept, 32 MB; with more examples there are no quantiles, rather than approximate ones."""


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
        first = int(binom.ppf(tail, self.n, share))
        last = int(binom.ppf(1 - tail, self.n, share)) + 1
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
