"""How fast a model answers single queries, after MLPerf LoadGen's single-stream scenario.

Owns the timing (warm-up, then one query after another, the garbage collector off) and what the durations
mean: percentiles only with the queries that they need. `summarise` is pure Python and runs in the engine's
main process, so numpy stays out of this module's top.
"""

import gc
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from engine.evaluation.percentiles import STABLE_WINDOWS, agree, is_stable
from engine.processes.protocol import LatencyMeasured, MeasureLatency
from engine.protocols import LoadedModel
from storage.errors import JobError
from storage.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

WINDOW = 16
"""Queries of a warm-up window: enough for a median, few enough for slow models."""

WARMUP_SHARE = 0.3
"""Of the time budget, what warming up may take before the timing begins regardless."""

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
        if len(medians) >= STABLE_WINDOWS and agree(medians[-STABLE_WINDOWS:]):
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
