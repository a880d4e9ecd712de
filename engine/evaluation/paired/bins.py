"""The calibration errors of two versions on the same examples, and the interval of what they are apart by.

Owns what an example adds to a calibration error: one number to one bin of each version. The error has a kink where a bin
is calibrated, so that no expansion tells its bias; but the means of the bins are sums of thousands of examples, normal with
a covariance that is known, and they are drawn instead of the examples.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.metrics.ece import BINS, bins_of
from engine.evaluation.paired import bca
from engine.evaluation.paired.rows import Estimate, Floats, Rows, single
from storage.vocabulary import Column

DRAWS = 5000
"""Each costs no more for a million examples: more of them than of examples, and steadier limits."""

TOGETHER = 256
"""Draws that are made at once: for so few the matrix library starts no threads, which wait for each other on a busy
machine many times longer than they work."""

ROUNDING = 1e-12
"""Of a variance: what is left of it is nothing but rounding."""

_ONES = np.ones(BINS)


class Bins:
    """Right or wrong less the probability, each example's in its bin of either version."""

    def __init__(self, before: Mapping[str, NDArray[Any]], after: Mapping[str, NDArray[Any]]) -> None:
        gaps, places = zip(*(_gaps(values) for values in (before, after)), strict=True)
        self._gaps: Floats = np.stack(gaps)
        self._places = np.stack([places[0], places[1] + BINS])
        self.n = self._gaps.shape[1]

    @cached_property
    def sums(self) -> Floats:
        """The sum of each bin, those of the version before first."""
        return self._summed(self._gaps)

    @property
    def value(self) -> float:
        """How much smaller the error of the version after is."""
        return float(advantage(self.sums / self.n))

    def rows(self) -> Rows:
        """Return the same as rows of examples, for who draws them."""
        columns = np.zeros((self.n, 2 * BINS))
        for places, gaps in zip(self._places, self._gaps, strict=True):
            columns[np.arange(self.n), places] = gaps
        return single(columns, advantage)

    def influence(self) -> Floats:
        """Return how much less the advantage would be without each example, beside the mean of that."""
        whole = self.sums[self._places]
        less = np.abs(whole) - np.abs(whole - self._gaps)
        # What all examples have in common falls out with the mean.
        without = (less[1] - less[0]) / (self.n - 1)
        return np.asarray(without.mean() - without)

    def spread(self, influence: Floats) -> Floats:
        """Return the covariances of the means of the bins and, in the last place, of the influence."""
        places, gaps, bins, size = self._places, self._gaps, 2 * BINS, 2 * BINS + 1
        total = np.zeros((size, size))
        np.fill_diagonal(total[:bins, :bins], self._summed(gaps**2))
        both = np.bincount(places[0] * bins + places[1], gaps[0] * gaps[1], minlength=bins * bins)
        total[:bins, :bins] += both.reshape(bins, bins) + both.reshape(bins, bins).T
        total[:bins, :bins] -= np.outer(self.sums, self.sums) / self.n
        total[-1, :bins] = self._summed(gaps * influence)
        total[:bins, -1] = total[-1, :bins]
        total[-1, -1] = influence @ influence
        return np.asarray(total / self.n**2)

    def _summed(self, values: Floats) -> Floats:
        """Return what each bin has of numbers of each example, [versions, examples]."""
        return np.bincount(self._places.ravel(), values.ravel(), minlength=2 * BINS).astype(np.float64)


def advantage(means: Floats) -> Floats:
    """Return how much smaller the second error is, from means of bins, [..., bins of both versions]."""
    sizes = np.abs(means)
    # A product with ones is a sum along rows that are short, several times as quick.
    return np.asarray((sizes[..., :BINS] - sizes[..., BINS:]) @ _ONES)


def interval(bins: Bins, confidence: float, *, seed: int, draws: int = DRAWS) -> Estimate:
    """Return the advantage with BCa's limits, from means drawn from the normal distribution that they have.

    It is what the multiplier bootstrap's means have, whose examples get independent normal weights (Chernozhukov,
    Chetverikov and Kato 2013, Annals of Statistics 41:2786): a few numbers a draw say the same as one for each
    example. What skewness a mean keeps among so many is put back by the first term of Cornish and Fisher's expansion
    (1938, Review of the International Statistical Institute 5:307).
    """
    means, value, influence = bins.sums / bins.n, bins.value, bins.influence()
    if not influence.any():
        return Estimate(value, value, value)
    acceleration = bca.acceleration(influence)
    spread = bins.spread(influence)
    deviation, axes = float(np.sqrt(spread[-1, -1])), _root(spread)
    axes = axes[axes.any(axis=1)]
    random, found = np.random.default_rng(seed), []
    for start in range(0, draws, TOGETHER):
        moved = random.standard_normal((min(TOGETHER, draws - start), len(axes))) @ axes
        far = moved[:, -1] / deviation
        skewed = acceleration * deviation * (bins.n - 1) * (far**2 - 1)
        found.append(advantage(means + moved[:, :-1]) + skewed)
    low, high = bca.limits(np.sort(np.concatenate(found)), value, acceleration, confidence)
    return Estimate(value, low, high)


def _gaps(values: Mapping[str, NDArray[Any]]) -> "tuple[Floats, NDArray[np.intp]]":
    confidence = values[Column.CONFIDENCE].astype(np.float64)
    right = values[Column.PREDICTED] == values[Column.TARGET]
    return right - confidence, bins_of(confidence)


def _root(spread: Floats) -> Floats:
    """Return what normal numbers are multiplied with to vary together as covariances say: Cholesky's root.

    Means that follow from others, or never vary, get nothing of their own; the library's root knows no such ones.
    """
    left, root = spread.copy(), np.zeros_like(spread)
    for place, whole in enumerate(np.diag(spread)):
        if left[place, place] > whole * ROUNDING:
            root[place] = left[place] / np.sqrt(left[place, place])
            left -= np.outer(root[place], root[place])
    return root
