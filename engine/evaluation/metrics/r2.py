"""Coefficient of determination: how much of the targets' variance the predictions explain.

Owns targets and predictions themselves, two numbers an example: the variance around the targets' mean is
known only when all have been seen. Its interval is by the delta method.
"""

from math import sqrt
from statistics import NormalDist
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.confidence import CONFIDENCE
from engine.evaluation.outcomes import Outcomes
from storage.records import Metric


class Determination:
    """Gathers targets and predictions."""

    def __init__(self) -> None:
        self._targets: list[NDArray[Any]] = []
        self._predicted: list[NDArray[Any]] = []

    def add(self, outcomes: Outcomes) -> None:
        """Keep one batch."""
        self._targets.append(outcomes.targets)
        self._predicted.append(outcomes.predicted)

    def merge(self, other: Self) -> None:
        """Keep what ``other`` has kept."""
        self._targets += other._targets
        self._predicted += other._predicted

    def metric(self) -> Metric | None:
        """Return the coefficient, or ``None`` where all targets are equal, as one alone is: nothing varies to be explained."""
        if not self._targets:
            return None
        targets, predicted = np.concatenate(self._targets), np.concatenate(self._predicted)
        squares = (predicted - targets) ** 2
        spread = (targets - targets.mean()) ** 2
        variance = float(spread.mean())
        if variance == 0:
            return None
        unexplained = float(squares.mean()) / variance
        value, n = 1 - unexplained, len(targets)
        # The influence of one example on 1 - mean(squares) / mean(spread).
        influence = (unexplained * (spread - variance) - (squares - squares.mean())) / variance
        reach = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * sqrt(float(influence.var(ddof=1)) / n)
        return Metric("r2", value, value - reach, min(1.0, value + reach), n)
