"""Root of the mean squared error of predicted values.

Owns the moments of the squared errors; its interval is that of their mean, under the root.
"""

from math import sqrt
from typing import Self

from engine.evaluation.moments import Moments
from engine.evaluation.outcomes import Outcomes
from storage.records import Metric


class RootMeanSquaredError:
    """Gathers squared errors."""

    def __init__(self) -> None:
        self._moments = Moments()

    def add(self, outcomes: Outcomes) -> None:
        """Count one batch."""
        self._moments.add((outcomes.predicted - outcomes.targets) ** 2)

    def merge(self, other: Self) -> None:
        """Count what ``other`` has counted."""
        self._moments.merge(other._moments)

    def metric(self) -> Metric | None:
        """Return the root of the mean."""
        if not self._moments.n:
            return None
        low, high = self._moments.interval(least=0.0)
        return Metric(
            "rmse",
            sqrt(self._moments.mean),
            None if low is None else sqrt(low),
            None if high is None else sqrt(high),
            self._moments.n,
        )
