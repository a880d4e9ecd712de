"""The advantage in a figure that no number of each example makes up: the two intervals joined.

Owns which direction is better, and the joining. It must not know what was kept of single examples.
"""

from math import hypot, inf
from statistics import NormalDist

from engine.evaluation.confidence import CONFIDENCE
from engine.evaluation.metrics import METRICS
from engine.evaluation.paired.rows import Estimate
from storage.records import Metric


def advantage(before: Metric, after: Metric, confidence: float) -> Estimate:
    """Return the advantage with the limits of both figures joined as if they came from different examples.

    MOVER (Zou and Donner 2008, Statistics in Medicine 27:1693). Versions that mostly err on the same examples are
    compared more exactly in truth, so that this is on the careful side.
    """
    sign = 1 if higher_is_better(after.name) else -1
    value = sign * (after.value - before.value)
    if None in {before.low, before.high, after.low, after.high}:
        return Estimate(value, -inf, inf)
    old, new = (_limits(metric, confidence) for metric in (before, after))
    below = hypot(after.value - new[0], old[1] - before.value)
    above = hypot(new[1] - after.value, before.value - old[0])
    reaches = (below, above) if sign > 0 else (above, below)
    return Estimate(value, value - reaches[0], value + reaches[1])


def _limits(metric: Metric, confidence: float) -> tuple[float, float]:
    """Return the limits at a confidence: the stored ones of 95 %, stretched as those of a normal distribution."""
    stretch = NormalDist().inv_cdf(0.5 + confidence / 2) / NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    low, high = metric.low or 0.0, metric.high or 0.0
    return metric.value - (metric.value - low) * stretch, metric.value + (high - metric.value) * stretch


def higher_is_better(name: str) -> bool:
    """Whether a larger figure is the better one; so it is with figures of the user's own."""
    return next((spec.higher_is_better for spec in METRICS if spec.name == name), True)
