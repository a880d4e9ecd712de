"""Precision, recall and F1 of all labels together: every label of every example counts alike.

Owns the three shares. An example's labels depend on each other, so the interval takes examples, not labels, as what
chance draws: the deviation of a ratio of two sums over examples (Cochran 1977, Sampling Techniques, 6.5), on the
logit scale.
"""

import numpy as np

from engine.evaluation import intervals
from engine.evaluation.confidence import wilson
from engine.evaluation.figures import Setup, figure
from engine.evaluation.labels import PREDICTED, RIGHT, TRUE, LabelCounts
from storage.records import Metric

ROUNDING = 1e-12
"""Of what a variance is made up of: what is left of it is nothing but rounding, and every example is like the others."""


def precision(counts: LabelCounts, _setup: Setup) -> tuple[Metric, ...]:
    """Return the share of the predicted labels that are true."""
    return _ratio("precision_micro", counts, {PREDICTED: 1.0})


def recall(counts: LabelCounts, _setup: Setup) -> tuple[Metric, ...]:
    """Return the share of the true labels that were predicted."""
    return _ratio("recall_micro", counts, {TRUE: 1.0})


def f1(counts: LabelCounts, _setup: Setup) -> tuple[Metric, ...]:
    """Return the share of right ones among the labels that are true or predicted, those that are both twice."""
    return _ratio("f1_micro", counts, {PREDICTED: 0.5, TRUE: 0.5})


def _ratio(name: str, counts: LabelCounts, among: dict[int, float]) -> tuple[Metric, ...]:
    """Return the number of right labels divided by a weighted sum of others; none where that is 0."""
    sums = np.array([counts.right.sum(), counts.predicted.sum(), counts.true.sum()], dtype=np.float64)
    base = sum(weight * sums[place] for place, weight in among.items())
    if not base:
        return ()
    value = float(sums[RIGHT] / base)
    if value in {0.0, 1.0}:
        # All alike: nothing varies, and as in one share of so many examples chance could have hidden the others.
        return (figure(name, value, *wilson(round(value * counts.n), counts.n), counts.n),)
    slopes = np.zeros(3)
    slopes[RIGHT] = 1.0
    for place, weight in among.items():
        slopes[place] -= value * weight
    sizes = np.abs(slopes)
    variance, most = float(slopes @ counts.squares @ slopes), float(sizes @ counts.squares @ sizes)
    if variance <= ROUNDING * most:
        return (figure(name, value, None, None, counts.n),)
    deviation = np.sqrt(variance) / base
    low, high = intervals.on_logit_scale(np.array([value]), np.array([deviation]))
    return (figure(name, value, low[0], high[0], counts.n),)
