"""Decisions that may be taken at any time, as often as one looks: wealth won by betting.

A fixed test is valid at one look; who looks daily and stops at the first success is wrong far more often than it
says. A test by betting starts with 1 and never expects to win while the hypothesis is true, so its wealth reaches
1 / level with a chance of at most the level, however often it is looked at (Ville's inequality). Every example may
be bet on once: fresh labels add to it, the same ones again do not.
"""

from math import exp, lgamma, log

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincc

MOST_STAKE = 0.5
"""Of the wealth, on one example, so that no single one can take all of it (Waudby-Smith and Ramdas 2024)."""


def better(gained: int, lost: int) -> float:
    """Return the wealth won against "the candidate is no better", from the examples on which the two differ.

    It is the mean over all chances above one half, all alike, of how much more likely they make what was seen.
    """
    n = gained + lost
    beta = lgamma(gained + 1) + lgamma(lost + 1) - lgamma(n + 2)
    upper = float(betaincc(gained + 1, lost + 1, 0.5))
    return 2 * exp(beta + n * log(2)) * upper


def not_worse(differences: "NDArray[np.float64]", margin: float, level: float) -> "NDArray[np.float64]":
    """Return the wealth after each example, won against "the candidate is worse by the margin or more".

    Differences lie between -1 and 1 (right or wrong of the candidate less that of the current version), in the order
    in which their labels came. The stake on the next one follows from those before it alone: the mean seen so far
    over its spread, as a bettor who wants the fastest growth would take it, held down at first by the level
    (Waudby-Smith and Ramdas 2024, Journal of the Royal Statistical Society B 86:1).
    """
    # From -1..1 to 0..1: the hypothesis is that the mean is `bar` or less.
    values, bar = (differences + 1) / 2, (1 - margin) / 2
    seen = np.arange(1, len(values) + 1)
    means = (0.5 + np.cumsum(values)) / (seen + 1)
    variances = (0.25 + np.cumsum((values - means) ** 2)) / (seen + 1)
    before = np.concatenate([[0.25], variances[:-1]])
    stakes = np.sqrt(2 * log(1 / level) / (before * seen * np.log(seen + 1)))
    return np.asarray(np.cumprod(1 + np.minimum(stakes, MOST_STAKE / bar) * (values - bar)))
