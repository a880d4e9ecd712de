"""Confidence intervals of figures, in pure Python: the engine's main process needs them too.

Owns the intervals that are shown beside every figure. It must not know any metric's name.
"""

from math import expm1, pi, sqrt, tan
from statistics import NormalDist

CONFIDENCE = 0.95
"""Of every interval that is shown."""


def wilson(successes: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion (Wilson 1927, without continuity correction).

    It keeps its promise near 0 and 1 and with few examples, where the textbook interval does not.
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share, square = successes / n, z * z / n
    centre = (share + square / 2) / (1 + square)
    reach = z / (1 + square) * sqrt(share * (1 - share) / n + square / (4 * n))
    # The bounds at 0 and n are exactly 0 and 1; rounding would put them a hair beside. No other comes near.
    low = 0.0 if successes == 0 else centre - reach
    high = 1.0 if successes == n else centre + reach
    return low, high


def mean_reach(variance: float, n: int, confidence: float = CONFIDENCE) -> float | None:
    """Return half the width of Student's interval of a mean, or ``None`` with fewer than two examples.

    Args:
        variance: the sample's variance, with n - 1 in the denominator.
        n: how many examples.
        confidence: of the interval.
    """
    if n < 2:
        return None
    return student_quantile(0.5 + confidence / 2, n - 1) * sqrt(variance / n)


def student_quantile(probability: float, freedom: int) -> float:
    """Return the quantile of Student's t distribution above its median.

    Exact for 1 and 2 degrees of freedom. Up to a millionth of either tail within 1.6e-5 of the true value with 3, 1e-5 with 4
    or more, and 1e-7 with 15 or more; where each tail is 7 % or more, within 1e-6 with 3 and 2e-7 with 4 or more.
    """
    tail = 2 * (1 - probability)
    if freedom == 1:
        return 1 / tan(tail * pi / 2)
    if freedom == 2:
        return sqrt(2 / (tail * (2 - tail)) - 2)
    return _hill(tail, freedom)


def _hill(tail: float, n: int) -> float:
    """Return the t quantile of a two-sided tail by Hill's expansions (1970, Algorithm 396), in his letters."""
    a = 1 / (n - 0.5)
    b = 48 / a**2
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * sqrt(a * pi / 2) * n
    y = (d * tail) ** (2 / n)
    if y > 0.05 + a:
        x = NormalDist().inv_cdf(tail / 2)
        y = x * x
        if n < 5:
            c += 0.3 * (n - 4.5) * (x + 0.6)
        c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c
        y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
        return sqrt(n * expm1(a * y * y))
    y = ((1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)) * y - 1) * (n + 1) / (
        n + 2
    ) + 1 / y
    return sqrt(n * y)
