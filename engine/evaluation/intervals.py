"""Confidence intervals of many figures at once, in numpy.

Owns the vectorised forms of `engine.evaluation.confidence` and the ways in which intervals of parts become one
of the whole. It must not know any metric's name.
"""

from math import sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.confidence import CONFIDENCE

Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
"""How many standard deviations an interval reaches to either side."""

Floats = NDArray[np.float64]


def wilson(successes: "NDArray[Any]", n: "NDArray[Any]") -> tuple[Floats, Floats]:
    """Return the limits of Wilson's score intervals of many proportions; NaN where there is nothing (Wilson 1927)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share, square = successes / n, Z * Z / n
        centre = (share + square / 2) / (1 + square)
        reach = Z / (1 + square) * np.sqrt(share * (1 - share) / n + square / (4 * n))
    # The bounds at 0 and n are exactly 0 and 1; rounding would put them a hair beside.
    low = np.where(successes == 0, np.where(n > 0, 0.0, np.nan), centre - reach)
    high = np.where(successes == n, np.where(n > 0, 1.0, np.nan), centre + reach)
    return low, high


def mean(
    values: Floats, low: Floats, high: Floats, weights: Floats, *, spread: float = 0.0
) -> tuple[float, float]:
    """Return the limits of a weighted mean of independent figures between 0 and 1 from their own limits.

    The squares of the parts' reaches add up (MOVER: Zou and Donner 2008, Statistics in Medicine 27:1693), so that
    a part that is known badly, or lies at 0 or 1, widens the whole to the side where it can be.

    Args:
        values: the figures; ``low`` and ``high`` their limits.
        low: see ``values``.
        high: see ``values``.
        weights: of the figures, adding up to 1.
        spread: the variance that the mean has besides, where the weights themselves are counted.
    """
    value = float(weights @ values)
    further = Z * Z * spread
    below = sqrt(float(((weights * (values - low)) ** 2).sum()) + further)
    above = sqrt(float(((weights * (high - values)) ** 2).sum()) + further)
    return max(0.0, value - below), min(1.0, value + above)


def on_logit_scale(values: Floats, deviations: Floats) -> tuple[Floats, Floats]:
    """Return the limits of figures between 0 and 1 from their standard deviations; NaN for one at 0 or 1.

    By the delta method for their logits, whose distribution is nearer to a normal one, and no limit leaves 0 to 1.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        odds, reach = values / (1 - values), np.exp(Z * deviations / (values * (1 - values)))
        low, high = 1 / (1 + reach / odds), 1 / (1 + 1 / (reach * odds))
    known = (values > 0) & (values < 1) & (deviations > 0)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)
