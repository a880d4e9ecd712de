"""Mean and variance of numbers that arrive in batches.

Owns the merging without loss of precision (Chan, Golub and LeVeque 1979). It must not know what the
numbers are.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.confidence import mean_reach


class Moments:
    """How many numbers there were, their mean, and the sum of squares around it."""

    def __init__(self) -> None:
        self.n = 0
        self.mean = 0.0
        self._squares = 0.0

    def add(self, values: "NDArray[np.float64]") -> None:
        """Count one batch: a row of finite numbers, which may be empty."""
        if len(values):
            mean = float(values.mean())
            self._join(len(values), mean, float(((values - mean) ** 2).sum()))

    def merge(self, other: Self) -> None:
        """Count what ``other`` has counted."""
        if other.n:
            self._join(other.n, other.mean, other._squares)

    def interval(self, *, least: float) -> tuple[float | None, float | None]:
        """Return Student's interval of the mean, not below ``least``; unknown with fewer than two numbers."""
        reach = mean_reach(self._squares / (self.n - 1), self.n) if self.n > 1 else None
        if reach is None:
            return None, None
        return max(least, self.mean - reach), self.mean + reach

    def _join(self, n: int, mean: float, squares: float) -> None:
        total = self.n + n
        apart = mean - self.mean
        self.mean += apart * n / total
        self._squares += squares + apart**2 * self.n * n / total
        self.n = total
