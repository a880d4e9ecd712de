"""Real rows for the commands' tests: what an engine would have recorded, written by the functions that it uses."""

import sqlite3
import time
from collections.abc import Callable

import msgspec

from storage import jobs
from storage.database import Writer
from storage.device_details import DeviceDetails, DeviceProcess, Obstacle, Pressure
from storage.promotion_records import GateCheck, GateReport
from storage.records import (
    Arrival,
    Device,
    EvaluationFailure,
    Job,
    Loading,
    Metric,
    NewEvaluation,
    TensorSpec,
)
from storage.tables import devices, evaluations, events, faults, inbox, models
from storage.vocabulary import (
    CheckVerdict,
    DeviceKind,
    Format,
    JobState,
    Severity,
    Status,
    Task,
    Verdict,
)
from tests.measurements import REPORT

Answer = Callable[[Writer, Job], None]

NOW = 1_750_000_000.0
"""2025-06-15 15:06:40 UTC."""

GATE = GateReport(
    against=1,
    verdict=Verdict.SUPERIOR,
    checks=(GateCheck("accuracy", CheckVerdict.PASS, "0.9600 against 0.9500"),),
)


LOADING = Loading(
    runtime="keras",
    runtime_version="3.15.0",
    device="cpu",
    inputs=(TensorSpec("image", (None, 28, 28, 1), "float32"),),
    outputs=(TensorSpec("probabilities", (None, 10), "float32"),),
    load_s=0.1192,
    peak_rss_bytes=412 * 2**20,
)

LINES = '[preprocess]\ndtype = "float32"\nlayout = "NHWC"'


def fill(writer: Writer) -> None:
    """Record mnist (1 deployed, 2 a candidate, 3 failed), digits (never deployed), devices, a fault and events."""
    with writer.transaction() as connection:
        mnist = models.ensure(connection, "mnist", now=NOW)
        models.set_settings(connection, mnist, task=Task.CLASSIFICATION, problem="")
        first = add_version(connection, "mnist", 1, Status.READY)
        second = add_version(connection, "mnist", 2, Status.READY)
        add_version(connection, "mnist", 3, Status.FAILED, reason="truncated archive")
        models.set_current(connection, mnist, current_id=first, previous_id=None)
        models.set_gate(connection, second, GATE)
        models.set_loading(connection, first, LOADING, parameters=101_770)
        failure = EvaluationFailure(at=NOW, message="It does not fit.", hint="Write it down.", proposal=LINES)
        models.set_failure(connection, second, failure)
        models.ensure(connection, "digits", now=NOW)
        add_version(connection, "digits", 1, Status.READY)
        add_evaluation(connection, first, None, accuracy=0.95, at=NOW)
        add_evaluation(connection, first, None, accuracy=0.94, at=NOW + 60)
        add_evaluation(connection, second, None, accuracy=0.96, at=NOW + 120)
        devices.replace(
            connection,
            [
                Device(
                    id="cpu",
                    kind=DeviceKind.CPU,
                    name="A processor",
                    usable_by=("keras", "onnx"),
                    note="",
                    memory_total_bytes=2**33,
                ),
                Device(
                    id="npu:0",
                    kind=DeviceKind.NPU,
                    name="A neural one",
                    usable_by=(),
                    note="no driver",
                    memory_total_bytes=None,
                    obstacles=(
                        Obstacle("keras", "tensorflow finds no NPU", "pip install something"),
                        Obstacle("onnx", "its models are run on cpu only"),
                        Obstacle("litert", "its models are run on cpu only"),
                    ),
                ),
            ],
        )
        cpu = Device(
            id="cpu",
            kind=DeviceKind.CPU,
            name="",
            usable_by=(),
            note="",
            memory_total_bytes=None,
            at=NOW,
            utilisation=0.37,
            memory_used_bytes=2**31,
            details=DeviceDetails(
                clock_mhz=2400.0,
                highest_clock_mhz=3500.0,
                load=(1.25, 0.5, 0.25),
                swap_used_bytes=0,
                swap_total_bytes=0,
                pressure=Pressure(0.12, 0.0, None),
                slowed_by=("heat",),
                processes=(DeviceProcess(4711, 2**30, 0.5, "digits"),),
            ),
        )
        devices.add_samples(connection, [cpu])
        faults.open_fault(
            connection,
            "load-failed",
            "version 3 does not load",
            at=NOW,
            model="mnist",
            version=3,
            severity=Severity.ERROR,
            repair="Copy it again.",
        )
        events.add(connection, "found", "version 1 was found", at=NOW, model="mnist", version=1)
        events.add(connection, "engine-started", "engine started", at=NOW + 1)
        arrival = Arrival(
            model="mnist",
            name="notes.onnx",
            status=Status.UNSUPPORTED,
            reason="this is a text file",
            bytes=12,
            seen_at=NOW,
        )
        inbox.put(connection, arrival, stamp="1", sha256=None, version_id=None)


