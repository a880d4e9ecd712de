"""The difference of any figure between two versions on the same examples: the paired bootstrap, bias-corrected.

Examples are drawn with replacement, the same ones for both versions; the limits are BCa's, which take bias and skewness
out (Efron 1987, Journal of the American Statistical Association 82:171). Of more than a few thousand examples none is
drawn: a figure with derivatives has the limits that BCa's approach (`engine.evaluation.paired.expansion`), and for one
with kinks the means themselves are drawn (`engine.evaluation.paired.bins`). The draws are seeded, so that the same outcomes always have the same interval.
"""

import numpy as np

from engine.evaluation.paired import bca, expansion
from engine.evaluation.paired import bins as binned
from engine.evaluation.paired.bins import Bins
from engine.evaluation.paired.rows import Estimate, Floats, Rows

RESAMPLES = 2000
"""The 0.5 % tails still hold ten of them."""

FEW = 2000
"""Examples up to which they are drawn, in some tens of milliseconds. Above, sums of so many are normal but for their
skewness, which is reckoned with."""

AT_ONCE = 50_000
"""Draws that are held together: a megabyte in all, which fits into a core's own cache and is hardly seen in the engine's memory.
Four times as many took five more, and a third longer."""

SEED = 20_250_115


def estimate(rows: Rows | Bins, confidence: float, *, seed: int = SEED) -> Estimate:
    """Return the figure with its interval, by what suits its course and the number of examples."""
    if isinstance(rows, Bins):
        few = rows.n <= FEW
        return (
            drawn(rows.rows(), confidence, seed=seed) if few else binned.interval(rows, confidence, seed=seed)
        )
    if rows.n <= FEW:
        return drawn(rows, confidence, seed=seed)
    return expansion.interval(rows, confidence) or drawn(rows, confidence, seed=seed)


def drawn(rows: Rows, confidence: float, *, resamples: int = RESAMPLES, seed: int = SEED) -> Estimate:
    """Return the figure with BCa's limits, from examples drawn with replacement."""
    value = float(rows.figure(rows.means))
    if rows.n < 2:
        return Estimate(value, -np.inf, np.inf)
    found = np.sort(_resampled(rows, resamples, seed))
    low, high = bca.limits(found, value, bca.acceleration(_influence(rows), rows.times), confidence)
    return Estimate(value, low, high)


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
