"""How often each class was taken for each.

Owns the confusion counts of classification, from which several figures follow. With few classes they are a
matrix, with many only the pairs that occur, so that memory follows the examples and not the square of the
classes. It must not compute any figure.
"""

from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.outcomes import Outcomes

DENSE = 256
"""Above so many classes no person reads the matrix, and it would be the largest thing in the database."""

Numbers = NDArray[np.int64]


class Pairs(NamedTuple):
    """The pairs of classes that occur, in the order of their true and then of their predicted class."""

    true: Numbers
    predicted: Numbers
    counts: Numbers


class Counts:
    """Counts examples by true and predicted class."""

    def __init__(self) -> None:
        self.classes = 0
        self._matrix: Numbers = np.empty(0, dtype=np.int64)
        """Row by row; empty with many classes."""
        self._cells: Numbers = np.empty(0, dtype=np.int64)
        """With many classes: the places in the matrix that occur, in order, and how often."""
        self._times: Numbers = np.empty(0, dtype=np.int64)
        self._tally: Tally | None = None

    def add(self, outcomes: Outcomes) -> None:
        """Count some examples."""
        self._begin(outcomes.scores.shape[1])
        self._tally = None
        cells = outcomes.targets * self.classes + outcomes.predicted
        if len(self._matrix):
            self._matrix += np.bincount(cells, minlength=len(self._matrix))
        else:
            self._join(cells, np.ones(len(cells), dtype=np.int64))

    def merge(self, other: Self) -> None:
        """Count what ``other`` has counted."""
        if other.classes:
            self._tally = None
            self._begin(other.classes)
            self._matrix += other._matrix
            self._join(other._cells, other._times)

    def matrix(self) -> tuple[tuple[int, ...], ...] | None:
        """Return a row for each true class and a column for each predicted one, or ``None`` with too many classes."""
        if not len(self._matrix):
            return None
        return tuple(map(tuple, self._matrix.reshape(self.classes, self.classes).tolist()))

    def tally(self) -> "Tally":
        """Return what the figures are computed from."""
        if self._tally is None:
            cells, times = self._cells, self._times
            if len(self._matrix):
                cells = np.flatnonzero(self._matrix)
                times = self._matrix[cells]
            true, predicted = np.divmod(cells, max(self.classes, 1))
            self._tally = Tally(self.classes, Pairs(true, predicted, times))
        return self._tally

    def _begin(self, classes: int) -> None:
        if not self.classes:
            self.classes = classes
            self._matrix = np.zeros(classes * classes if classes <= DENSE else 0, dtype=np.int64)

    def _join(self, cells: Numbers, times: Numbers) -> None:
        if len(cells):
            merged, places = np.unique(np.concatenate([self._cells, cells]), return_inverse=True)
            both = np.concatenate([self._times, times])
            self._cells, self._times = merged, np.bincount(places, both).astype(np.int64)


class Tally:
    """The counts in the forms that figures need."""

    def __init__(self, classes: int, pairs: Pairs) -> None:
        self.classes = classes
        self.pairs = pairs

    @cached_property
    def n(self) -> int:
        """How many examples there are."""
        return int(self.pairs.counts.sum())

    @cached_property
    def right(self) -> Numbers:
        """How often each class was recognised."""
        same = self.pairs.true == self.pairs.predicted
        return self._per_class(self.pairs.true[same], self.pairs.counts[same])

    @cached_property
    def true(self) -> Numbers:
        """How many examples each class has."""
        return self._per_class(self.pairs.true, self.pairs.counts)

    @cached_property
    def predicted(self) -> Numbers:
        """How often each class was predicted."""
        return self._per_class(self.pairs.predicted, self.pairs.counts)

    @cached_property
    def occurring(self) -> "NDArray[np.bool_]":
        """Which classes are the truth or the prediction of any example."""
        return np.asarray((self.true > 0) | (self.predicted > 0))

    def _per_class(self, classes: Numbers, counts: Numbers) -> Numbers:
        return np.bincount(classes, counts, minlength=self.classes).astype(np.int64)
