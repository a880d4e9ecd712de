"""Mean absolute percentage error of predicted values, as a share: 0.05 is five percent.

Owns the error of an example divided by its target. A target of 0 has no percentage, so with one among the targets
there is no such figure, where others divide by a tiny number and get a huge one.
"""

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.means import Mean
from engine.evaluation.outcomes import Outcomes


def shares(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return the size of each error as a share of its target; not finite where the target is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.abs((outcomes.predicted - outcomes.targets) / outcomes.targets))


def without_zero(outcomes: Outcomes) -> bool:
    """Whether every target has a percentage."""
    return bool(np.all(outcomes.targets))


class MeanAbsolutePercentageError(Mean):
    """Gathers relative errors."""

    def __init__(self) -> None:
        super().__init__("mape", shares, without_zero)
