"""States of a model that is well, to be changed in one thing at a time."""

from typing import Any

import msgspec

from engine.evaluation.likeness import Examined
from engine.faults.state import Content, DataMarks, ModelState, Probing
from storage.maintenance_settings import Plan
from storage.records import Evaluation, LatencyReport, Metric, Version
from storage.settings import ModelSettings
from storage.vocabulary import Format, Role, Scenario, Status

NOW = 1_700_000_000.0
DAY = 86400.0

PLAN = Plan(None, 3600.0, None, 30 * DAY, 90 * DAY, frozenset())


def evaluation(
    number: int, *metrics: Metric, dataset: str = "d", p50_ms: float = 1.0, **changes: Any
) -> Evaluation:
    """Return an evaluation; ``number`` is its id."""
    plain = Evaluation(
        id=number,
        version_id=1,
        job_id=None,
        at=NOW - 60,
        requested_by="ann",
        dataset_name="test",
        dataset_rows=1000,
        dataset_sha256=dataset,
        artefact_sha256="a",
        preprocessing_sha256="p",
        runtime="onnxruntime",
        runtime_version="1",
        device="cpu",
        batch_size=32,
        isolation="full",
        duration_s=0.1,
        confusion=None,
        metrics=metrics,
        latency=latency(p50_ms),
    )
    return msgspec.structs.replace(plain, **changes)


def latency(p50_ms: float, *, stable: bool = True, p99_ms: float | None = None) -> LatencyReport:
    """Return a latency report."""
    return LatencyReport(
        scenario=Scenario.SINGLE_STREAM,
        batch_size=1,
        n=662,
        p50_ms=p50_ms,
        p90_ms=p50_ms,
        p95_ms=p50_ms,
        p99_ms=p50_ms if p99_ms is None else p99_ms,
        mean_ms=p50_ms,
        stdev_ms=0.1,
        throughput=1000.0,
        stable=stable,
    )


def accuracy(value: float, reach: float = 0.01, n: int = 1000) -> Metric:
    """Return an accuracy with its interval."""
    return Metric("accuracy", value, value - reach, value + reach, n)


def version(**changes: Any) -> Version:
    """Return version 2, which is deployed and ready."""
    plain = Version(
        id=1,
        model="m",
        number=2,
        format=Format.ONNX,
        status=Status.READY,
        reason="",
        role=Role.CURRENT,
        sha256="a" * 64,
        bytes=1,
        artefact="model.onnx",
        source="",
        found_at=NOW - DAY,
        parameters=1,
        evaluation=evaluation(1, accuracy(0.95)),
    )
    return msgspec.structs.replace(plain, **changes)


PROBING = Probing(
    examined=Examined(rows=16, different_inputs=16, different_outputs=16, without_number=0),
    repeatable=True,
    weights=4,
    broken_weights=(),
    runtime="onnxruntime",
    runtime_version="1",
    recorded_with="1",
    recorded_at=NOW - DAY,
)


def state(**changes: Any) -> ModelState:
    """Return the state of a model of which nothing is wrong."""
    plain = ModelState(
        now=NOW,
        model="m",
        settings=ModelSettings(),
        plan=PLAN,
        current=version(),
        content=Content("a" * 64, "a" * 64),
        evaluations=(evaluation(1, accuracy(0.95)),),
        probing=PROBING,
        data=DataMarks("x", "x", busy=False),
    )
    return msgspec.structs.replace(plain, **changes)
