"""How durations of queries are taken."""

import gc
import time
from pathlib import Path

import pytest

from engine.evaluation.latency import measure
from engine.evaluation.queries import Queries
from engine.processes.protocol import MeasureLatency
from engine.runtimes.onnx.loader import load
from storage.errors import JobError
from storage.settings import Preprocess
from tests.slow_model import save_slow_onnx
from tests.tiny_models import CHANNELS_FIRST, save_onnx

FLAT = Preprocess(dtype="float32", flatten=True)


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
    assert time.monotonic() - began > 0.1
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
            MeasureLatency(str(digits_file), FLAT, 10, 1.0),
            silent,
        )
    assert gc.isenabled()
    with pytest.raises(JobError, match="batches of exactly 16, not 8"):
        measure(model, MeasureLatency(str(digits_file), FLAT, 10, 1.0, 8), silent)
    found = measure(model, MeasureLatency(str(digits_file), FLAT, 10, 1.0, 16), silent)
    assert len(found.latencies_ms) == 10


def test_a_measurement_goes_on_until_it_has_enough(digits_file: Path, tmp_path: Path) -> None:
    """It lasts as long as asked and has as many queries as asked, whichever comes last, within its limits."""
    model = load(save_onnx(tmp_path / "m.onnx"), "cpu")
    data = str(digits_file)
    long = measure(model, MeasureLatency(data, CHANNELS_FIRST, 10**6, 10.0, least_s=0.2), silent)
    assert 0.2 <= long.elapsed_s < 10
    many = measure(
        model, MeasureLatency(data, CHANNELS_FIRST, 10**6, 20.0, least_s=0.0, least_queries=700), silent
    )
    assert len(many.latencies_ms) >= 700
    few = measure(model, MeasureLatency(data, CHANNELS_FIRST, 30, 10.0, least_s=5.0), silent)
    assert len(few.latencies_ms) == 30


def test_batches_are_of_the_size_that_was_asked_for(digits_file: Path, tmp_path: Path) -> None:
    """A query of 200 examples is one batch of 200, also where there are fewer different ones prepared in turn."""
    model = load(save_onnx(tmp_path / "m.onnx"), "cpu")
    request = MeasureLatency(str(digits_file), CHANNELS_FIRST, 5, 5.0, 200)
    batches = Queries(model, request).of_size(200)
    assert [batch[0].shape for batch in batches] == [(200, 1, 8, 8)]
    singles = Queries(model, request).of_size(1)
    assert len({batch[0].tobytes() for batch in singles}) > 100
    assert len(measure(model, request, silent).latencies_ms) == 5


def test_a_cold_query_is_the_first_one(digits_file: Path, tmp_path: Path) -> None:
    """Without warming up, the first inference of a session is what is timed."""
    model = load(save_onnx(tmp_path / "m.onnx"), "cpu")
    found = measure(model, MeasureLatency(str(digits_file), CHANNELS_FIRST, 1, 5.0, warm_up_s=0), silent)
    assert (len(found.latencies_ms), found.warmup) == (1, 0)


def test_the_clock_covers_the_queries_and_little_else(digits_file: Path, tmp_path: Path) -> None:
    """What lies between two queries is the smaller part of the time, so that throughput is the model's."""
    model = load(save_slow_onnx(tmp_path / "slow.onnx"), "cpu")
    found = measure(model, MeasureLatency(str(digits_file), CHANNELS_FIRST, 200, 10.0), silent)
    assert 0.5 < sum(found.latencies_ms) / 1000 / found.elapsed_s <= 1
