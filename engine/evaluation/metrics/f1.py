"""F1: the harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN).

Owns the figure of each class and its means. F1 is 2 J / (1 + J) of the share J = TP / (TP + FP + FN), so that a
class' interval is Wilson's of J. One mistake touches two classes, so the classes' figures are correlated; the
interval of a mean takes that in (MOVER for correlated figures: Zou 2007, Psychological Methods 12:399; the
correlations by the delta method: Takahashi et al. 2022, Applied Intelligence 52:4961).
"""

from math import sqrt

import numpy as np

from engine.evaluation import averages, intervals
from engine.evaluation.averages import Weights
from engine.evaluation.counts import Counts, Tally
from engine.evaluation.figures import PerClass, Setup, figure
from engine.evaluation.intervals import Floats, Z
from engine.evaluation.labels import LabelCounts
from storage.records import Metric


def by_class(counts: Counts, setup: Setup) -> tuple[Metric, ...]:
    """Return the F1 of each class that occurs."""
    return _classes(counts.tally()).figures("f1", setup)


def macro(counts: Counts, _setup: Setup) -> tuple[Metric, ...]:
    """Return the mean over the classes that occur, all alike."""
    tally = counts.tally()
    return (_mean("f1_macro", tally, averages.alike(tally)),) if tally.n else ()


def weighted(counts: Counts, _setup: Setup) -> tuple[Metric, ...]:
    """Return the mean over the classes, each as often as it has examples."""
    tally = counts.tally()
    if not tally.n:
        return ()
    return (_mean("f1_weighted", tally, averages.as_often(tally, _classes(tally))),)


def by_label(counts: LabelCounts, setup: Setup) -> tuple[Metric, ...]:
    """Return the F1 of each label that is true or predicted of any example."""
    return _classes(counts).figures("f1", setup)


def label_macro(counts: LabelCounts, _setup: Setup) -> tuple[Metric, ...]:
    """Return the mean over the labels, all alike."""
    return _classes(counts).plain_mean("f1_macro", counts.n)


def _classes(tally: Tally | LabelCounts) -> PerClass:
    either = tally.true + tally.predicted - tally.right
    low, high = (2 * share / (1 + share) for share in intervals.wilson(tally.right, either))
    with np.errstate(invalid="ignore"):
        return PerClass(2 * tally.right / (tally.true + tally.predicted), low, high, either)


def _mean(name: str, tally: Tally, weights: Weights) -> Metric:
    values, low, high = (np.nan_to_num(array) for array in _classes(tally)[:3])
    value = float(weights.shares @ values)
    below = _reach(tally, weights, values, values - low)
    above = _reach(tally, weights, values, high - values)
    return figure(name, value, max(0.0, value - below), min(1.0, value + above), tally.n)


def _reach(tally: Tally, weights: Weights, values: Floats, reaches: Floats) -> float:
    """Return how far the mean reaches where each class' figure reaches so far."""
    size = tally.true + tally.predicted
    wrong = size - 2 * tally.right
    deviations = np.sqrt(tally.right * (2 - 2 * values) ** 2 + wrong * values**2)
    parts = weights.shares * reaches
    # The covariance of two classes is F F' / (size size') for each example of one that was taken for the other.
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(deviations > 0, parts * values / deviations, 0.0)
    true, predicted, counts = tally.pairs
    mistakes = true != predicted
    shared = 2 * float((counts * shares[true] * shares[predicted])[mistakes].sum())
    return sqrt(float(parts @ parts) + shared + Z * Z * weights.spread)
