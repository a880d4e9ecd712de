"""How fast a model answers: the timing of MLPerf LoadGen's scenarios, in the model's own process.

Owns warming up and the clock around each query, for queries one after another (single-stream) and batch after
batch (offline); `engine.evaluation.server` owns queries that arrive by a schedule. It must not judge: it
returns every duration, and `engine.evaluation.percentiles` says in the engine's process what they mean.

The garbage collector is off during the timing, as in `timeit`: a pause of Python's own is no property of the
model. What the host had imported was frozen before the fork (`engine.processes.host`), so that what collects
afterwards has little to look at.
"""

import gc
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from engine.evaluation import server
from engine.evaluation.percentiles import STABLE_WINDOWS, agree, is_stable
from engine.evaluation.queries import Queries, Query
from engine.evaluation.runs import ask, failure
from engine.processes.protocol import LatencyMeasured, MeasureLatency
from engine.protocols import LoadedModel

WINDOW = 16
"""Queries of a warm-up window: enough for a median, few enough for slow models."""

WARMUP_SHARE = 0.3
"""Of the time budget, what warming up may take before the timing begins regardless."""

EACH_SIZE = 3
"""Runs of every batch size that a server may put together, since some runtimes prepare for each shape."""

PROGRESS_S = 0.5
"""Rarely, because whoever hears of progress needs a core that the model could have."""

SECOND_NS = 1_000_000_000

Progress = Callable[[int, int], None]


def measure(model: LoadedModel, request: MeasureLatency, progress: Progress) -> LatencyMeasured:
    """Return the durations of queries, in the order in which they came.

    Raises:
        JobError: the data do not fit the model, it does not take batches of that size, or it fails on one.
    """
    deadline_ns = time.perf_counter_ns() + round(request.budget_s * SECOND_NS)
    queries = Queries(model, request)
    batches = queries.of_size(request.batch_size)
    if request.warm_up_s != 0:
        ask(model, batches[0], lambda: queries.which)
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _measure(model, request, queries, deadline_ns, progress)
    except Exception as error:
        raise failure(error, batches[0], queries.which) from error
    finally:
        if collecting:
            gc.enable()


def _measure(
    model: LoadedModel, request: MeasureLatency, queries: Queries, deadline_ns: int, progress: Progress
) -> LatencyMeasured:
    batches = queries.of_size(request.batch_size)
    warm_up_s = request.budget_s * WARMUP_SHARE if request.warm_up_s is None else request.warm_up_s
    until_ns = time.perf_counter_ns() + round(warm_up_s * SECOND_NS)
    warmup = warm_up(model, batches, until_ns)
    if request.traffic is not None:
        for size in range(1, request.batch_size):
            warmup += _try_size(model, queries.of_size(size), until_ns)
        served = server.serve(model, queries, request, request.traffic, progress)
        return LatencyMeasured(
            _milliseconds(served.durations_ns),
            warmup,
            is_stable(served.durations_ns),
            served.elapsed_ns / SECOND_NS,
            served.unserved,
        )
    timed = back_to_back(model, batches, limits_of(request, deadline_ns), progress)
    return LatencyMeasured(
        _milliseconds(timed.durations_ns),
        warmup,
        is_stable(timed.durations_ns),
        timed.elapsed_ns / SECOND_NS,
    )


class Limits(NamedTuple):
    """When a timing ends: at the first of the two upper limits, or as soon as both lower ones are reached."""

    most: int
    deadline_ns: int
    least: int
    least_ns: int | None

    def over(self, count: int, now_ns: int, began_ns: int) -> bool:
        """Whether it is time to end after ``count`` queries."""
        enough = self.least_ns is not None and count >= self.least and now_ns >= began_ns + self.least_ns
        return enough or count >= self.most or now_ns >= self.deadline_ns

    def done(self, count: int, now_ns: int, began_ns: int) -> tuple[int, int]:
        """Return how far the timing is, of how much."""
        if self.least_ns is None:
            return min(count, self.most), self.most
        share = min(1.0, (now_ns - began_ns) / max(self.least_ns, 1), count / max(self.least, 1))
        return round(share * 1000), 1000


def limits_of(request: MeasureLatency, deadline_ns: int) -> Limits:
    """Return when a timing that was asked for ends."""
    least_ns = None if request.least_s is None else round(request.least_s * SECOND_NS)
    return Limits(request.queries, deadline_ns, request.least_queries, least_ns)


class Timed(NamedTuple):
    """Durations of queries one after another, and how long they took together with our own work between them."""

    durations_ns: list[int]
    elapsed_ns: int


def back_to_back(model: LoadedModel, queries: Sequence[Query], limits: Limits, progress: Progress) -> Timed:
    """Time queries one after another; between two of them lies one comparison, and everything else is rare."""
    clock, run, count, looked_ns = time.perf_counter_ns, model.run, len(queries), PROGRESS_S * SECOND_NS
    durations: list[int] = []
    began_ns = ended = clock()
    look_at = min(began_ns + min(looked_ns, limits.least_ns or looked_ns), limits.deadline_ns)
    while True:
        query = queries[len(durations) % count]
        began = clock()
        run(query)
        ended = clock()
        durations.append(ended - began)
        if ended >= look_at or len(durations) >= limits.most:
            over = limits.over(len(durations), ended, began_ns)
            progress(*limits.done(len(durations), ended, began_ns))
            if over:
                return Timed(durations, ended - began_ns)
            look_at = min(ended + looked_ns, limits.deadline_ns)


def warm_up(model: LoadedModel, queries: Sequence[Query], until_ns: int) -> int:
    """Run queries until three windows agree or the time for it is over; return how many ran."""
    medians: list[float] = []
    done = 0
    while (began := time.perf_counter_ns()) < until_ns:
        window: list[int] = []
        while len(window) < WINDOW and began < until_ns:
            model.run(queries[done % len(queries)])
            ended = time.perf_counter_ns()
            window.append(ended - began)
            began = ended
            done += 1
        medians.append(median(window))
        if len(medians) >= STABLE_WINDOWS and agree(medians[-STABLE_WINDOWS:]):
            break
    return done


def _try_size(model: LoadedModel, queries: Sequence[Query], until_ns: int) -> int:
    done = 0
    while done < EACH_SIZE and time.perf_counter_ns() < until_ns:
        model.run(queries[done % len(queries)])
        done += 1
    return done


def _milliseconds(durations_ns: Sequence[int]) -> tuple[float, ...]:
    return tuple(duration / 1e6 for duration in durations_ns)
