"""What durations of queries mean: percentiles only with the queries that they need, and whether they were stable.

Pure, and without numpy, because the engine's own process uses it too. It neither times nor knows a model.

The rule is the one of MLPerf LoadGen's early stopping (``early_stopping.cc`` and ``results.cc`` in
https://github.com/mlcommons/inference/tree/master/loadgen): a percentile is an upper bound at 99 % confidence,
and every value here equals LoadGen's own wherever LoadGen gives one (a test runs LoadGen beside it).
"""

from collections.abc import Sequence
from functools import lru_cache
from math import exp, lgamma, log
from statistics import fmean, median, stdev
from typing import Final, NamedTuple

CONFIDENCE: Final = 0.99
"""LoadGen's: how sure it must be that a percentile is not above what is reported."""

STABLE_WINDOWS: Final = 3
STABLE_WITHIN: Final = 0.1
"""perf_analyzer's rule: the last three windows within 10 %."""

TIMED_WINDOWS: Final = 6
"""Parts into which the timed queries are divided to judge stability; the last three must agree."""


class Distribution(NamedTuple):
    """Durations of queries in figures; a percentile is ``None`` with too few queries to mean it."""

    n: int
    p50_ms: float
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    mean_ms: float
    stdev_ms: float


def distribution(latencies_ms: Sequence[float]) -> Distribution:
    """Return what durations of queries say.

    The median is the plain one; the higher percentiles are LoadGen's: upper bounds at 99 % confidence.

    Args:
        latencies_ms: at least one duration.
    """
    ordered = sorted(latencies_ms)
    return Distribution(
        n=len(ordered),
        p50_ms=median(ordered),
        p90_ms=percentile(ordered, 0.90),
        p95_ms=percentile(ordered, 0.95),
        p99_ms=percentile(ordered, 0.99),
        p999_ms=percentile(ordered, 0.999),
        mean_ms=fmean(ordered),
        stdev_ms=stdev(ordered) if len(ordered) > 1 else 0.0,
    )


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return LoadGen's early-stopping estimate of a percentile from sorted durations, or ``None``."""
    discarded = discarded_of(len(ordered), share)
    return None if discarded is None else ordered[len(ordered) - 1 - discarded]


def discarded_of(n: int, share: float) -> int | None:
    """Return how many of the slowest of ``n`` queries lie above the estimate, or ``None`` where there is none.

    LoadGen counts the estimate itself among the queries that are over it, so one fewer than `allowed_over` is
    discarded ("Would discard 5743 highest latency queries" of 59,139 for p90, where 5,744 may be over). It
    gives no estimate where only t = 0 is allowed; the slowest query is a bound by the same inequality, and is
    taken there.
    """
    over = allowed_over(n, share)
    return None if over is None else max(over - 1, 0)


@lru_cache(maxsize=256)
def allowed_over(n: int, share: float) -> int | None:
    """Return how many of ``n`` queries may be slower than a limit that the percentile ``share`` is to keep.

    The largest t with P[Binomial(n, 1 - share) <= t] <= 1 - `CONFIDENCE`; ``None`` where even t = 0 is not
    sure enough: with fewer queries the percentile means nothing.
    """
    t, total = -1, 0.0
    while total <= 1 - CONFIDENCE:
        t += 1
        # In logarithms: the first terms of a long run are smaller than any float.
        ways = lgamma(n + 1) - lgamma(t + 1) - lgamma(n - t + 1)
        total += exp(ways + t * log(1 - share) + (n - t) * log(share))
    return t - 1 if t else None


@lru_cache(maxsize=64)
def queries_needed(share: float, over: int = 0) -> int:
    """Return the fewest queries of which ``over`` may be over a limit that the percentile ``share`` is to keep."""
    n = over + 1
    while (found := allowed_over(n, share)) is None or found < over:
        n += 1
    return n


def is_stable(latencies_ms: Sequence[float]) -> bool:
    """Return whether the medians of the last three of six equal windows lie within 10 % of each other."""
    size = len(latencies_ms) // TIMED_WINDOWS
    if size < 2:
        return False
    medians = [
        median(latencies_ms[len(latencies_ms) - (index + 1) * size : len(latencies_ms) - index * size])
        for index in range(STABLE_WINDOWS)
    ]
    return agree(medians)


def agree(medians: Sequence[float]) -> bool:
    """Return whether the medians of some windows lie within 10 % of each other."""
    return max(medians) <= min(medians) * (1 + STABLE_WITHIN)
