"""What durations of queries mean, and how they are taken."""

import gc
import time
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from engine.evaluation.latency import discardable, is_stable, measure, percentile, queries_needed, summarise
from engine.processes.protocol import MeasureLatency
from engine.runtimes.onnx.loader import load
from storage.errors import JobError
from storage.settings import Preprocess
from tests.tiny_models import CHANNELS_FIRST, save_onnx

TABLE = [
    (0.90, {0: 44, 1: 64, 2: 81, 5: 127, 10: 197, 100: 1246}),
    (0.95, {0: 90, 1: 130, 2: 165, 5: 259, 10: 398, 100: 2504}),
    (0.97, {0: 152, 1: 219, 2: 277, 5: 433, 10: 667}),
    (0.99, {0: 459, 1: 662, 2: 838, 5: 1307, 10: 2010}),
    (0.999, {0: 4603, 1: 6636}),
]
"""MPLerf LoadGen's early stopping: percentile -> queries put aside -> queries needed."""


@pytest.mark.parametrize(("share", "needed"), TABLE)
def test_the_queries_that_a_percentile_needs_are_loadgens(share: float, needed: dict[int, int]) -> None:
    """One query fewer puts one fewer aside, or none."""
    for discarded, n in needed.items():
        assert discardable(n, share) == discarded
        assert (discardable(n - 1, share) or 0) == max(0, discarded - 1)
        assert (discardable(n - 1, share) is None) is (discarded == 0)


def test_the_fewest_queries_can_be_asked_for() -> None:
    """The console says "p99 needs 459 samples"."""
    assert [queries_needed(share) for share in (0.9, 0.95, 0.99)] == [44, 90, 459]
    assert queries_needed(0.9, 2) == 81


@pytest.mark.parametrize("n", [500, 20_000, 200_000])
@pytest.mark.parametrize("share", [0.9, 0.99])
def test_many_queries_agree_with_scipy(n: int, share: float) -> None:
    """Long runs, whose first terms are smaller than any float, are decided as scipy decides them."""
    t = discardable(n, share)
    assert t is not None
    assert stats.binom.cdf(t, n, 1 - share) <= 0.01 < stats.binom.cdf(t + 1, n, 1 - share)


def test_a_percentile_is_the_value_at_its_rank() -> None:
    """With 64 queries one may be put aside for p90: the second slowest stays."""
    ordered = [float(value) for value in range(1, 65)]
    assert percentile(ordered, 0.90) == 63.0
    assert percentile(ordered[:44], 0.90) == 44.0
    assert percentile(ordered[:43], 0.90) is None


def test_a_report_holds_what_the_queries_allow() -> None:
    """One hundred queries give p50, p90 and p95; a p99 would be a guess."""
    report = summarise([float(value) for value in range(100, 0, -1)], throughput=7.0, stable=True)
    assert (report.n, report.batch_size, report.throughput, report.stable) == (100, 1, 7.0, True)
    assert (report.p50_ms, report.p90_ms, report.p95_ms, report.p99_ms) == (50.5, 97.0, 100.0, None)
    assert report.mean_ms == pytest.approx(50.5)
    assert report.stdev_ms == pytest.approx(np.std(np.arange(1, 101), ddof=1))


def test_a_single_query_is_a_report() -> None:
    """A model that takes a minute is reported with the one query that there was."""
    report = summarise([60_000.0], throughput=0.1, stable=False)
    assert (report.p50_ms, report.p90_ms, report.stdev_ms) == (60_000.0, None, 0.0)


@pytest.mark.parametrize(
    ("latencies", "stable"),
    [
        ([1.0] * 60, True),
        ([9.0] * 30 + [1.0] * 30, True),
        ([1.0] * 40 + [1.05] * 10 + [1.09] * 10, True),
        ([1.0] * 50 + [1.2] * 10, False),
        ([1.0] * 11, False),
        ([], False),
    ],
)
def test_stable_means_that_the_last_three_windows_agree(latencies: list[float], *, stable: bool) -> None:
    """Six equal windows; the medians of the last three within 10 %."""
    assert is_stable(latencies) is stable


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
