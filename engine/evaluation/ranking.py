"""How the scores of a class rank its examples before the others, and the areas that follow.

Owns the scores until the end, because a rank is known only when all are there: as float32, and up to a limit.
Beyond it an even sample of the examples is kept, and the figures say on how many they stand. It must not know how
an area becomes a figure with its interval.
"""

from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.intervals import Floats
from engine.evaluation.outcomes import Outcomes, Scale

KEPT = 8 * 1024 * 1024
"""Scores that are kept, 32 MiB: all of 800,000 examples of ten classes."""

LOTS = 32
"""Bits of the lot that each example draws: the sample is halved as often as need be."""

NEGATIVE = -(2**31)


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
        self._draw = np.random.default_rng(0)
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
        scores, belong = np.concatenate(self._scores, axis=1), np.concatenate(self._belong, axis=-1)
        if belong.ndim == 2:
            members = list(belong)
        else:
            members = [belong == number for number in ([1] if len(scores) == 1 else range(len(scores)))]
        each = [area(row, positive) for row, positive in zip(scores, members, strict=True)]
        roc, deviations, precision_recall = (np.array(column) for column in zip(*each, strict=True))
        positives = np.array([np.count_nonzero(positive) for positive in members])
        return Areas(roc, deviations, precision_recall, positives, scores.shape[1])

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
    scores = outcomes.scores
    if outcomes.targets.ndim == 2:
        ranked = scores
    elif scores.shape[1] == 2:
        ranked = scores[:, 1:] - scores[:, :1] if outcomes.scale is Scale.LOGITS else scores[:, 1:]
    elif outcomes.scale is Scale.LOGITS:
        ranked = _log_odds(outcomes)
    else:
        ranked = scores
    # Adding 0 makes zero of minus zero, whose bits differ although it is the same number.
    return np.ascontiguousarray(ranked.T, dtype=np.float32) + np.float32(0)


def area(scores: "NDArray[np.float32]", positive: "NDArray[np.bool_]") -> Area:
    """Return the areas of one class, NaN where it has no examples or all, and the deviation of that under the ROC.

    The deviation is that of DeLong, DeLong and Clarke-Pearson (1988, Biometrics 44:837), NaN with less than two
    examples on either side. ``scores`` and ``positive`` have one entry an example.
    """
    rows, there = len(scores), int(np.count_nonzero(positive))
    if there == 0:
        return Area(np.nan, np.nan, np.nan)
    last, positives = _cumulated(scores, positive)
    total = last + 1
    of_class = np.diff(positives, prepend=0)
    # Average precision: whoever has at least this score is called positive.
    precision = (there - positives + of_class) / (rows - total + np.diff(total, prepend=0))
    average_precision = float(of_class @ precision) / there
    others = rows - there
    if others == 0:
        return Area(np.nan, np.nan, average_precision)
    of_others = np.diff(total - positives, prepend=0)
    below = (total - positives - of_others / 2) / others
    above = (there - positives + of_class / 2) / there
    roc = float(of_class @ below) / there
    if min(there, others) < 2:
        return Area(roc, np.nan, average_precision)
    variance = float(of_class @ (below - roc) ** 2) / (there - 1) / there
    variance += float(of_others @ (above - roc) ** 2) / (others - 1) / others
    return Area(roc, float(np.sqrt(variance)), average_precision)


def _cumulated(
    scores: "NDArray[np.float32]", positive: "NDArray[np.bool_]"
) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
    """Return for each different score, upwards, the place of its last example and the positive ones until there.

    A score and what its example is make one whole number, in the order of the scores: sorting numbers is several
    times quicker than finding the order of others. The bits of a float are in its order once those of negative
    ones are turned around.
    """
    bits = scores.view(np.int32).astype(np.int64)
    np.copyto(bits, NEGATIVE - bits, where=bits < 0)
    keys = bits * 2 + positive
    keys.sort()
    values = keys >> 1
    last = np.flatnonzero(np.append(values[1:] != values[:-1], True))
    return last, np.cumsum(keys & 1)[last]


def _log_odds(outcomes: Outcomes) -> Floats:
    weights, first = outcomes.weights, (outcomes.rows, outcomes.predicted)
    rest = outcomes.sums[:, np.newaxis] - weights
    # The largest weight would be taken from a sum that it makes up: so many digits would be lost.
    without = weights.copy()
    without[first] = 0
    rest[first] = without.sum(axis=1)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(weights) - np.log(rest))
