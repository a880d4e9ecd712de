"""Decisions that may be taken at any time, as often as one looks: wealth won by betting.

A fixed test is valid at one look; who looks daily and stops at the first success is wrong far more often than it
says. A test by betting starts with 1 and never expects to win while the hypothesis is true, so its wealth reaches
1 / level with a chance of at most the level, however often it is looked at (Ville's inequality). Every example may
be bet on once: fresh labels add to it, the same ones again do not. The advantages that are not refused make up a
confidence sequence: an interval that holds at all times together.
"""

from math import exp, lgamma, log

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.chances import at_least

MOST_STAKE = 0.5
"""Of the wealth, on one example, so that no single one can take all of it (Waudby-Smith and Ramdas 2024)."""

LARGEST = 700.0
"""Logarithm of the greatest wealth that is told: what is above it decides nothing more, and would not fit a float."""

HALVINGS = 24
"""Of the range in which a bound lies: a ten-millionth of an advantage."""


def better(gained: int, lost: int) -> float:
    """Return the wealth won against "the candidate is no better", from the examples on which the two differ.

    It is the mean over all chances above one half, all alike, of how much more likely they make what was seen.
    """
    n = gained + lost
    # The part of the beta distribution above one half, as throws of a coin.
    upper = at_least(lost + 1, n + 1)
    if upper <= 0:
        # So much is lost that the number does not fit a float: nothing is left.
        return 0.0
    won = log(2) + lgamma(gained + 1) + lgamma(lost + 1) - lgamma(n + 2) + n * log(2) + log(upper)
    return exp(min(won, LARGEST))


class Bets:
    """Bets on one example after the other that the candidate is not worse by the margin; they come in any portions.

    Differences lie between -1 and 1 (right or wrong of the candidate less that of the current version), in the order
    in which their labels came. The stake on the next one follows from those before it alone: the mean seen so far
    over its spread, as a bettor who wants the fastest growth would take it, held down at first by the level
    (Waudby-Smith and Ramdas 2024, Journal of the Royal Statistical Society B 86:1).
    """

    def __init__(self, margin: float, level: float) -> None:
        self._margin = margin
        self._stakes = _Stakes(level)
        self._won = 0.0
        self.most = 1.0
        """The greatest wealth so far."""

    def add(self, differences: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return the wealth after each of some more examples, in their order; it began with 1."""
        values = _values(differences)
        won = self._won + _won(values, self._stakes.on(values), self._margin)
        wealth = np.asarray(np.exp(np.minimum(won, LARGEST)))
        if len(won):
            self._won = float(won[-1])
            self.most = max(self.most, float(wealth.max()))
        return wealth


def bounds(differences: "NDArray[np.float64]", level: float) -> tuple[float, float]:
    """Return the limits of the advantage, each at a one-sided level, which hold at every moment together.

    The lower one is the greatest advantage against which the wealth has reached 1 / level at any time so far.
    """
    return _lower(differences, level), -_lower(-differences, level)


def _lower(differences: "NDArray[np.float64]", level: float) -> float:
    values = _values(differences)
    stakes, enough = _Stakes(level).on(values), log(1 / level)
    refused, possible = -1.0, 1.0
    for _ in range(HALVINGS):
        # The wealth falls as the supposed advantage grows.
        supposed = (refused + possible) / 2
        if float(_won(values, stakes, -supposed).max(initial=0.0)) >= enough:
            refused = supposed
        else:
            possible = supposed
    return refused


def _values(differences: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return differences as numbers from 0 to 1: the hypothesis is then that their mean is at most `(1 - margin) / 2`."""
    return np.asarray((differences + 1) / 2)


class _Stakes:
    """What is staked on each example, before it is held down to `MOST_STAKE`."""

    def __init__(self, level: float) -> None:
        self._reward = 2 * log(1 / level)
        self._seen = 0
        self._sum = 0.5
        self._squares = 0.25
        self._variance = 0.25

    def on(self, values: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return the stakes on some more examples."""
        seen = np.arange(self._seen + 1, self._seen + len(values) + 1)
        sums = self._sum + np.cumsum(values)
        squares = self._squares + np.cumsum((values - sums / (seen + 1)) ** 2)
        variances = squares / (seen + 1)
        before = np.concatenate([[self._variance], variances[:-1]])[: len(values)]
        if len(values):
            self._seen, self._sum = self._seen + len(values), float(sums[-1])
            self._squares, self._variance = float(squares[-1]), float(variances[-1])
        return np.asarray(np.sqrt(self._reward / (before * seen * np.log(seen + 1))))


def _won(
    values: "NDArray[np.float64]", stakes: "NDArray[np.float64]", margin: float
) -> "NDArray[np.float64]":
    """Return the logarithm of what was won up to each example."""
    bar = (1 - margin) / 2
    return np.asarray(np.cumsum(np.log1p(np.minimum(stakes, MOST_STAKE / bar) * (values - bar))))
