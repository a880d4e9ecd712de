"""The confusion matrix: how often each class was taken for each.

Owns the counts per pair of classes. It is no figure with an interval, so it is not in the list of metrics.
"""

from typing import Self

import numpy as np

from engine.evaluation.outcomes import Outcomes

CLASSES = 256
"""Above so many classes no person reads the matrix, and it would be the largest thing in the database."""


class Confusion:
    """Counts examples by true class (row) and predicted class (column)."""

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._counts = np.zeros(classes * classes if classes <= CLASSES else 0, dtype=np.int64)

    def add(self, outcomes: Outcomes) -> None:
        """Count one batch."""
        if len(self._counts):
            cells = outcomes.targets * self._classes + outcomes.predicted
            self._counts += np.bincount(cells, minlength=len(self._counts))

    def merge(self, other: Self) -> None:
        """Count what ``other`` has counted."""
        self._counts += other._counts

    def matrix(self) -> tuple[tuple[int, ...], ...] | None:
        """Return the counts, or ``None`` with too many classes."""
        if not len(self._counts):
            return None
        return tuple(map(tuple, self._counts.reshape(self._classes, self._classes).tolist()))