def add_version(
    connection: sqlite3.Connection, model: str, number: int, status: Status, *, reason: str = ""
) -> int:
    """Record a version with its artefact and return its id."""
    model_id = models.ensure(connection, model, now=NOW)
    version = models.add_version(connection, model_id, number, status=status, found_at=NOW)
    models.set_version(connection, version, status=status, reason=reason)
    models.set_artefact(
        connection,
        version,
        artefact="model.keras",
        kind=Format.KERAS,
        sha256=f"{number:064x}",
        size=1000 * number,
    )
    return version


def add_evaluation(
    connection: sqlite3.Connection,
    version_id: int,
    job_id: int | None,
    *,
    accuracy: float,
    at: float,
    metric: str = "accuracy",
) -> None:
    """Record an evaluation with its latency report; ``accuracy`` is the value of the headline metric, whichever it is."""
    new = NewEvaluation(
        dataset_name="test",
        dataset_rows=2000,
        dataset_sha256="d" * 64,
        artefact_sha256="a" * 64,
        preprocessing_sha256="b" * 64,
        runtime="keras",
        runtime_version="3.15.0",
        device="cpu",
        batch_size=256,
        isolation="full",
        duration_s=0.21,
        confusion=((900, 100), (50, 950)),
        metrics=(
            Metric(metric, accuracy, accuracy - 0.01, accuracy + 0.01, 2000),
            Metric("log_loss", 0.1, None, None, 2000),
        ),
        correct=None,
    )
    evaluation = evaluations.add(connection, version_id, new, job_id=job_id, at=at, requested_by="a test")
    evaluations.add_latency(connection, evaluation, REPORT)


def evaluated(writer: Writer, job: Job) -> None:
    """Answer an evaluation job: record figures for its version and end it well."""
    with writer.transaction() as connection:
        version = next(
            found for found in models.versions(connection, job.model) if found.number == job.version
        )
        jobs.progress(connection, job.id, done=1000, total=2000, message="evaluating")
        add_evaluation(connection, version.id, job.id, accuracy=0.97, at=time.time())
        jobs.finish(connection, job.id, JobState.SUCCEEDED, now=time.time())


def failed(writer: Writer, job: Job) -> None:
    """Answer a job with a failure."""
    with writer.transaction() as connection:
        jobs.finish(
            connection,
            job.id,
            JobState.FAILED,
            now=time.time(),
            code="failed",
            error="It does not load.",
            hint="Copy it again.",
        )


def answered(result: object, **ending: str) -> Answer:
    """Return an answer to a job that ends it with a result."""

    def answer(writer: Writer, job: Job) -> None:
        state = JobState.FAILED if ending else JobState.SUCCEEDED
        with writer.transaction() as connection:
            jobs.finish(
                connection,
                job.id,
                state,
                now=time.time(),
                result=msgspec.json.encode(result).decode(),
                **ending,
            )

    return answer
