"""How often each label was given, and rightly, where an example may have several.

Owns the counts of several labels, from which several figures follow. It must not compute any figure.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.intervals import Floats
from engine.evaluation.outcomes import Outcomes

Numbers = NDArray[np.int64]

RIGHT, PREDICTED, TRUE = range(3)
"""Places in `LabelCounts.squares`."""


class LabelCounts:
    """Counts, label by label, how often it was given, true, and both; empty until an example was seen."""

    def __init__(self) -> None:
        self.n = 0
        self.right: Numbers = np.empty(0, dtype=np.int64)
        self.predicted: Numbers = np.empty(0, dtype=np.int64)
        self.true: Numbers = np.empty(0, dtype=np.int64)
        self.squares: Floats = np.zeros((3, 3))
        """Sums over the examples of the products of how many labels each has right, predicted and true: an
        example's labels depend on each other, so that examples and not labels are what chance draws."""

    def add(self, outcomes: Outcomes) -> None:
        """Count some examples."""
        both = outcomes.predicted & outcomes.targets
        counted = (both, outcomes.predicted, outcomes.targets)
        each = np.array([labels.sum(axis=1) for labels in counted], dtype=np.float64)
        self._join(len(outcomes), *(labels.sum(axis=0) for labels in counted), squares=each @ each.T)

    def merge(self, other: Self) -> None:
        """Count what ``other`` has counted."""
        self._join(other.n, other.right, other.predicted, other.true, squares=other.squares)

    def _join(self, n: int, *counts: Numbers, squares: Floats) -> None:
        if not n:
            return
        mine = (self.right, self.predicted, self.true)
        self.right, self.predicted, self.true = (
            more + old if len(old) else more for old, more in zip(mine, counts, strict=True)
        )
        self.squares = self.squares + squares
        self.n += n
