"""BCa's limits among draws of a figure: the places that bias and skewness leave (Efron 1987, JASA 82:171).

Owns nothing but that arithmetic; what is drawn is for others to say.
"""

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation import chances
from engine.evaluation.paired.rows import Floats


def acceleration(influence: Floats, times: "NDArray[Any] | None" = None) -> float:
    """Return the skewness that a figure has from its examples; 0 where none of them moves it.

    Args:
        influence: by how much each row moves the figure; their mean is 0.
        times: how many examples each row stands for; each for one where it is left out.
    """
    weights = np.ones(len(influence)) if times is None else times
    squares = influence**2
    spread = float(weights @ squares)
    return float(weights @ (squares * influence)) / (6 * spread**1.5) if spread > 0 else 0.0


def limits(found: Floats, value: float, acceleration: float, confidence: float) -> tuple[float, float]:
    """Return the lower and the upper limit of a figure, which lie among its draws or at the figure itself.

    Args:
        found: the draws in ascending order, at least one.
        value: the figure of the examples themselves.
        acceleration: what `acceleration` gives.
        confidence: of both sides together, such as 0.95.
    """
    # Ties count by half: with few different values a figure sits on many draws.
    below = (np.searchsorted(found, value, "left") + np.searchsorted(found, value, "right")) / 2 / len(found)
    bias = chances.place_of(min(max(below, 0.5 / len(found)), 1 - 0.5 / len(found)))
    tail = chances.place_of(0.5 + confidence / 2)
    ends = []
    for z in (-tail, tail):
        shifted = bias + z
        place = chances.below(bias + shifted / (1 - acceleration * shifted))
        # Rounded outwards, so that few draws make a wider interval and not a narrower one.
        spot = place * len(found)
        number = int(spot) if z < 0 else ceil(spot)
        ends.append(float(found[min(max(number, 0), len(found) - 1)]))
    return min(ends[0], value), max(ends[1], value)
