"""Recall: of the examples of a class, the share that were recognised.

Owns the figure of each class and its means. A class without examples has no recall of its own; in the mean of
all classes it counts as 0 where it was predicted, as scikit-learn has it.
"""

import numpy as np

from engine.evaluation import averages, intervals
from engine.evaluation.confidence import wilson
from engine.evaluation.counts import Counts, Tally
from engine.evaluation.figures import PerClass, Setup, figure
from engine.evaluation.labels import LabelCounts
from storage.records import Metric


def by_class(counts: Counts, setup: Setup) -> tuple[Metric, ...]:
    """Return the recall of each class that has examples."""
    return _classes(counts.tally()).figures("recall", setup)


def macro(counts: Counts, _setup: Setup) -> tuple[Metric, ...]:
    """Return the mean over the classes that occur, all alike."""
    tally = counts.tally()
    if not tally.n:
        return ()
    shares = averages.alike(tally).shares
    values, low, high = (np.nan_to_num(array) for array in _classes(tally)[:3])
    limits = intervals.mean(values, low, high, shares)
    return (figure("recall_macro", float(shares @ values), *limits, tally.n),)


def weighted(counts: Counts, _setup: Setup) -> tuple[Metric, ...]:
    """Return the mean over the classes, each as often as it has examples: the share of all that were recognised."""
    tally = counts.tally()
    if not tally.n:
        return ()
    right = int(tally.right.sum())
    return (figure("recall_weighted", right / tally.n, *wilson(right, tally.n), tally.n),)


def by_label(counts: LabelCounts, setup: Setup) -> tuple[Metric, ...]:
    """Return the recall of each label that any example has."""
    return _classes(counts).figures("recall", setup)


def label_macro(counts: LabelCounts, _setup: Setup) -> tuple[Metric, ...]:
    """Return the mean over the labels, all alike."""
    return _classes(counts).plain_mean("recall_macro", counts.n)


def _classes(tally: Tally | LabelCounts) -> PerClass:
    low, high = intervals.wilson(tally.right, tally.true)
    with np.errstate(invalid="ignore"):
        return PerClass(tally.right / tally.true, low, high, tally.true)
