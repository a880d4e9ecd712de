"""Queries that arrive by a schedule, answered by a real model in this process, by a clock that only the test moves."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

from engine.evaluation import server
from engine.evaluation.arrivals import SECOND_NS
from engine.evaluation.latency import measure
from engine.evaluation.percentiles import allowed_over, distribution
from engine.evaluation.server import SPIN_NS, wait_until
from engine.processes.protocol import LatencyMeasured, MeasureLatency, Traffic
from engine.protocols import LoadedModel
from engine.runtimes.onnx.loader import load
from tests.tiny_models import CHANNELS_FIRST, save_onnx
from tests.unit.engine.evaluation.test_latency import silent

TAKES_MS = 2.0
"""What a run of the model takes by the clock of a test, whatever it is asked."""

FLOOD = 50
"""Times what the model can answer."""

LOOK_NS = 1_000
"""What a look at the clock of a test takes: who looks until it is time comes to an end."""

CAPACITY = 1000 / TAKES_MS
"""Single queries a second that the model can answer, one after another."""


class Clock:
    """Time that passes where somebody looks, sleeps or works, and nowhere else: a busy machine changes no figure."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.slept_s: list[float] = []

    def perf_counter_ns(self) -> int:
        """Return the time."""
        self.now_ns += LOOK_NS
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept_s.append(seconds)
        self.now_ns += round(seconds * SECOND_NS)


class Timed:
    """A real model that takes its time by the clock of the test, and notes the sizes of the batches that it is given."""

    def __init__(self, model: LoadedModel, clock: Clock) -> None:
        self.inputs, self.outputs, self.parameters = model.inputs, model.outputs, model.parameters
        self._model = model
        self._clock = clock
        self.sizes: list[int] = []

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Run one batch."""
        self.sizes.append(len(inputs[0]))
        self._clock.now_ns += round(TAKES_MS * 1e6)
        return self._model.run(inputs)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock by which queries are served."""
    held = Clock()
    monkeypatch.setattr(server, "time", held)
    return held


@pytest.fixture
def model(tmp_path: Path, clock: Clock) -> Timed:
    """Return a model of digits."""
    return Timed(load(save_onnx(tmp_path / "m.onnx"), "cpu"), clock)


@pytest.fixture
def served(model: Timed, digits_file: Path) -> Callable[..., LatencyMeasured]:
    """Return a function that sends the model queries at a rate."""

    def send(rate: float, queries: int, *, batch: int = 1, **more: Any) -> LatencyMeasured:
        traffic = Traffic(rate, seed=1, objective_ms=more.get("objective_ms"))
        request = MeasureLatency(
            str(digits_file),
            CHANNELS_FIRST,
            queries,
            more.get("budget_s", 600.0),
            batch_size=batch,
            # Warming up goes by the machine's own clock.
            warm_up_s=0.0,
            traffic=traffic,
        )
        return measure(model, request, more.get("progress", silent))

    return send


Serve = Callable[..., LatencyMeasured]


def test_queueing_is_not_hidden(served: Serve) -> None:
    """Far above what the model can do, p99 grows with how long that goes on, until it is most of that time."""
    found = served(CAPACITY * FLOOD, 1380)
    # A shorter run of the same schedule is the beginning of the longer one: arrivals do not wait for answers.
    short, long = (distribution(found.latencies_ms[:queries]).p99_ms for queries in (460, 1380))
    assert short is not None
    assert long is not None
    assert long > 2.9 * short
    assert 0.95 < long / 1000 / found.elapsed_s <= 1
    assert not found.stable


def test_with_time_to_spare_a_query_waits_for_nobody(served: Serve) -> None:
    """At a thirtieth of what the model can do, nearly all take what the model takes, to the last look at the clock."""
    found = served(CAPACITY / 30, 60)
    assert len(found.latencies_ms) == 60
    alone = [latency for latency in found.latencies_ms if latency <= TAKES_MS + 3 * LOOK_NS / 1e6]
    assert len(alone) > 50
    assert min(found.latencies_ms) >= TAKES_MS
    assert found.unserved == 0
    assert found.elapsed_s == pytest.approx(60 / (CAPACITY / 30), rel=0.3)


def test_waiting_queries_are_answered_together(served: Serve, model: Timed) -> None:
    """With a batch size, what has arrived meanwhile goes along, up to that size, so that far fewer runs answer all."""
    found = served(CAPACITY * FLOOD, 600, batch=4)
    # Whatever came before the queries was warming up, and a batch that was tried for its size alone.
    sizes = model.sizes[found.warmup :]
    assert sum(sizes) == 600
    assert max(sizes) == 4
    assert len(sizes) < 155


def test_when_time_is_over_what_waits_counts_with_its_age(served: Serve) -> None:
    """A backlog is cut off after the budget; its queries are not forgotten, and count as old as they are."""
    rate = CAPACITY * FLOOD
    queries = round(rate)
    found = served(rate, queries, budget_s=0.3)
    arrived = len(found.latencies_ms)
    assert 0 < found.unserved < arrived < queries
    assert found.elapsed_s == pytest.approx(0.3, abs=2 * TAKES_MS / 1000)
    assert arrived - found.unserved == pytest.approx(0.3 * CAPACITY, abs=2)
    waited = found.latencies_ms[-found.unserved :]
    assert list(waited) == sorted(waited, reverse=True)
    assert max(found.latencies_ms) <= found.elapsed_s * 1000


def test_when_time_is_over_nobody_waits_for_who_has_not_come(served: Serve) -> None:
    """The schedule goes on for three minutes, and the budget ends between the first query and the second."""
    found = served(0.3, 50, budget_s=0.8)
    assert found.elapsed_s == pytest.approx(0.8, abs=0.001)
    assert len(found.latencies_ms) == 1, "who would come later neither was answered nor waits"


def test_a_lost_objective_ends_the_measurement(served: Serve) -> None:
    """Once more queries are too slow than p99 allows, no time is spent on the rest."""
    found = served(CAPACITY * FLOOD, 10_000, objective_ms=3 * TAKES_MS)
    answered = len(found.latencies_ms) - found.unserved
    slow_ones = [latency for latency in found.latencies_ms[:answered] if latency > 3 * TAKES_MS]
    assert len(slow_ones) == (allowed_over(10_000, 0.99) or 0) + 1
    assert answered < 100


def test_progress_ends_at_its_end(served: Serve) -> None:
    """However many queries there are, the last word is that all of it is done."""
    seen: list[tuple[int, int]] = []
    served(1e6, 5, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (5, 5)


def test_waiting_sleeps_first_and_looks_at_the_end(clock: Clock) -> None:
    """It sleeps until a moment before the time, looks from then on, and is late by a look at the most."""
    assert wait_until(SPIN_NS * 5) - SPIN_NS * 5 < LOOK_NS
    assert clock.slept_s == [(SPIN_NS * 4 - LOOK_NS) / SECOND_NS]


def test_waiting_never_ends_before_its_moment() -> None:
    """The system's own clock has reached the moment, however long the system lets one sleep."""
    for _ in range(10):
        at = time.perf_counter_ns() + 1_000_000
        assert wait_until(at) >= at
