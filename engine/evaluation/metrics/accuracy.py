"""Accuracy: the share of examples whose class was predicted.

Owns two counts; its interval is Wilson's. The class with the largest output is the prediction, the first of
them where several are equal, as numpy and Keras have it.
"""

from typing import Self

from engine.evaluation.confidence import wilson
from engine.evaluation.outcomes import Outcomes
from storage.records import Metric


class Accuracy:
    """Counts hits."""

    name = "accuracy"

    def __init__(self) -> None:
        self._right = 0
        self._n = 0

    def add(self, outcomes: Outcomes) -> None:
        """Count one batch."""
        self._right += int(outcomes.right.sum())
        self._n += len(outcomes.targets)

    def merge(self, other: Self) -> None:
        """Count what ``other`` has counted."""
        self._right += other._right
        self._n += other._n

    def metric(self) -> Metric | None:
        """Return the share of hits."""
        if not self._n:
            return None
        low, high = wilson(self._right, self._n)
        return Metric(self.name, self._right / self._n, low, high, self._n)


class SubsetAccuracy(Accuracy):
    """Counts hits where an example may have several labels: all must be right."""

    name = "subset_accuracy"
