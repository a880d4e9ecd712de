"""Queries that arrive by a schedule, answered by real models in this process."""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from numpy.typing import NDArray

from engine.evaluation.latency import measure
from engine.evaluation.percentiles import distribution
from engine.evaluation.server import wait_until
from engine.processes.protocol import LatencyMeasured, MeasureLatency, Traffic
from engine.protocols import LoadedModel
from engine.runtimes.onnx.loader import load
from tests.slow_model import save_slow_onnx
from tests.tiny_models import CHANNELS_FIRST
from tests.unit.engine.evaluation.test_latency import silent

FLOOD = 50
"""Times what the model was seen to do: far above it, even where the machine was busy with something else then."""


class Watched:
    """A real model that notes the sizes of the batches that it is given."""

    def __init__(self, model: LoadedModel) -> None:
        self.inputs, self.outputs, self.parameters = model.inputs, model.outputs, model.parameters
        self._model = model
        self.sizes: list[int] = []

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Run one batch."""
        self.sizes.append(len(inputs[0]))
        return self._model.run(inputs)


@pytest.fixture
def slow(tmp_path: Path) -> LoadedModel:
    """Return a model that takes a good part of a millisecond or more."""
    return load(save_slow_onnx(tmp_path / "slow.onnx"), "cpu")


@pytest.fixture
def capacity(slow: LoadedModel, digits_file: Path) -> float:
    """Return how many single queries a second the model answers, one after another."""
    alone = measure(slow, MeasureLatency(str(digits_file), CHANNELS_FIRST, 100, 5.0), silent)
    return 1000 / median(alone.latencies_ms)


def served(
    model: LoadedModel, data: Path, rate: float, queries: int, *, batch: int = 1, **more: Any
) -> LatencyMeasured:
    """Send queries to a model."""
    traffic = Traffic(rate, seed=1, objective_ms=more.get("objective_ms"))
    request = MeasureLatency(
        str(data), CHANNELS_FIRST, queries, more.get("budget_s", 60.0), batch_size=batch, traffic=traffic
    )
    return measure(model, request, more.get("progress", silent))


def test_queueing_is_not_hidden(slow: LoadedModel, capacity: float, digits_file: Path) -> None:
    """Far above what the model can do, p99 grows with how long that goes on, until it is most of that time."""
    found = served(slow, digits_file, capacity * FLOOD, 1380)
    # A shorter run of the same schedule is the beginning of the longer one: arrivals do not wait for answers.
    short, long = (distribution(found.latencies_ms[:queries]).p99_ms for queries in (460, 1380))
    assert short is not None
    assert long is not None
    assert long > 1.2 * short
    assert 0.5 < long / 1000 / found.elapsed_s <= 1
    assert not found.stable


def test_with_time_to_spare_a_query_waits_for_nobody(
    slow: LoadedModel, capacity: float, digits_file: Path
) -> None:
    """At a thirtieth of what the model can do, half of the queries are answered long before the next one comes."""
    rate = capacity / 30
    found = served(slow, digits_file, rate, 60)
    assert len(found.latencies_ms) == 60
    assert median(found.latencies_ms) < 1000 / rate / 2
    assert found.unserved == 0
    assert found.elapsed_s > 60 / rate / 2


def test_waiting_queries_are_answered_together(slow: LoadedModel, capacity: float, digits_file: Path) -> None:
    """With a batch size, what has arrived meanwhile goes along, up to that size, so that far fewer runs answer all."""
    watched = Watched(slow)
    found = served(watched, digits_file, capacity * FLOOD, 600, batch=4)
    # Whatever came before the queries was warming up, and a batch that was tried for its size alone.
    sizes = watched.sizes[1 + found.warmup :]
    assert sum(sizes) == 600
    assert max(sizes) == 4
    assert len(sizes) < 300


def test_when_time_is_over_what_waits_counts_with_its_age(
    slow: LoadedModel, capacity: float, digits_file: Path
) -> None:
    """A backlog is cut off after the budget; its queries are not forgotten, and count as old as they are."""
    rate = capacity * FLOOD
    queries = round(rate)
    found = served(slow, digits_file, rate, queries, budget_s=0.3)
    arrived = len(found.latencies_ms)
    assert 0 < found.unserved < arrived < queries
    assert 0.3 <= found.elapsed_s < queries / capacity
    waited = found.latencies_ms[-found.unserved :]
    assert list(waited) == sorted(waited, reverse=True)
    assert max(found.latencies_ms) <= found.elapsed_s * 1000


def test_when_time_is_over_nobody_waits_for_who_has_not_come(slow: LoadedModel, digits_file: Path) -> None:
    """The schedule goes on for three minutes, and the budget ends between the first query and the second."""
    found = served(slow, digits_file, 0.3, 50, budget_s=0.8)
    assert found.elapsed_s >= 0.8
    assert len(found.latencies_ms) < 50, "who would come later neither was answered nor waits"


def test_a_lost_objective_ends_the_measurement(slow: LoadedModel, capacity: float, digits_file: Path) -> None:
    """Once more queries are too slow than p99 allows, no time is spent on the rest."""
    found = served(slow, digits_file, capacity * FLOOD, 10_000, objective_ms=3 * 1000 / capacity)
    slow_ones = [latency for latency in found.latencies_ms if latency > 3 * 1000 / capacity]
    assert len(slow_ones) > 80
    assert len(found.latencies_ms) - found.unserved < 2000


def test_progress_ends_at_its_end(slow: LoadedModel, digits_file: Path) -> None:
    """However many queries there are, the last word is that all of it is done."""
    seen: list[tuple[int, int]] = []
    served(slow, digits_file, 1e6, 5, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (5, 5)


def test_waiting_ends_at_the_moment_and_not_before() -> None:
    """The clock has reached the moment; at the best of some tries by little."""
    late = []
    for _ in range(10):
        at = time.perf_counter_ns() + 1_000_000
        now = wait_until(at)
        assert now >= at
        late.append(now - at)
    assert min(late) < 1_000_000
