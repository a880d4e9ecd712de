"""The interval of a figure with derivatives, without a single draw: ABC, the approximate bootstrap confidence interval.

Owns the expansions that BCa's limits have when the examples are many. Bias, curvature and skewness are found by
shifting a little weight to each example in turn, and the limits are the figure's values at a point on the line along
which it changes fastest (DiCiccio and Efron 1992, Biometrika 79:231; Efron and Tibshirani 1993, An Introduction to the
Bootstrap, chapter 22). They differ from BCa's by less than BCa's own draws do: of 2,000 draws nine lie beyond a limit
of 99.1 %, and so that limit is known to a tenth of the figure's deviation. Letters as in the book.
"""

from typing import NamedTuple

import numpy as np

from engine.evaluation import chances
from engine.evaluation.paired.rows import Course, Estimate, Floats, Rows, weighted

SHIFTED = 0.5
"""Of an example's weight, the step of the derivatives: none becomes negative, and rounding is far below it."""


class _Shape(NamedTuple):
    """How the figure changes with the weights of the examples."""

    deviation: float
    direction: Floats
    """What the means change by along the fastest line, in a step of one deviation."""
    acceleration: float
    bias: float
    curvature: float
    heaviest: float
    """The greatest share of an example's own weight that such a step takes from it."""


def interval(rows: Rows, confidence: float, *, most: float = 1.0) -> Estimate | None:
    """Return the figure with its interval, or ``None`` where so few examples carry it that no expansion holds.

    That is where a limit of a figure that is no mere sum would take ``most`` of an example's weight, or more.
    """
    if rows.course is Course.STRAIGHT:
        # Of a sum each row has its part, and one column says what all of them do.
        rows = Rows(rows.figure(rows.values)[:, np.newaxis], rows.times, _only, rows.course)
    value = float(rows.figure(rows.means))
    shape = _shape(rows, value)
    if shape is None:
        return Estimate(value, value, value)
    beside = chances.below(shape.curvature - shape.bias / shape.deviation)
    both = chances.below(shape.acceleration) * 2 * beside
    if not 0 < both < 1:
        return None
    shift, tail = chances.place_of(both), chances.place_of(0.5 + confidence / 2)
    steps = []
    for z in (shift - tail, shift + tail):
        bent = 1 - shape.acceleration * z
        step = z / bent**2
        if bent <= 0 or (rows.course is not Course.STRAIGHT and abs(step) * shape.heaviest >= most):
            return None
        steps.append(step)
    low, high = rows.figure(rows.means + np.outer(steps, shape.direction)).tolist()
    return Estimate(value, min(low, value), max(high, value))


def _only(means: Floats) -> Floats:
    return means[..., 0]


def _shape(rows: Rows, value: float) -> _Shape | None:
    """Return how the figure changes, or ``None`` where no example moves it."""
    n, means, step = rows.n, rows.means, SHIFTED / rows.n
    more, less = rows.shifted(step), rows.shifted(-step)
    slopes, bends = (more - less) / (2 * step), (more - 2 * value + less) / step**2
    steep = slopes**2
    squares = float(rows.times @ steep)
    if squares == 0:
        return None
    deviation = np.sqrt(squares) / n
    weights = rows.times * slopes
    direction = (weighted(weights, rows.values) - weights.sum() * means) / (n**2 * deviation)
    ahead, behind = rows.figure(means + np.outer((1, -1), direction)).tolist()
    return _Shape(
        float(deviation),
        direction,
        float(rows.times @ (steep * slopes)) / (6 * squares**1.5),
        float(rows.times @ bends) / (2 * n**2),
        (ahead - 2 * value + behind) / (2 * float(deviation)),
        float(np.abs(slopes).max()) / float(np.sqrt(squares)),
    )
