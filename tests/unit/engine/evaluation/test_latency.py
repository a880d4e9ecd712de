"""How durations of queries are taken."""

import gc
import time
from pathlib import Path

import pytest

from engine.evaluation.latency import measure
from engine.processes.protocol import MeasureLatency
from engine.runtimes.onnx.loader import load
from storage.errors import JobError
from storage.settings import Preprocess
from tests.tiny_models import CHANNELS_FIRST, save_onnx


def silent(done: int, total: int) -> None:
    """Take no interest in progress."""


@pytest.fixture
def request_of(digits_file: Path) -> MeasureLatency:
    """Return a small request."""
    return MeasureLatency(str(digits_file), CHANNELS_FIRST, queries=70, budget_s=10.0)


def test_queries_are_timed_one_by_one(request_of: MeasureLatency, tmp_path: Path) -> None:
    """As many as were asked for, after a warm-up, and progress reaches its end."""
    seen: list[tuple[int, int]] = []
    measured = measure(
        load(save_onnx(tmp_path / "m.onnx"), "cpu"),
        request_of,
        lambda done, total: seen.append((done, total)),
    )
    assert len(measured.latencies_ms) == 70
    assert measured.warmup > 0
    assert all(0 < latency < 1000 for latency in measured.latencies_ms)
    assert seen[-1] == (70, 70)
    assert gc.isenabled()


def test_the_budget_ends_the_timing(digits_file: Path, tmp_path: Path) -> None:
    """Fewer queries than were asked for, when time is up, and never none."""
    model = load(save_onnx(tmp_path / "m.onnx"), "cpu")
    began = time.monotonic()
    measured = measure(model, MeasureLatency(str(digits_file), CHANNELS_FIRST, 10**9, 0.3), silent)
    assert 0.1 < time.monotonic() - began < 3
    assert 1 <= len(measured.latencies_ms) < 10**9
    none_left = MeasureLatency(str(digits_file), CHANNELS_FIRST, 10**9, 0.0)
    assert len(measure(model, none_left, silent).latencies_ms) == 1


def test_a_fixed_batch_cannot_be_timed_singly(digits_file: Path, tmp_path: Path) -> None:
    """A model for 16 at a time has no latency of single queries."""
    from tests.unit.engine.evaluation.passing import passing

    model = load(passing(tmp_path / "m.onnx", [16, 64]), "cpu")
    with pytest.raises(JobError, match="batches of exactly 16"):
        measure(
            model,
            MeasureLatency(str(digits_file), Preprocess(flatten=True), 10, 1.0),
            silent,
        )
    assert gc.isenabled()
