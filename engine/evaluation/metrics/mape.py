"""Mean absolute percentage error of predicted values, as a share: 0.05 is five percent.

Owns the moments of the errors divided by their targets; its interval is Student's. A target of 0 has no percentage, so
with one among the targets there is no such figure, where others divide by a tiny number and get a huge one.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.moments import Moments
from engine.evaluation.outcomes import Outcomes
from storage.records import Metric


def shares(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return the size of each error as a share of its target; not finite where the target is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.abs((outcomes.predicted - outcomes.targets) / outcomes.targets))


class MeanAbsolutePercentageError:
    """Gathers relative errors."""

    def __init__(self) -> None:
        self._moments = Moments()
        self._undefined = False

    def add(self, outcomes: Outcomes) -> None:
        """Count one batch."""
        if not self._undefined and bool(np.all(outcomes.targets)):
            self._moments.add(shares(outcomes))
        else:
            self._undefined = True

    def merge(self, other: Self) -> None:
        """Count what ``other`` has counted."""
        self._moments.merge(other._moments)
        self._undefined |= other._undefined

    def metric(self) -> Metric | None:
        """Return the mean, or ``None`` where a target is 0."""
        if self._undefined or not self._moments.n:
            return None
        low, high = self._moments.interval(least=0.0)
        return Metric("mape", self._moments.mean, low, high, self._moments.n)
