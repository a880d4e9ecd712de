"""Expected calibration error: how far the probability of the predicted class is from how often it is right.

Owns fifteen bins of equal width over that probability, each open below (Guo et al. 2017, ICML): the figure is the
mean over the examples of the distance between a bin's mean probability and its share of right ones. The distance
of a bin is the size of a noisy number, so the figure is too high where a model is well calibrated (Roelofs et al.
2022, AISTATS). Its interval takes that in: its upper limit is the normal one, its lower limit is that less the most
that each bin may be too high by, the bias of a folded normal distribution. It is wider than need be.
"""

from math import sqrt
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.chances import all_below
from engine.evaluation.figures import figure
from engine.evaluation.intervals import Floats, Z
from engine.evaluation.outcomes import Outcomes, Scale
from storage.records import Metric

BINS = 15


def confidences(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return the probability of each example's predicted class."""
    return np.asarray(outcomes.weights[outcomes.predicted, outcomes.rows] / outcomes.sums)


def bins_of(confidence: "NDArray[np.float64]") -> "NDArray[np.intp]":
    """Return the bin in which each probability lies, from 0 on; what lies on an edge is in the lower one."""
    return np.asarray(np.clip(np.ceil(confidence * BINS) - 1, 0, BINS - 1), dtype=np.intp)


class CalibrationError:
    """Gathers, for each bin, how far probabilities are from what happened."""

    def __init__(self) -> None:
        self._n = 0
        self._gaps: Floats = np.zeros(BINS)
        """Sums of right (1) or wrong (0) less the probability."""
        self._squares: Floats = np.zeros(BINS)
        self._undefined = False

    def add(self, outcomes: Outcomes) -> None:
        """Count some examples."""
        if outcomes.scale is Scale.SCORES:
            self._undefined = True
            return
        confidence = confidences(outcomes)
        bins = bins_of(confidence)
        gaps = (outcomes.predicted == outcomes.targets) - confidence
        self._n += len(outcomes)
        self._gaps += np.bincount(bins, gaps, minlength=BINS)
        self._squares += np.bincount(bins, gaps**2, minlength=BINS)

    def merge(self, other: Self) -> None:
        """Count what ``other`` has counted."""
        self._n += other._n
        self._gaps += other._gaps
        self._squares += other._squares
        self._undefined |= other._undefined

    def metric(self) -> Metric | None:
        """Return the mean distance, or ``None`` where the outputs are no probabilities."""
        if self._undefined or not self._n:
            return None
        n, gaps = self._n, np.abs(self._gaps) / self._n
        value = float(gaps.sum())
        if n < 2:
            return figure("ece", value, None, None, n)
        deviations = np.sqrt(np.maximum(self._squares / n - gaps**2, 0) / (n - 1))
        reach = Z * sqrt(float(deviations @ deviations))
        least = value - float(_excess(gaps, deviations).sum()) - reach
        return figure("ece", value, max(0.0, least), min(1.0, value + reach), n)


def _excess(gaps: Floats, deviations: Floats) -> "NDArray[np.float64]":
    """Return the most by which the sizes of normal numbers exceed the sizes of their means on average.

    The smaller the mean, the larger the excess, so each mean is taken to be as small as its interval allows.
    """
    known = deviations > 0
    spread = np.where(known, deviations, 1.0)
    centre = np.maximum(gaps - Z * deviations, 0) / spread
    folded = (
        np.sqrt(2 / np.pi) * np.exp(-(centre**2) / 2)
        + centre * (1 - 2 * np.array(all_below(-centre)))
        - centre
    )
    return np.where(known, spread * folded, 0.0)
