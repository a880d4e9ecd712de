"""The difference of any figure between two versions on the same examples: the paired bootstrap, bias-corrected.

Examples are drawn with replacement, the same ones for both versions; the limits are BCa's, which take bias and skewness
out (Efron 1987, Journal of the American Statistical Association 82:171). Of more than a few thousand examples none is
drawn: a figure with derivatives has the limits that BCa's approach (`engine.evaluation.paired.expansion`), and for one
with kinks the means themselves are drawn. The draws are seeded, so that the same outcomes always have the same interval.
"""

from math import ceil
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from engine.evaluation.paired import expansion
from engine.evaluation.paired.rows import Course, Estimate, Floats, Rows

RESAMPLES = 2000
"""The 0.5 % tails still hold ten of them."""

FEW = 2000
"""Examples up to which they are drawn, in some tens of milliseconds. Above, sums of so many are normal but for their
skewness, which is reckoned with."""

MEANS_DRAWN = 5000
"""Draws of means, each of which costs no more for a million examples: more of them, and steadier limits."""

AT_ONCE = 200_000
"""Draws that are held together: they fit into a processor's cache, which is twice as fast as more."""

TOGETHER = 256
"""Rows that are multiplied at once: for so few the matrix library starts no threads, which wait for each other on a
busy machine many times longer than they work."""

ROUNDING = 1e-12
"""Of a variance: what is left of it is nothing but rounding."""

SEED = 20_250_115


def estimate(rows: Rows, confidence: float, *, seed: int = SEED) -> Estimate:
    """Return the figure with its interval, by what suits its course and the number of examples."""
    if rows.n <= FEW:
        return drawn(rows, confidence, seed=seed)
    if rows.course is Course.KINKED:
        return of_drawn_means(rows, confidence, seed=seed)
    return expansion.interval(rows, confidence) or drawn(rows, confidence, seed=seed)


def drawn(rows: Rows, confidence: float, *, resamples: int = RESAMPLES, seed: int = SEED) -> Estimate:
    """Return the figure with BCa's limits, from examples drawn with replacement."""
    value = float(rows.figure(rows.means))
    if rows.n < 2:
        return Estimate(value, -np.inf, np.inf)
    found = np.sort(_resampled(rows, resamples, seed))
    low, high = _limits(found, value, _acceleration(rows.times, _influence(rows)), confidence)
    return Estimate(value, low, high)


def of_drawn_means(rows: Rows, confidence: float, *, draws: int = MEANS_DRAWN, seed: int = SEED) -> Estimate:
    """Return the figure with BCa's limits, from means drawn from the normal distribution that they have.

    It is what the multiplier bootstrap's means have, whose examples get independent normal weights (Chernozhukov,
    Chetverikov and Kato 2013, Annals of Statistics 41:2786): a few numbers a draw say the same as one for each
    example. What skewness a mean keeps among so many is put back by the first term of Cornish and Fisher's expansion
    (1938, Review of the International Statistical Institute 5:307).
    """
    means, influence = rows.means, _influence(rows)
    value = float(rows.figure(means))
    if not influence.any():
        return Estimate(value, value, value)
    acceleration = _acceleration(rows.times, influence)
    spread = _spread(np.column_stack([rows.values - means, influence]), rows.times)
    deviation, axes = float(np.sqrt(spread[-1, -1])), _root(spread)
    axes = axes[axes.any(axis=1)]
    random, found = np.random.default_rng(seed), []
    for start in range(0, draws, TOGETHER):
        moved = random.standard_normal((min(TOGETHER, draws - start), len(axes))) @ axes
        far = moved[:, -1] / deviation
        skewed = acceleration * deviation * (rows.n - 1) * (far**2 - 1)
        found.append(rows.figure(means + moved[:, :-1]) + skewed)
    low, high = _limits(np.sort(np.concatenate(found)), value, acceleration, confidence)
    return Estimate(value, low, high)


def _spread(columns: Floats, times: "NDArray[np.int64]") -> Floats:
    """Return the covariances of the means of columns whose means are 0."""
    total = np.zeros((columns.shape[1],) * 2)
    for start in range(0, len(columns), TOGETHER):
        part = columns[start : start + TOGETHER]
        total += (part.T * times[start : start + TOGETHER]) @ part
    return total / int(times.sum()) ** 2


def _root(spread: Floats) -> Floats:
    """Return what normal numbers are multiplied with to vary together as covariances say: Cholesky's root.

    Means that follow from others, or never vary, get nothing of their own; the library's root knows no such ones.
    """
    left, root = spread.copy(), np.zeros_like(spread)
    for place, whole in enumerate(np.diag(spread)):
        if left[place, place] > whole * ROUNDING:
            root[place] = left[place] / np.sqrt(left[place, place])
            left -= np.outer(root[place], root[place])
    return root


def _influence(rows: Rows) -> Floats:
    """Return how much less the figure would be without each example, beside the mean of that."""
    n = rows.n
    without = rows.figure((rows.means * n - rows.values) / (n - 1))
    return np.asarray((rows.times @ without) / n - without)


def _resampled(rows: Rows, resamples: int, seed: int) -> Floats:
    """Return the figure of each resample."""
    random = np.random.default_rng(seed)
    n, size = rows.n, len(rows.values)
    each = max(1, AT_ONCE // n)
    found = []
    for start in range(0, resamples, each):
        count = min(each, resamples - start)
        if size < n:
            counts = random.multinomial(n, rows.times / n, size=count)
        else:
            picked = random.integers(n, size=(count, n), dtype=np.int32)
            picked += size * np.arange(count, dtype=np.int32)[:, np.newaxis]
            counts = np.bincount(picked.reshape(-1), minlength=count * size).reshape(count, size)
        found.append(rows.figure(counts.astype(np.float64) @ rows.values / n))
    return np.concatenate(found)


def _acceleration(times: "NDArray[np.int64]", influence: Floats) -> float:
    spread = float(times @ influence**2)
    return float(times @ influence**3) / (6 * spread**1.5) if spread > 0 else 0.0


def _limits(found: Floats, value: float, acceleration: float, confidence: float) -> tuple[float, float]:
    """Return BCa's limits: the places among the sorted draws that bias and skewness leave."""
    # Ties count by half: with few different values a figure sits on many draws.
    below = (np.searchsorted(found, value, "left") + np.searchsorted(found, value, "right")) / 2 / len(found)
    bias = float(ndtri(min(max(below, 0.5 / len(found)), 1 - 0.5 / len(found))))
    tail = NormalDist().inv_cdf(0.5 + confidence / 2)
    limits = []
    for z in (-tail, tail):
        shifted = bias + z
        place = float(ndtr(bias + shifted / (1 - acceleration * shifted)))
        # Rounded outwards, so that few draws make a wider interval and not a narrower one.
        spot = place * len(found)
        number = int(spot) if z < 0 else ceil(spot)
        limits.append(float(found[min(max(number, 0), len(found) - 1)]))
    return min(limits[0], value), max(limits[1], value)
