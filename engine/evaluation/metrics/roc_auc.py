"""Area under the ROC curve: how often an example of a class scores above one of another.

Owns the figure of two classes, of each class against the rest, and their mean. Intervals follow from DeLong's
variance on the logit scale (DeLong et al. 1988, Biometrics 44:837); where all pairs are in order that variance is
0, and where a class has one example it is unknown: there they are Newcombe's (2006, Statistics in Medicine 25:559,
method 5), which follow from the area alone.
"""

import numpy as np
from numpy.typing import NDArray

from engine.evaluation import intervals
from engine.evaluation.figures import PerClass, Setup
from engine.evaluation.intervals import Floats, Z
from engine.evaluation.ranking import Ranking
from storage.records import Metric

STEPS = 50
"""Halvings of the range in which a limit lies: enough for every digit of a float."""


def figures(ranking: Ranking, setup: Setup) -> tuple[Metric, ...]:
    """Return the area of two classes, or the mean over those that have one, and that of each."""
    areas = ranking.areas()
    if areas is None:
        return ()
    low, high = intervals.on_logit_scale(areas.roc, areas.roc_deviations)
    unknown = np.isnan(low) & ~np.isnan(areas.roc)
    if unknown.any():
        positives = areas.positives[unknown]
        low[unknown], high[unknown] = newcombe(areas.roc[unknown], positives, areas.rows - positives)
    n = np.full(len(low), areas.rows)
    return PerClass(areas.roc, low, high, n).with_mean("roc_auc", setup)


def newcombe(
    areas: Floats, positives: "NDArray[np.int64]", negatives: "NDArray[np.int64]"
) -> tuple[Floats, Floats]:
    """Return the limits of areas: the values from which they lie ``Z`` standard deviations, found by halving."""
    size = (positives + negatives) / 2 - 1

    def beyond(limits: Floats) -> "NDArray[np.bool_]":
        variance = limits * (1 - limits) * (1 + size * ((1 - limits) / (2 - limits) + limits / (1 + limits)))
        return np.asarray((limits - areas) ** 2 > Z**2 * variance / (positives * negatives))

    found = []
    for end in (0.0, 1.0):
        outer, inner = np.full(len(areas), end), areas.copy()
        for _ in range(STEPS):
            middle = (outer + inner) / 2
            far = beyond(middle)
            outer, inner = np.where(far, middle, outer), np.where(far, inner, middle)
        found.append(inner)
    return found[0], found[1]
