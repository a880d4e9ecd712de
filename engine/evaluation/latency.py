"""How fast a model answers single queries, after MLPerf LoadGen's single-stream scenario.

Owns the timing (warm-up, then one query after another, the garbage collector off) and what the durations
mean: percentiles only with the queries that they need. `summarise` is pure Python and runs in the engine's
main process, so numpy stays out of this module's top.
"""

import gc
import time
from collections.abc import Sequence
from functools import lru_cache
from math import exp, lgamma, log
from pathlib import Path
from statistics import fmean, median, stdev
from typing import TYPE_CHECKING, Any

from engine.processes.protocol import LatencyMeasured, MeasureLatency
from engine.protocols import LoadedModel
from storage.errors import JobError
from storage.records import LatencyReport
from storage.text import clean
from storage.vocabulary import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CONFIDENCE = 0.99
"""LoadGen's: how sure it must be that a percentile is not above what is reported."""

WINDOW = 16
"""Queries of a warm-up window: enough for a median, few enough for slow models."""

STABLE_WINDOWS = 3
STABLE_WITHIN = 0.1
"""perf_analyzer's rule: the last three windows within 10 %."""

WARMUP_SHARE = 0.3
"""Of the time budget, what warming up may take before the timing begins regardless."""

TIMED_WINDOWS = 6
"""Parts into which the timed queries are divided to judge stability; the last three must agree."""

SAMPLES = 64
"""Examples that the queries go through in turn, so that no single input's luck decides."""

PROGRESS_S = 0.05


def measure(
    model: LoadedModel, request: MeasureLatency, progress: "Callable[[int, int], None]"
) -> LatencyMeasured:
    """Return the durations of single queries, in the order in which they ran.

    Raises:
        JobError: the data do not fit the model, the model takes no single examples, or it fails on one.
    """
    from engine.evaluation.runs import ask, failure, fixed_size

    fixed = fixed_size(model)
    if fixed not in {None, 1}:
        raise JobError(
            f"The model takes batches of exactly {fixed}, so single queries cannot be timed.",
            "Save it with a free first axis.",
        )
    deadline = time.monotonic() + request.budget_s
    queries = _queries(model, request)
    which = f"examples of {clean(Path(request.data).name)}"
    ask(model, queries[0], which)
    collecting = gc.isenabled()
    gc.disable()
    try:
        warmup = _warm_up(model, queries, time.monotonic() + request.budget_s * WARMUP_SHARE)
        latencies = _time(model, queries, request.queries, deadline, progress)
    except Exception as error:
        raise failure(error, queries[0], which) from error
    finally:
        if collecting:
            gc.enable()
    return LatencyMeasured(tuple(latencies), warmup, is_stable(latencies))


def summarise(latencies_ms: Sequence[float], *, throughput: float, stable: bool) -> LatencyReport:
    """Return what durations of single queries say, a percentile only with the queries that it needs.

    The median is the plain one; the higher percentiles are LoadGen's: upper bounds at 99 % confidence.

    Args:
        latencies_ms: at least one duration.
        throughput: examples a second, of an evaluation in batches.
        stable: whether the last windows agreed.
    """
    ordered = sorted(latencies_ms)
    return LatencyReport(
        scenario=Scenario.SINGLE_STREAM,
        batch_size=1,
        n=len(ordered),
        p50_ms=median(ordered),
        p90_ms=percentile(ordered, 0.90),
        p95_ms=percentile(ordered, 0.95),
        p99_ms=percentile(ordered, 0.99),
        mean_ms=fmean(ordered),
        stdev_ms=stdev(ordered) if len(ordered) > 1 else 0.0,
        throughput=throughput,
        stable=stable,
    )


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return LoadGen's early-stopping estimate of a percentile from sorted durations, or ``None``."""
    discarded = discardable(len(ordered), share)
    return None if discarded is None else ordered[len(ordered) - 1 - discarded]


@lru_cache(maxsize=256)
def discardable(n: int, share: float) -> int | None:
    """Return how many of the slowest of ``n`` queries may be put aside for the percentile ``share``.

    The largest t with P[Binomial(n, 1 - share) <= t] <= 1 - `CONFIDENCE` (MLPerf LoadGen, early stopping);
    ``None`` where even t = 0 is not sure enough: with fewer queries the percentile means nothing.
    """
    total = 0.0
    for t in range(n + 1):
        # In logarithms: the first terms of a long run are smaller than any float.
        ways = lgamma(n + 1) - lgamma(t + 1) - lgamma(n - t + 1)
        total += exp(ways + t * log(1 - share) + (n - t) * log(share))
        if total > 1 - CONFIDENCE:
            return t - 1 if t else None
    return None


@lru_cache(maxsize=64)
def queries_needed(share: float, discarded: int = 0) -> int:
    """Return the fewest queries with which ``discarded`` may be put aside for the percentile ``share``."""
    n = discarded + 1
    while (found := discardable(n, share)) is None or found < discarded:
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
    return _agree(medians)


def _agree(medians: Sequence[float]) -> bool:
    return max(medians) <= min(medians) * (1 + STABLE_WITHIN)


def _queries(model: LoadedModel, request: MeasureLatency) -> "list[tuple[NDArray[Any], ...]]":
    """Return prepared examples, each a batch of one: preparing is not timed, as in LoadGen."""
    from engine.data.examples import open_examples

    examples = open_examples(Path(request.data), request.preprocess, model.inputs)
    step = max(1, examples.rows // SAMPLES)
    return [examples.batch(row, row + 1) for row in range(0, examples.rows, step)][:SAMPLES]


def _warm_up(model: LoadedModel, queries: "list[tuple[NDArray[Any], ...]]", deadline: float) -> int:
    """Run queries until three windows agree or the time for it is over; return how many ran."""
    medians: list[float] = []
    done = 0
    while time.monotonic() < deadline:
        window: list[float] = []
        while len(window) < WINDOW and time.monotonic() < deadline:
            window.append(_once(model, queries[done % len(queries)]))
            done += 1
        medians.append(median(window))
        if len(medians) >= STABLE_WINDOWS and _agree(medians[-STABLE_WINDOWS:]):
            break
    return done


def _time(
    model: LoadedModel,
    queries: "list[tuple[NDArray[Any], ...]]",
    most: int,
    deadline: float,
    progress: "Callable[[int, int], None]",
) -> list[float]:
    latencies: list[float] = []
    reported = 0.0
    while len(latencies) < most:
        latencies.append(_once(model, queries[len(latencies) % len(queries)]))
        now = time.monotonic()
        if now - reported >= PROGRESS_S or len(latencies) == most:
            reported = now
            progress(len(latencies), most)
        if now >= deadline:
            break
    return latencies


def _once(model: LoadedModel, query: "tuple[NDArray[Any], ...]") -> float:
    began = time.perf_counter_ns()
    model.run(query)
    return (time.perf_counter_ns() - began) / 1e6
