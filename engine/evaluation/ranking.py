"""How the scores of a class rank its examples before the others, and the areas that follow.

Owns the scores until the end, because a rank is known only when all are there: as float32, and up to a limit.
Beyond it an even sample of the examples is kept, and the figures say on how many they stand. It must not know how
an area becomes a figure with its interval.
"""

from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from engine.evaluation.intervals import Floats
from engine.evaluation.outcomes import Outcomes, Scale

KEPT = 4 * 1024 * 1024
"""Scores that are kept, 16 MiB: all of 400,000 examples of ten classes."""

LOTS = 32
"""Bits of the lot that each example draws: the sample is halved as often as need be."""


class Areas(NamedTuple):
    """The areas of each class (or of the second of two) against the rest; NaN where a class has none."""

    roc: Floats
    """How often an example of the class scores above another one; equal scores count half."""
    roc_deviations: Floats
    precision_recall: Floats
    """Average precision: the mean of the precision at the score of each example of the class."""
    positives: "NDArray[np.int64]"
    rows: int


class Area(NamedTuple):
    """The same of one class."""

    roc: float
    roc_deviation: float
    precision_recall: float
    positives: int


class Ranking:
    """Gathers scores; of two classes those of the second, of more those of each."""

    def __init__(self) -> None:
        self._scores: list[NDArray[np.float32]] = []
        """One row a class, one column an example."""
        self._belong: list[NDArray[Any]] = []
        """Each example's class, or for several labels one row of booleans a label."""
        self._lots: list[NDArray[np.uint32]] = []
        self._held = 0
        self._halved = 0
        self._draw = default_rng(0)
        """Seeded, so that a repeated evaluation gives the same figures."""

    def add(self, outcomes: Outcomes) -> None:
        """Keep some examples' scores."""
        scores, several = ranked_scores(outcomes), outcomes.targets.ndim == 2
        belong = np.ascontiguousarray(outcomes.targets.T) if several else outcomes.targets.astype(np.int32)
        lots = self._draw.integers(0, 2**LOTS, len(outcomes), dtype=np.uint32)
        self._join(scores, belong, lots)

    def merge(self, other: Self) -> None:
        """Keep what ``other`` has kept."""
        self._halve(other._halved - self._halved)
        for part in zip(other._scores, other._belong, other._lots, strict=True):
            self._join(*part)

    def areas(self) -> Areas | None:
        """Return the areas, or ``None`` without examples."""
        return self._areas if self._held else None

    @cached_property
    def _areas(self) -> Areas:
        belong = np.concatenate(self._belong, axis=-1)
        classes = len(self._scores[0])
        # Class by class, so that never all scores are there twice.
        rows = (np.concatenate([part[number] for part in self._scores]) for number in range(classes))
        each = [area(row, row[members]) for row, members in zip(rows, _members(belong, classes), strict=True)]
        roc, deviations, precision_recall, positives = (
            np.array(column) for column in zip(*each, strict=True)
        )
        return Areas(roc, deviations, precision_recall, positives, belong.shape[-1])

    def _join(
        self, scores: "NDArray[np.float32]", belong: "NDArray[Any]", lots: "NDArray[np.uint32]"
    ) -> None:
        self.__dict__.pop("_areas", None)
        if self._halved:
            chosen = lots < 2 ** (LOTS - self._halved)
            scores, belong, lots = scores[:, chosen], belong[..., chosen], lots[chosen]
        self._scores.append(scores)
        self._belong.append(belong)
        self._lots.append(lots)
        self._held += len(lots)
        while self._held * len(scores) > KEPT and self._halved < LOTS:
            self._halve(1)

    def _halve(self, times: int) -> None:
        """Keep the examples whose lots are among the lowest half, that often."""
        if times <= 0:
            return
        self._halved += times
        parts = list(zip(self._scores, self._belong, self._lots, strict=True))
        self._scores, self._belong, self._lots, self._held = [], [], [], 0
        for part in parts:
            self._join(*part)


def ranked_scores(outcomes: Outcomes) -> "NDArray[np.float32]":
    """Return scores by which each class' examples can be ranked, one row a class; one row for the second of two.

    Of logits these are the logarithms of the odds, which unlike probabilities tell near certainties apart.
    """
    columns, logits = outcomes.columns, outcomes.scale is Scale.LOGITS
    if outcomes.targets.ndim == 1 and len(columns) == 2:
        columns = columns[1:] - columns[:1] if logits else columns[1:]
    elif outcomes.targets.ndim == 1 and logits:
        columns = _log_odds(outcomes)
    return columns.astype(np.float32)


def area(scores: "NDArray[np.float32]", of_class: "NDArray[np.float32]") -> Area:
    """Return the areas of one class, NaN where it has no examples or all, and the deviation of that under the ROC.

    The deviation is that of DeLong, DeLong and Clarke-Pearson (1988, Biometrics 44:837), NaN with less than two
    examples on either side. What a rank among all examples needs is looked up for the few of the class only.

    Args:
        scores: of all examples; they are put in order.
        of_class: of the examples of the class among them.
    """
    rows, there = len(scores), len(of_class)
    others = rows - there
    if there == 0:
        return Area(np.nan, np.nan, np.nan, 0)
    scores.sort()
    values, positive = np.unique(of_class, return_counts=True)
    # How many examples of the class, and how many others, lie below each value, and on it.
    below = np.cumsum(positive) - positive
    others_below = scores.searchsorted(values, "left") - below
    others_equal = scores.searchsorted(values, "right") - below - positive - others_below
    given = there - below
    average_precision = float(positive @ (given / (given + others - others_below))) / there
    if others == 0:
        return Area(np.nan, np.nan, average_precision, there)
    placed = (others_below + others_equal / 2) / others
    roc = float(positive @ placed) / there
    if min(there, others) < 2:
        return Area(roc, np.nan, average_precision, there)
    # The others on a value see half of it above them, those below it, down to the next one, see all of it.
    between = np.diff(others_below, prepend=0) - np.concatenate([[0], others_equal[:-1]])
    beyond = others - others_below[-1] - others_equal[-1]
    squares = others_equal @ ((given - positive / 2) / there - roc) ** 2
    squares += between @ (given / there - roc) ** 2 + beyond * roc**2
    variance = (
        float(positive @ (placed - roc) ** 2) / (there - 1) / there + float(squares) / (others - 1) / others
    )
    return Area(roc, float(np.sqrt(variance)), average_precision, there)


def _members(belong: "NDArray[Any]", classes: int) -> "list[NDArray[Any]]":
    """Return what picks the examples of each class."""
    if belong.ndim == 2:
        return list(belong)
    if classes == 1:
        return [belong == 1]
    order = np.argsort(belong, kind="stable")
    ends = np.searchsorted(belong[order], np.arange(classes + 1))
    return [order[start:stop] for start, stop in pairwise(ends)]


def _log_odds(outcomes: Outcomes) -> Floats:
    weights, first = outcomes.weights, (outcomes.predicted, outcomes.rows)
    rest = outcomes.sums - weights
    # The largest weight would be taken from a sum that it makes up: so many digits would be lost.
    without = weights.copy()
    without[first] = 0
    rest[first] = without.sum(axis=0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(weights) - np.log(rest))
