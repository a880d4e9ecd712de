"""Models, versions and jobs as the console gets them, for tests of what it says of them."""

from typing import Any

from storage.promotion_records import LATENCY, GateCheck, GateReport
from storage.records import (
    Arrival,
    Evaluation,
    Job,
    JobParameters,
    Metric,
    Model,
    Shown,
    Version,
)
from storage.snapshot import Snapshot
from storage.tables import assembly
from storage.vocabulary import CheckVerdict, Format, JobKind, JobState, Status, Verdict
from tests.measurements import report

NOW = 1_700_000_000.0


def evaluation(accuracy: float = 0.95, *, confusion: tuple[tuple[int, ...], ...] | None = None) -> Evaluation:
    """Return an evaluation of five minutes ago."""
    latency = report(p50_ms=0.7, p90_ms=0.8, p95_ms=0.9, mean_ms=0.7, throughput=10_000.0)
    return Evaluation(
        id=1, version_id=1, job_id=None, at=NOW - 300, requested_by="ann", dataset_name="test", dataset_rows=2000, dataset_sha256="", artefact_sha256="",
        preprocessing_sha256="", runtime="keras", runtime_version="3", device="cpu", batch_size=64, isolation="full", duration_s=0.1, confusion=confusion,
        metrics=(Metric("accuracy", accuracy, accuracy - 0.01, accuracy + 0.01, 2000),), latency=latency,
    )  # fmt: skip


def version(
    number: int, *, status: Status = Status.READY, reason: str = "", gate: GateReport | None = None
) -> Version:
    """Return a version of a model."""
    return Version(
        id=number, model="m", number=number, format=Format.KERAS, status=status, reason=reason, role=None, sha256="a", bytes=10, artefact="model.keras",
        source="", found_at=NOW, parameters=5, evaluation=evaluation(), gate=gate,
    )  # fmt: skip


def model(name: str = "m", **changes: Any) -> Model:
    """Return a model that is well, apart from ``changes``."""
    values: dict[str, Any] = {
        "id": 1, "name": name, "task": None, "problem": "", "versions": 1, "current": version(1), "previous": None, "candidate": None,
        "newest": version(1), "faults": 0, "trend": (0.9, 0.95),
    } | changes  # fmt: skip
    shown = Shown(**{place: values.pop(place) for place in Shown._fields})
    return assembly.model(shown, **values)


def job(state: JobState, **changes: Any) -> Job:
    """Return a job of model m."""
    values: dict[str, Any] = {
        "id": 7, "kind": JobKind.EVALUATE, "model": "m", "version": 1, "parameters": JobParameters(), "requested_by": "ann", "requested_at": NOW, "state": state,
        "done": 0, "total": 0, "message": "", "started_at": NOW - 10, "finished_at": None, "code": "", "error": "", "hint": "", "result": "",
    }  # fmt: skip
    return Job(**(values | changes))


def gate(verdict: CheckVerdict) -> GateReport:
    """Return a gate's report with one check."""
    return GateReport(
        against=1,
        verdict=Verdict.SUPERIOR if verdict is CheckVerdict.PASS else Verdict.INFERIOR,
        checks=(GateCheck("accuracy", verdict, ""),),
    )


UNMEASURED = GateReport(
    1,
    Verdict.INCONCLUSIVE,
    (GateCheck("accuracy", CheckVerdict.PASS, ""), GateCheck(LATENCY, CheckVerdict.INCONCLUSIVE, "")),
    unmeasured=True,
)


def judged(report: GateReport) -> dict[str, Any]:
    """Return a newest version that is a candidate, and of which the gate says this."""
    return dict.fromkeys(("candidate", "newest"), version(2, gate=report))


OPEN, READY = judged(UNMEASURED), judged(gate(CheckVerdict.PASS))


def arrival(name: str, status: Status, reason: str) -> Arrival:
    """Return a file of the model's inbox."""
    return Arrival(model="m", name=name, status=status, reason=reason, bytes=1, seen_at=NOW)


COMING = arrival("large.onnx", Status.SETTLING, "arriving: 412 MiB so far, 12 MiB/s")


def snapshot(*models: Model, jobs: tuple[Job, ...] = (), arrivals: tuple[Arrival, ...] = ()) -> Snapshot:
    """Return a snapshot of models."""
    return Snapshot(
        engine=None,
        models=models,
        arrivals=arrivals,
        devices=(),
        jobs=jobs,
        queued=0,
        running=0,
        events=(),
        faults=(),
    )
