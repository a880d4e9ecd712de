"""How much each class counts where the figures of all become one: all alike, or each as often as it has examples. Pure."""

from typing import NamedTuple

import numpy as np

from engine.evaluation.counts import Tally
from engine.evaluation.figures import PerClass
from engine.evaluation.intervals import Floats


class Weights(NamedTuple):
    """What each class counts, 1 in all."""

    shares: Floats
    spread: float = 0.0
    """The variance of a mean by them that is theirs."""


def alike(tally: Tally) -> Weights:
    """Return the weights of a mean over the classes that occur, in which none counts more than another."""
    return Weights(tally.occurring / tally.occurring.sum())


def as_often(tally: Tally, classes: PerClass) -> Weights:
    """Return the weights of a mean of these figures, in which a class counts as often as it has examples."""
    shares = tally.true / tally.n
    values = np.nan_to_num(classes.values)
    # How often each class occurs is chance, too: examples differ by the figure of their class.
    return Weights(shares, float(shares @ (values - shares @ values) ** 2) / tally.n)
