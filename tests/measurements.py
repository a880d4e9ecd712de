"""Latency measurements and reports as the engine would have recorded them, for tests of what becomes of them."""

from typing import Any

import msgspec

from storage.records import LatencyReport, NewLatencyMeasurement, Surroundings
from storage.vocabulary import Scenario

SINGLE = NewLatencyMeasurement(
    scenario=Scenario.SINGLE_STREAM,
    batch_size=1,
    device="cpu",
    seed=0,
    n=1000,
    warmup=48,
    duration_s=5.0,
    p50_ms=0.4,
    p90_ms=0.6,
    p95_ms=0.7,
    p99_ms=0.9,
    p999_ms=None,
    mean_ms=0.45,
    stdev_ms=0.1,
    throughput=2222.2,
    stable=True,
    noisy="",
    surroundings=Surroundings(cores=2, others=0.01, clock_low_mhz=2400.0, clock_high_mhz=2401.0),
    target_qps=None,
    achieved_qps=None,
    objective_ms=None,
    max_qps=None,
    unserved=0,
    load_s=0.05,
    first_ms=3.5,
    peak_rss_bytes=200_000_000,
    dataset_name="test",
    artefact_sha256="a" * 64,
    preprocessing_sha256="b" * 64,
    runtime="onnxruntime",
    runtime_version="1.27.0",
    isolation="full",
)
"""Single queries one after another."""


def measurement(**changes: Any) -> NewLatencyMeasurement:
    """Return a measurement that differs from `SINGLE` in what is named."""
    return msgspec.structs.replace(SINGLE, **changes)


REPORT = LatencyReport(
    scenario=Scenario.SINGLE_STREAM,
    batch_size=1,
    n=100,
    p50_ms=0.41,
    p90_ms=0.6,
    p95_ms=0.7,
    p99_ms=None,
    mean_ms=0.45,
    stdev_ms=0.1,
    throughput=3412.0,
    stable=True,
)
"""Of an evaluation: too few queries to tell one in a hundred."""


def report(**changes: Any) -> LatencyReport:
    """Return an evaluation's latency report that differs from `REPORT` in what is named."""
    return msgspec.structs.replace(REPORT, **changes)
