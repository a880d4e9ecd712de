"""How many times as long one version takes as another, from runs in turns.

Each round runs A B B A: what drifts steadily through a round (a processor that warms up, a neighbour that comes)
weighs on both alike and falls out. A round says one number, the logarithm of the ratio of medians; Student's interval
of their mean is that of the ratio. Rounds are what counts as independent, not the queries within them.
"""

from collections.abc import Sequence
from math import exp, log
from statistics import fmean, median, variance
from typing import NamedTuple

from engine.evaluation.confidence import mean_reach


class Round(NamedTuple):
    """Durations of the four runs, in the order in which they took place."""

    first: Sequence[float]
    """Of A, as the last."""
    second: Sequence[float]
    """Of B, as the third."""
    third: Sequence[float]
    last: Sequence[float]

    @property
    def log_ratio(self) -> float:
        """The logarithm of how many times as long B took as A."""
        before, after = (self.first, self.last), (self.second, self.third)
        return fmean(log(median(run)) for run in after) - fmean(log(median(run)) for run in before)


class Ratio(NamedTuple):
    """How many times as long B takes as A, with its two-sided interval."""

    value: float
    low: float
    high: float


def ratio(rounds: Sequence[Round], confidence: float) -> Ratio:
    """Return the ratio that at least two rounds say."""
    logs = [one.log_ratio for one in rounds]
    mean = fmean(logs)
    reach = mean_reach(variance(logs), len(logs), confidence) or 0.0
    return Ratio(exp(mean), exp(mean - reach), exp(mean + reach))
