"""What timing a query costs, beside MLPerf LoadGen's own timing of the same queries.

``python -P -m tests.benchmarks.timing FOLDER`` measures both in one process, in turns, and prints one line of JSON.
The system under test answers at once, so that all that is measured is the measuring. docs/decisions/0006 has what follows.
"""

import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mlperf_loadgen

from engine.evaluation import latency, server
from engine.processes.protocol import MeasureLatency, Traffic
from engine.protocols import LoadedModel, TensorSpec
from storage.settings import Preprocess
from tests.benchmarks import apart
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import Stage

ROUNDS = 5
QUERIES = 20_000
RATE = 1000.0
ARRIVALS = 1000


class AtOnce(LoadedModel):
    """A system that answers at once."""

    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    parameters = None

    def run(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """Answer."""
        return ()


class Nothing:
    """Queries that hold nothing."""

    def of_size(self, size: int) -> list[tuple[Any, ...]]:
        """Return one of them."""
        return [()]


def run(stage: Stage) -> list[Figure]:
    """Measure in a process of its own."""
    del stage  # no engine takes part: this is about the code that runs in a model process
    with tempfile.TemporaryDirectory(prefix="modeltender-timing-") as folder:
        found = apart.ask(dict[str, float], "timing", folder)
    return [
        Figure(
            "single-stream: our own work for each query that is timed",
            f"{found['ours_us']:.2f} µs",
            f"{found['loadgen_us']:.2f} µs: LoadGen from Python",
            f"1/{found['loadgen_us'] / found['ours_us']:.0f}",
            "1 µs",
            found["ours_us"] < 1,
        ),
        Figure(
            "single-stream: what of it lies within the duration that is reported (p50)",
            f"{found['ours_p50_us']:.2f} µs",
            f"{found['loadgen_p50_us']:.2f} µs: LoadGen from Python",
            f"1/{found['loadgen_p50_us'] / found['ours_p50_us']:.0f}",
            "1 µs",
            found["ours_p50_us"] < 1,
        ),
        Figure(
            "server: from a query's scheduled arrival to an answer at once, 1,000 a second (p50)",
            f"{found['ours_late_us']:.1f} µs",
            f"{found['loadgen_late_us']:.1f} µs: LoadGen from Python",
            f"1/{found['loadgen_late_us'] / found['ours_late_us']:.0f}",
            "less",
            found["ours_late_us"] < found["loadgen_late_us"],
        ),
    ]


def main(folder: Path) -> dict[str, float]:
    """Return microseconds a query, the medians over some turns."""
    turns = [_turn(folder) for _ in range(ROUNDS)]
    return {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}


def _turn(folder: Path) -> dict[str, float]:
    began = time.perf_counter()
    limits = latency.Limits(QUERIES, sys.maxsize, 0, None)
    timed = latency.back_to_back(AtOnce(), [()], limits, lambda _done, _total: None)
    ours_s = time.perf_counter() - began
    alone = _loadgen(folder, mlperf_loadgen.TestScenario.SingleStream, QUERIES)
    arriving = _loadgen(folder, mlperf_loadgen.TestScenario.Server, ARRIVALS)
    request = MeasureLatency("", Preprocess(), ARRIVALS, 60.0)
    served = server.serve(
        AtOnce(),
        Nothing(),
        request,
        Traffic(RATE, 0),
        lambda _done, _total: None,
    )
    return {
        "ours_us": ours_s / QUERIES * 1e6,
        "ours_p50_us": statistics.median(timed.durations_ns) / 1e3,
        "ours_late_us": statistics.median(served.durations_ns) / 1e3,
        "loadgen_us": 1e6 / alone["QPS w/ loadgen overhead"],
        "loadgen_p50_us": alone["50.00 percentile latency (ns)"] / 1e3,
        "loadgen_late_us": arriving["50.00 percentile latency (ns)"] / 1e3,
    }


def _loadgen(folder: Path, scenario: Any, queries: int) -> dict[str, float]:
    """Run a LoadGen test and return the figures of its summary by their names."""

    def answer(samples: Sequence[Any]) -> None:
        responses = [mlperf_loadgen.QuerySampleResponse(sample.id, 0, 0) for sample in samples]
        mlperf_loadgen.QuerySamplesComplete(responses)

    tested = mlperf_loadgen.ConstructSUT(answer, lambda: None)
    library = mlperf_loadgen.ConstructQSL(64, 64, lambda _samples: None, lambda _samples: None)
    settings = mlperf_loadgen.TestSettings()
    settings.scenario, settings.mode = scenario, mlperf_loadgen.TestMode.PerformanceOnly
    settings.min_query_count = settings.max_query_count = queries
    settings.min_duration_ms = 0
    settings.server_target_qps, settings.server_target_latency_ns = RATE, 10**9
    log = mlperf_loadgen.LogSettings()
    log.log_output.outdir, log.log_output.copy_summary_to_stdout = str(folder), False
    mlperf_loadgen.StartTestWithLogSettings(tested, library, settings, log, "")
    mlperf_loadgen.DestroyQSL(library)
    mlperf_loadgen.DestroySUT(tested)
    summary = (folder / "mlperf_log_summary.txt").read_text()
    return {
        name.strip(): float(value)
        for name, value in re.findall(r"^(.+?)\s*: ([\d.]+)$", summary, re.MULTILINE)
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
