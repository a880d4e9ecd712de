"""Brier score: the squared distance between the given probabilities and the truth.

Owns the distance of an example. Of two classes it is (p - y)^2, from 0 to 1; of more it is the sum over the classes,
from 0 to 2 (Brier 1950), as scikit-learn has both.
"""

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.means import Mean, where_probable
from engine.evaluation.outcomes import Outcomes


def distances(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return the squared distance of each example."""
    squares = (outcomes.weights**2).sum(axis=0) / outcomes.sums**2
    found = np.maximum(squares + 1 - 2 * outcomes.truth, 0)
    return np.asarray(found / 2 if outcomes.scores.shape[1] == 2 else found)


def label_distances(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return the mean squared distance of each example's labels."""
    return np.asarray(((outcomes.label_probabilities - outcomes.targets) ** 2).mean(axis=1))


class Brier(Mean):
    """Gathers squared distances."""

    def __init__(self) -> None:
        super().__init__("brier", distances, where_probable)


class LabelBrier(Mean):
    """Gathers the mean squared distances of each example's labels."""

    def __init__(self) -> None:
        super().__init__("brier", label_distances)
