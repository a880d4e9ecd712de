"""Mean squared error of predicted values.

Owns the moments of the squared errors; its interval is Student's.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.moments import Moments
from engine.evaluation.outcomes import Outcomes
from storage.records import Metric


def squares(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return the square of each error."""
    return np.asarray((outcomes.predicted - outcomes.targets) ** 2)


class MeanSquaredError:
    """Gathers squared errors."""

    def __init__(self) -> None:
        self._moments = Moments()

    def add(self, outcomes: Outcomes) -> None:
        """Count one batch."""
        self._moments.add(squares(outcomes))

    def merge(self, other: Self) -> None:
        """Count what ``other`` has counted."""
        self._moments.merge(other._moments)

    def metric(self) -> Metric | None:
        """Return the mean."""
        if not self._moments.n:
            return None
        low, high = self._moments.interval(least=0.0)
        return Metric("mse", self._moments.mean, low, high, self._moments.n)
