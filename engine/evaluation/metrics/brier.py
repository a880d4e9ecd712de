"""Brier score: the squared distance between the given probabilities and the truth.

Owns the moments of the examples' distances. Of two classes it is (p - y)^2, from 0 to 1; of more it is the sum over
the classes, from 0 to 2 (Brier 1950), as scikit-learn has both. Its interval is Student's.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.moments import Moments
from engine.evaluation.outcomes import Outcomes, Scale
from storage.records import Metric


def distances(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return the squared distance of each example."""
    squares = (outcomes.weights**2).sum(axis=0) / outcomes.sums**2
    found = np.maximum(squares + 1 - 2 * outcomes.truth, 0)
    return np.asarray(found / 2 if outcomes.scores.shape[1] == 2 else found)


def label_distances(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return the mean squared distance of each example's labels."""
    return np.asarray(((outcomes.label_probabilities - outcomes.targets) ** 2).mean(axis=1))


class Brier:
    """Gathers squared distances."""

    def __init__(self) -> None:
        self._moments = Moments()
        self._undefined = False

    def add(self, outcomes: Outcomes) -> None:
        """Count some examples."""
        if outcomes.scale is Scale.SCORES:
            self._undefined = True
            return
        self._moments.add(distances(outcomes))

    def merge(self, other: Self) -> None:
        """Count what ``other`` has counted."""
        self._moments.merge(other._moments)
        self._undefined |= other._undefined

    def metric(self) -> Metric | None:
        """Return the mean distance, or ``None`` where the outputs are no probabilities."""
        if self._undefined or not self._moments.n:
            return None
        low, high = self._moments.interval(least=0.0)
        return Metric("brier", self._moments.mean, low, high, self._moments.n)


class LabelBrier(Brier):
    """Gathers the mean squared distances of each example's labels."""

    def add(self, outcomes: Outcomes) -> None:
        """Count some examples."""
        self._moments.add(label_distances(outcomes))
