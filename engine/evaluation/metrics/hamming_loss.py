"""Hamming loss: the share of labels that are wrong, whether missing or too many.

Owns an example's share.
"""

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.means import Mean
from engine.evaluation.outcomes import Outcomes


def shares(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return the share of each example's labels that are wrong."""
    return np.asarray((outcomes.predicted != outcomes.targets).mean(axis=1))


class HammingLoss(Mean):
    """Gathers the shares of wrong labels."""

    def __init__(self) -> None:
        super().__init__("hamming_loss", shares)
