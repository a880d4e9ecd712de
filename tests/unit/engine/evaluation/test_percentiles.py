"""What durations of queries mean, held against scipy, hand computation and MLPerf LoadGen itself."""

import math
import re
import subprocess
import sys
from pathlib import Path
from statistics import fmean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from engine.evaluation.percentiles import (
    allowed_over,
    discarded_of,
    distribution,
    is_stable,
    percentile,
    queries_needed,
)
from storage.tables.latencies import NEEDED

TABLE = [
    (0.90, {0: 44, 1: 64, 2: 81, 5: 127, 10: 197, 100: 1246}),
    (0.95, {0: 90, 1: 130, 2: 165, 5: 259, 10: 398, 100: 2504}),
    (0.97, {0: 152, 1: 219, 2: 277, 5: 433, 10: 667}),
    (0.99, {0: 459, 1: 662, 2: 838, 5: 1307, 10: 2010}),
    (0.999, {0: 4603, 1: 6636}),
]
"""MLPerf LoadGen's early stopping: percentile -> queries over the limit -> queries needed (h_min(t) + t)."""

NULL_TEST = """
import sys
import mlperf_loadgen as lg

def answer(samples):
    lg.QuerySamplesComplete([lg.QuerySampleResponse(sample.id, 0, 0) for sample in samples])

queries, folder, trace = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "trace"
tested = lg.ConstructSUT(answer, lambda: None)
samples = lg.ConstructQSL(64, 64, lambda _: None, lambda _: None)
settings = lg.TestSettings()
settings.scenario, settings.mode = lg.TestScenario.SingleStream, lg.TestMode.PerformanceOnly
settings.min_query_count = settings.max_query_count = queries
settings.min_duration_ms = 0
log = lg.LogSettings()
log.log_output.outdir, log.log_output.copy_summary_to_stdout, log.enable_trace = folder, False, trace
lg.StartTestWithLogSettings(tested, samples, settings, log, "")
"""
"""A real LoadGen test of a system that answers at once; only LoadGen's own figures and times are used."""


def loadgen(folder: Path, queries: int, *, trace: bool = False) -> str:
    """Run LoadGen's single-stream scenario in a process of its own and return its summary."""
    arguments = [str(queries), str(folder), "trace" if trace else "no trace"]
    subprocess.run([sys.executable, "-P", "-c", NULL_TEST, *arguments], check=True, cwd=folder, timeout=60)
    return (folder / "mlperf_log_summary.txt").read_text()


@pytest.mark.parametrize(("share", "needed"), TABLE)
def test_the_queries_that_a_percentile_needs_are_loadgens(share: float, needed: dict[int, int]) -> None:
    """One query fewer allows one fewer over the limit, or no statement at all."""
    for over, n in needed.items():
        assert allowed_over(n, share) == over
        assert (allowed_over(n - 1, share) or 0) == max(0, over - 1)
        assert (allowed_over(n - 1, share) is None) is (over == 0)


@pytest.mark.parametrize("queries", [64, 81, 662, 2010, 59_139])
def test_loadgen_itself_discards_as_many(queries: int, tmp_path: Path) -> None:
    """LoadGen, run here with as many queries, says the number of discarded ones that we compute for p90."""
    said = re.search(r"Would discard (\d+) highest", loadgen(tmp_path, queries))
    assert said is not None
    assert discarded_of(queries, 0.90) == int(said[1])


@pytest.mark.parametrize("queries", [63, 661])
def test_loadgen_itself_gives_no_percentile_below_its_floor(queries: int, tmp_path: Path) -> None:
    """One query fewer than it needs for p90 or p99, LoadGen names the number that we compute."""
    summary = loadgen(tmp_path, queries)
    needed = {63: queries_needed(0.90, 1), 661: queries_needed(0.99, 1)}[queries]
    assert re.search(rf"process at\s+least {needed} (total )?queries", summary)


def test_the_same_durations_give_loadgens_own_percentiles(tmp_path: Path) -> None:
    """Of the durations that LoadGen measured we report the very p90 and p99, in nanoseconds, that it reports."""
    summary = loadgen(tmp_path, 3000, trace=True)
    # Not JSON where a message of its own holds a quotation mark, so the samples are picked out.
    pattern = re.compile(r'"issue_start_ns":(\d+),"complete_ns":(\d+)')
    trace = pattern.findall((tmp_path / "mlperf_log_trace.json").read_text())
    durations = sorted(int(complete) - int(issued) for issued, complete in trace)
    assert len(durations) == 3000
    for share in (0.90, 0.99):
        said = re.search(
            rf"Early stopping {share:.1%}th percentile estimate: (\d+)".replace("%", ""), summary
        )
        assert said is not None
        assert percentile(durations, share) == int(said[1])


