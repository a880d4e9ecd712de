"""Mean absolute error of predicted values.

Owns the absolute error of an example.
"""

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.means import Mean
from engine.evaluation.outcomes import Outcomes


def errors(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return the size of each error."""
    return np.asarray(np.abs(outcomes.predicted - outcomes.targets))


class MeanAbsoluteError(Mean):
    """Gathers absolute errors."""

    def __init__(self) -> None:
        super().__init__("mae", errors)
