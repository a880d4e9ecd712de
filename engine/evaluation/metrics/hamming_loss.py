"""Hamming loss: the share of labels that are wrong, whether missing or too many.

Owns the moments of each example's share. Its interval is Student's.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.moments import Moments
from engine.evaluation.outcomes import Outcomes
from storage.records import Metric


def shares(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return the share of each example's labels that are wrong."""
    return np.asarray((outcomes.predicted != outcomes.targets).mean(axis=1))


class HammingLoss:
    """Gathers the shares of wrong labels."""

    def __init__(self) -> None:
        self._moments = Moments()

    def add(self, outcomes: Outcomes) -> None:
        """Count some examples."""
        self._moments.add(shares(outcomes))

    def merge(self, other: Self) -> None:
        """Count what ``other`` has counted."""
        self._moments.merge(other._moments)

    def metric(self) -> Metric | None:
        """Return the mean share, or ``None`` without examples."""
        if not self._moments.n:
            return None
        low, high = self._moments.interval(least=0.0)
        return Metric("hamming_loss", self._moments.mean, low, high, self._moments.n)
