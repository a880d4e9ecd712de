"""Mean squared error of predicted values.

Owns the squared error of an example.
"""

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.means import Mean
from engine.evaluation.outcomes import Outcomes


def squares(outcomes: Outcomes) -> "NDArray[np.float64]":
    """Return the square of each error."""
    return np.asarray((outcomes.predicted - outcomes.targets) ** 2)


class MeanSquaredError(Mean):
    """Gathers squared errors."""

    def __init__(self) -> None:
        super().__init__("mse", squares)
