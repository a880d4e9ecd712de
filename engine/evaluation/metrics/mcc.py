"""Matthews' correlation coefficient: how predictions and truth go together, 0 at chance, 1 when all are right.

Owns the coefficient of any number of classes (Matthews 1975; Gorodkin 2004, Computational Biology and Chemistry
28:367). Its interval is by the delta method on Fisher's z scale (Itaya et al. 2024, arXiv 2405.12622). Where all
examples are right the delta method has no spread; then the lower limit is that of Wilson's interval of accuracy,
corrected for chance.
"""

from math import atanh, sqrt, tanh

import numpy as np

from engine.evaluation.confidence import wilson
from engine.evaluation.counts import Counts, Tally
from engine.evaluation.figures import Setup, figure
from engine.evaluation.intervals import Z
from storage.records import Metric

NEXT_TO_ONE = 1 - 1e-12
"""A coefficient nearer to 1 is 1: what is left is rounding."""


def figures(counts: Counts, _setup: Setup) -> tuple[Metric, ...]:
    """Return the coefficient; none where the data hold one class only, and 0 where one class only is predicted."""
    tally = counts.tally()
    if not tally.n:
        return ()
    true, predicted = tally.true / tally.n, tally.predicted / tally.n
    unlike_true, unlike_predicted = 1 - float(true @ true), 1 - float(predicted @ predicted)
    if np.count_nonzero(tally.true) < 2:
        return ()
    if np.count_nonzero(tally.predicted) < 2:
        # Always the same answer: nothing goes together with it, and how far chance could change that is unknown.
        return (figure("mcc", 0.0, None, None, tally.n),)
    agreement = float(tally.right.sum()) / tally.n - float(true @ predicted)
    value = agreement / sqrt(unlike_true * unlike_predicted)
    if abs(value) >= NEXT_TO_ONE:
        reach = min((1 - wilson(tally.n, tally.n)[0]) / unlike_true, 1.0)
        low, high = (value - reach, 1.0) if value > 0 else (-1.0, value + reach)
        return (figure("mcc", value, low, high, tally.n),)
    reach = Z * _deviation(tally, value) / (1 - value**2)
    return (figure("mcc", value, tanh(atanh(value) - reach), tanh(atanh(value) + reach), tally.n),)


def _deviation(tally: Tally, value: float) -> float:
    """Return the standard deviation by the delta method: each pair of classes has its slope."""
    pairs, n = tally.pairs, tally.n
    true, predicted = tally.true / n, tally.predicted / n
    unlike_true, unlike_predicted = 1 - float(true @ true), 1 - float(predicted @ predicted)
    slopes = ((pairs.true == pairs.predicted) - predicted[pairs.true] - true[pairs.predicted]) / sqrt(
        unlike_true * unlike_predicted
    ) + value * (true[pairs.true] / unlike_true + predicted[pairs.predicted] / unlike_predicted)
    shares = pairs.counts / n
    return sqrt(max(0.0, float(shares @ slopes**2) - float(shares @ slopes) ** 2) / n)
