"""Precision: of the examples that were taken for a class, the share that belong to it.

Owns the figure of each class and its means. A class that was never predicted has no precision of its own; in a
mean it counts as 0, as scikit-learn has it, so that forgetting a class does not improve the mean.
"""

import numpy as np

from engine.evaluation import averages, intervals
from engine.evaluation.averages import Weights
from engine.evaluation.counts import Counts, Tally
from engine.evaluation.figures import PerClass, Setup, figure
from engine.evaluation.labels import LabelCounts
from storage.records import Metric


def by_class(counts: Counts, setup: Setup) -> tuple[Metric, ...]:
    """Return the precision of each class that was predicted."""
    return _classes(counts.tally()).figures("precision", setup)


def macro(counts: Counts, _setup: Setup) -> tuple[Metric, ...]:
    """Return the mean over the classes that occur, all alike."""
    tally = counts.tally()
    return (_mean("precision_macro", tally, averages.alike(tally)),) if tally.n else ()


def weighted(counts: Counts, _setup: Setup) -> tuple[Metric, ...]:
    """Return the mean over the classes, each as often as it has examples."""
    tally = counts.tally()
    if not tally.n:
        return ()
    return (_mean("precision_weighted", tally, averages.as_often(tally, _classes(tally))),)


def by_label(counts: LabelCounts, setup: Setup) -> tuple[Metric, ...]:
    """Return the precision of each label that was predicted."""
    return _classes(counts).figures("precision", setup)


def label_macro(counts: LabelCounts, _setup: Setup) -> tuple[Metric, ...]:
    """Return the mean over the labels, all alike."""
    return _classes(counts).plain_mean("precision_macro", counts.n)


def _classes(tally: Tally | LabelCounts) -> PerClass:
    low, high = intervals.wilson(tally.right, tally.predicted)
    with np.errstate(invalid="ignore"):
        return PerClass(tally.right / tally.predicted, low, high, tally.predicted)


def _mean(name: str, tally: Tally, weights: Weights) -> Metric:
    values, low, high = (np.nan_to_num(array) for array in _classes(tally)[:3])
    limits = intervals.mean(values, low, high, weights.shares, spread=weights.spread)
    return figure(name, float(weights.shares @ values), *limits, tally.n)
