"""Area under the precision-recall curve, as average precision: the mean of the precision at each example's score.

Owns the figure of two classes, of each class against the rest, and their mean. Nothing is interpolated (Davis and
Goadrich 2006, ICML). Intervals are binomial on the logit scale, with the class' examples as trials (Boyd, Eng and
Page 2013, ECML PKDD); where every example of a class scores above all others they are Wilson's of that many.
"""

import numpy as np

from engine.evaluation import intervals
from engine.evaluation.figures import PerClass, Setup
from engine.evaluation.ranking import Ranking
from storage.records import Metric


def figures(ranking: Ranking, setup: Setup) -> tuple[Metric, ...]:
    """Return the area of two classes, or the mean over those that have examples, and that of each."""
    areas = ranking.areas()
    if areas is None:
        return ()
    values, trials = areas.precision_recall, areas.positives
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = intervals.on_logit_scale(values, np.sqrt(values * (1 - values) / trials))
    best = values >= 1
    low[best], high[best] = intervals.wilson(trials[best], trials[best])
    n = np.full(len(low), areas.rows)
    return PerClass(values, low, high, n).with_mean("pr_auc", setup)