def test_the_fewest_queries_can_be_asked_for() -> None:
    """The console says "p99 needs 459 samples"."""
    assert [queries_needed(share) for share in (0.9, 0.95, 0.99)] == [44, 90, 459]
    assert queries_needed(0.9, 2) == 81
    shares = {"p90_ms": 0.9, "p95_ms": 0.95, "p99_ms": 0.99, "p999_ms": 0.999}
    assert {name: queries_needed(share) for name, share in shares.items()} == NEEDED


@pytest.mark.parametrize("n", [500, 20_000, 200_000])
@pytest.mark.parametrize("share", [0.9, 0.99])
def test_many_queries_agree_with_scipy(n: int, share: float) -> None:
    """Long runs, whose first terms are smaller than any float, are decided as scipy decides them."""
    t = allowed_over(n, share)
    assert t is not None
    assert stats.binom.cdf(t, n, 1 - share) <= 0.01 < stats.binom.cdf(t + 1, n, 1 - share)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 1500), st.sampled_from([0.9, 0.95, 0.99, 0.999]))
def test_any_number_of_queries_agrees_with_exact_arithmetic(n: int, share: float) -> None:
    """The number of queries that may be over the limit is that of the binomial sum in exact integers."""
    assert allowed_over(n, share) == exactly(n, share)


def exactly(n: int, share: float) -> int | None:
    """Return the largest t with P[Binomial(n, 1 - share) <= t] <= 0.01, in exact integers."""
    over = round((1 - share) * 1000)
    total, t = 0, -1
    while 100 * (total := total + math.comb(n, t + 1) * over ** (t + 1) * (1000 - over) ** (n - t - 1)) <= (
        1000**n
    ):
        t += 1
    return t if t >= 0 else None


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=900))
def test_a_percentile_is_never_optimistic(latencies: list[float]) -> None:
    """It is one of the durations, never below the plain percentile, and percentiles are in order."""
    found = distribution(latencies)
    ordered = sorted(latencies)
    for share, value in ((0.9, found.p90_ms), (0.95, found.p95_ms), (0.99, found.p99_ms)):
        assert (value is None) is (len(latencies) < queries_needed(share))
        assert value is None or value >= ordered[min(int(len(ordered) * share), len(ordered) - 1)]
    known = [value for value in found[1:6] if value is not None]
    assert known == sorted(known)


def test_a_percentile_is_the_value_at_its_rank() -> None:
    """By hand: with 81 queries two may be over p90's limit, of which the estimate itself is one."""
    ordered = [float(value) for value in range(1, 82)]
    assert percentile(ordered, 0.90) == 80.0
    assert percentile(ordered[:64], 0.90) == 64.0
    assert percentile(ordered[:44], 0.90) == 44.0
    assert percentile(ordered[:43], 0.90) is None


def test_a_distribution_holds_what_the_queries_allow() -> None:
    """One hundred queries give p50, p90 and p95; a p99 would be a guess."""
    latencies = [float(value) for value in range(100, 0, -1)]
    found = distribution(latencies)
    assert (found.n, found.p50_ms, found.p90_ms, found.p95_ms) == (100, 50.5, 98.0, 100.0)
    assert (found.p99_ms, found.p999_ms) == (None, None)
    assert found.mean_ms == pytest.approx(fmean(latencies))
    assert found.stdev_ms == pytest.approx(stdev(latencies))


def test_each_percentile_of_many_queries_is_its_own() -> None:
    """Five thousand queries give all of them, each the one of its share, whatever the order in which they came."""
    latencies = [float(value) for value in range(5000, 0, -1)]
    found = distribution(latencies)
    over = [allowed_over(5000, share) for share in (0.9, 0.95, 0.99, 0.999)]
    assert found[2:6] == tuple(5000.0 - max((t or 0) - 1, 0) for t in over)
    assert (found.p90_ms, found.p999_ms) == (4551.0, 5000.0)


def test_a_single_query_is_a_distribution() -> None:
    """A model that takes a minute is reported with the one query that there was; two have a spread."""
    found = distribution([60_000.0])
    assert (found.p50_ms, found.p90_ms, found.stdev_ms) == (60_000.0, None, 0.0)
    assert distribution([1.0, 3.0]).stdev_ms == pytest.approx(stdev([1.0, 3.0]))


@pytest.mark.parametrize(
    ("latencies", "stable"),
    [
        ([1.0] * 60, True),
        ([9.0] * 30 + [1.0] * 30, True),
        ([1.0] * 40 + [1.05] * 10 + [1.09] * 10, True),
        ([1.0] * 50 + [1.2] * 10, False),
        ([1.0] * 40 + [1.1] * 10 + [1.0] * 10, True),
        ([1.0] * 40 + [1.2] * 10 + [1.0] * 10, False),
        ([1.0] * 12, True),
        ([1.0] * 11, False),
        ([], False),
    ],
)
def test_stable_means_that_the_last_three_windows_agree(latencies: list[float], *, stable: bool) -> None:
    """Six equal windows; the medians of the last three within 10 %."""
    assert is_stable(latencies) is stable
