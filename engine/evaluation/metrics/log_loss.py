"""Log loss: the mean of minus the logarithm of the probability that the true class was given.

Owns the loss of an example, in float64. Probabilities are divided by their row's sum and clipped to `EPSILON`, as
Keras' sparse categorical cross-entropy does, so that one certain mistake does not make the mean infinite; logits
need no clipping.
"""

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.means import Mean, where_probable
from engine.evaluation.outcomes import Outcomes, Scale

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


class LogLoss(Mean):
    """Gathers the examples' losses."""

    def __init__(self) -> None:
        super().__init__("log_loss", losses, where_probable)


class LabelLogLoss(Mean):
    """Gathers the losses where an example may have several labels."""

    def __init__(self) -> None:
        super().__init__("log_loss", label_losses)
