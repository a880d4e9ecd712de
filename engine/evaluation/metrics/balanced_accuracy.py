"""Balanced accuracy: the mean share of examples recognised of each class, as if classes were equally frequent.

Owns the mean over the classes that have examples. Its interval joins Wilson's of each class.
"""

import numpy as np

from engine.evaluation import intervals
from engine.evaluation.counts import Counts
from engine.evaluation.figures import Setup, figure
from storage.records import Metric


def figures(counts: Counts, _setup: Setup) -> tuple[Metric, ...]:
    """Return the mean of the classes' recalls."""
    tally = counts.tally()
    there = tally.true > 0
    if not there.any():
        return ()
    right, true = tally.right[there], tally.true[there]
    shares, weights = right / true, np.full(len(true), 1 / len(true))
    low, high = intervals.mean(shares, *intervals.wilson(right, true), weights)
    return (figure("balanced_accuracy", shares.mean(), low, high, tally.n),)
