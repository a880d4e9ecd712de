"""Log loss: the mean of minus the logarithm of the probability that the true class was given.

Owns the loss of an example, in float64. Probabilities are divided by their row's sum and clipped to `EPSILON`, as
Keras' sparse categorical cross-entropy does, so that one certain mistake does not make the mean infinite; logits
need no clipping.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.moments import Moments
from engine.evaluation.outcomes import Outcomes, Scale
from storage.records import Metric

EPSILON = 1e-7
"""Keras' fuzz factor."""


def losses(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return the loss of each example."""
    if outcomes.scale is Scale.LOGITS:
        return np.asarray(np.log(outcomes.sums) - (outcomes.given - outcomes.largest))
    return np.asarray(-np.log(np.clip(outcomes.truth, EPSILON, 1 - EPSILON)))


def label_losses(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return the mean loss of each example's labels, each a question of its own."""
    if outcomes.scale is Scale.LOGITS:
        # The logarithm of 1 + exp(z) for the labels that are not, of 1 + exp(-z) for those that are.
        values = outcomes.scores.astype(np.float64)
        each = np.logaddexp(0, np.where(outcomes.targets, -values, values))
    else:
        chances = outcomes.label_probabilities
        given = np.where(outcomes.targets, chances, 1 - chances)
        each = -np.log(np.clip(given, EPSILON, 1 - EPSILON))
    return np.asarray(each.mean(axis=1))


class LogLoss:
    """Gathers the moments of the examples' losses."""

    def __init__(self) -> None:
        self._moments = Moments()
        self._undefined = False

    def add(self, outcomes: Outcomes) -> None:
        """Count one batch."""
        if outcomes.scale is Scale.SCORES:
            # Scores that are no distribution have no log loss; a made-up one would be a wrong number.
            self._undefined = True
            return
        self._moments.add(losses(outcomes))

    def merge(self, other: Self) -> None:
        """Count what ``other`` has counted."""
        self._moments.merge(other._moments)
        self._undefined |= other._undefined

    def metric(self) -> Metric | None:
        """Return the mean loss, or ``None`` where the outputs are no probabilities."""
        if self._undefined or not self._moments.n:
            return None
        low, high = self._moments.interval(least=0.0)
        return Metric("log_loss", self._moments.mean, low, high, self._moments.n)


class LabelLogLoss(LogLoss):
    """Gathers the losses where an example may have several labels."""

    def add(self, outcomes: Outcomes) -> None:
        """Count some examples."""
        self._moments.add(label_losses(outcomes))
