"""A workspace as a console would find it on a busy day: written by the functions that the engine writes with.

Every time is fixed, so that a picture of the console can be compared with an earlier one.
"""

import sqlite3
from typing import NamedTuple

from msgspec.structs import replace

from storage import jobs
from storage.promotion_records import GateCheck, GateReport
from storage.records import (
    Arrival,
    Device,
    HostState,
    LatencyReport,
    Loading,
    Metric,
    NewEvaluation,
    TensorSpec,
)
from storage.tables import devices, engine, evaluations, events, inbox, models, promotions
from storage.vocabulary import (
    CheckVerdict,
    DeviceKind,
    Format,
    JobKind,
    JobState,
    PromotionOutcome,
    Scenario,
    Severity,
    Status,
    Task,
    Verdict,
)
from tests.console.targets import add_targets

NOW = 1_763_994_187.0
"""2025-11-24 14:23:07 UTC."""

HOUR = 3600.0
GIB = 1024**3
MIB = 1024**2

LOADING = Loading(
    runtime="keras",
    runtime_version="3.15.0",
    device="cpu",
    inputs=(TensorSpec("image", (None, 28, 28, 1), "float32"),),
    outputs=(TensorSpec("probabilities", (None, 10), "float32"),),
    load_s=0.119,
    peak_rss_bytes=412 * MIB,
)


class Played(NamedTuple):
    """A version of the stage: its number, state, format and size, and what it was once measured to be."""

    number: int
    accuracy: tuple[float, ...]
    p95_ms: float = 0.0
    status: Status = Status.READY
    reason: str = ""
    format: Format = Format.KERAS
    mib: float = 1.0
    n: int = 2000


def fill(connection: sqlite3.Connection) -> None:
    """Record six models, of which three need somebody, with devices, jobs and events."""
    engine.start(
        connection,
        pid=4121,
        version="0.1.0",
        now=NOW - 76 * HOUR,
        sandbox=dict.fromkeys(("files", "network", "signals", "syscalls", "memory", "privileges"), "on"),
    )
    engine.beat(
        connection, now=NOW, rss_bytes=61 * MIB, cpu_percent=1.1, hosts=(HostState("tensorflow", 4130, 2),)
    )
    engine.scanned(connection, began=NOW)
    _models(connection)
    _devices(connection)
    _jobs(connection)
    _events(connection)


def _models(connection: sqlite3.Connection) -> None:
    wave = tuple(0.9405 + 0.004 * ((step * 7) % 5 - 2) / 2 for step in range(40))
    mnist = add_model(
        connection,
        "mnist",
        Played(1, tuple(value - 0.012 for value in wave), 0.71, mib=1.2),
        Played(2, wave, 0.68, mib=1.2),
        Played(3, (0.9735, 0.974), 0.74, mib=1.4),
    )
    deploy(connection, mnist, current=2, previous=1, at=NOW - 56 * HOUR)
    deploy(connection, mnist, current=1, previous=2, at=NOW - 48 * HOUR, kind=JobKind.ROLLBACK)
    deploy(connection, mnist, current=2, previous=1, at=NOW - 40 * HOUR)
    add_targets(connection, "mnist", told_at=NOW - 40 * HOUR, now=NOW)
    models.set_gate(connection, mnist[3], PASSED)
    digits = add_model(
        connection,
        "digits-onnx",
        Played(1, (0.9683,) * 8, 0.05, format=Format.ONNX, mib=0.2, n=360),
        Played(2, (0.9181,), 0.06, format=Format.ONNX, mib=0.4, n=360),
    )
    deploy(connection, digits, current=1, previous=None, at=NOW - 60 * HOUR)
    models.set_gate(connection, digits[2], REFUSED)
    tabular = add_model(connection, "churn-mlp", Played(1, (0.8442, 0.8442, 0.845), 1.1, n=5000))
    deploy(connection, tabular, current=1, previous=None, at=NOW - 50 * HOUR)
    speech = add_model(
        connection, "speech-cmd", Played(4, (0.9120, 0.9118), 3.9, format=Format.TORCHSCRIPT, mib=18.2)
    )
    deploy(connection, speech, current=4, previous=None, at=NOW - 30 * HOUR)
    broken = add_model(
        connection,
        "seg-unet",
        Played(1, (0.7713, 0.7713), 9.8, format=Format.TORCHSCRIPT, mib=88.0),
        Played(
            2, (), status=Status.FAILED, reason="The archive is truncated: it ends within data/3.", mib=41.0
        ),
    )
    deploy(connection, broken, current=1, previous=None, at=NOW - 20 * HOUR)
    add_model(connection, "text-intent", Played(1, (), status=Status.CHECKING))
    arrival = Arrival(
        model="mnist",
        name="notes.onnx",
        status=Status.UNSUPPORTED,
        reason="This is text, not an ONNX model.",
        bytes=412,
        seen_at=NOW,
    )
    inbox.put(connection, arrival, stamp="s", sha256=None, version_id=None)


def add_model(connection: sqlite3.Connection, name: str, *played: Played) -> dict[int, int]:
    """Record a model with versions and evaluations an hour apart; return the versions' ids by number."""
    model_id = models.ensure(connection, name, now=NOW)
    models.set_settings(connection, model_id, task=Task.CLASSIFICATION, problem="")
    ids = {}
    for place, version in enumerate(played):
        found_at = NOW - 90 * HOUR + 40 * HOUR * place
        ids[version.number] = _add_version(connection, model_id, version, found_at)
        for step, accuracy in enumerate(version.accuracy):
            at = min(found_at + HOUR * (step + 1), NOW - 120.0)
            add_evaluation(connection, ids[version.number], version, accuracy, at)
    return ids


def deploy(
    connection: sqlite3.Connection,
    ids: dict[int, int],
    *,
    current: int,
    previous: int | None,
    at: float,
    kind: JobKind = JobKind.PROMOTE,
) -> None:
    """Record which version is deployed, and since when."""
    [model_id] = connection.execute("SELECT model_id FROM versions WHERE id = ?", (ids[current],)).fetchone()
    before = None if previous is None else ids[previous]
    models.set_current(connection, model_id, current_id=ids[current], previous_id=before)
    promotion = promotions.intend(
        connection,
        model_id,
        job_id=None,
        at=at,
        requested_by="ann",
        kind=kind,
        from_number=previous,
        to_number=current,
        gate=None,
    )
    promotions.settle(connection, promotion, PromotionOutcome.DONE)


def add_evaluation(
    connection: sqlite3.Connection, version_id: int, played: Played, accuracy: float, at: float
) -> None:
    """Record an evaluation with a confusion matrix of two classes and a latency report."""
    n, right = played.n, round(accuracy * played.n)
    wrong = n - right
    new = NewEvaluation(
        dataset_name="test",
        dataset_rows=n,
        dataset_sha256="d" * 64,
        artefact_sha256=f"{version_id:064x}",
        preprocessing_sha256="b" * 64,
        runtime="keras",
        runtime_version="3.15.0",
        device="cpu",
        batch_size=256,
        isolation="full",
        duration_s=0.21,
        confusion=((right // 2, wrong // 3), (wrong - wrong // 3, right - right // 2)),
        metrics=(
            Metric("accuracy", accuracy, accuracy - 0.0071, accuracy + 0.0065, n),
            Metric("log_loss", 0.31 * (1.0 - accuracy) * 10, None, None, n),
        ),
        correct=None,
    )
    evaluation = evaluations.add(connection, version_id, new, job_id=None, at=at, requested_by="engine")
    p95 = played.p95_ms * (1.0 + ((at / HOUR) % 5) / 40)
    report = LatencyReport(
        scenario=Scenario.SINGLE_STREAM,
        batch_size=1,
        n=200,
        p50_ms=p95 * 0.7,
        p90_ms=p95 * 0.9,
        p95_ms=p95,
        p99_ms=None,
        mean_ms=p95 * 0.72,
        stdev_ms=0.02,
        throughput=2000 / max(p95, 0.1),
        stable=True,
    )
    evaluations.add_latency(connection, evaluation, report)


def _add_version(connection: sqlite3.Connection, model_id: int, played: Played, found_at: float) -> int:
    version_id = models.add_version(
        connection, model_id, played.number, status=played.status, found_at=found_at
    )
    models.set_version(connection, version_id, status=played.status, reason=played.reason)
    models.set_artefact(
        connection,
        version_id,
        artefact=f"model.{played.format}",
        kind=played.format,
        sha256=f"{version_id:064x}",
        size=int(played.mib * MIB),
    )
    models.set_loading(connection, version_id, LOADING, parameters=101_770)
    return version_id


PASSED = GateReport(
    against=2,
    verdict=Verdict.SUPERIOR,
    checks=(
        GateCheck("evaluated", CheckVerdict.PASS, "version 3 was evaluated on test, 2000 rows, dddddddd"),
        GateCheck("same-data", CheckVerdict.PASS, "versions 2 and 3: test, 2000 rows, dddddddd"),
        GateCheck(
            "accuracy",
            CheckVerdict.PASS,
            "0.9405 -> 0.9740: +0.0335 [+0.0218, +0.0466] (99.2% interval, n=2000); better beyond chance (mid-p 2.1e-12)",
        ),
        GateCheck(
            "calibration",
            CheckVerdict.PASS,
            "error 0.0215 -> 0.0087: advantage +0.0128 [+0.0002, +0.0253] (99.2% interval, n=2000); "
            "not worse by more than 0.01 beyond chance",
        ),
        GateCheck("faults", CheckVerdict.PASS, "no new ones"),
        GateCheck(
            "test-set",
            CheckVerdict.PASS,
            "2nd candidate judged on this test set; budget 10; its share of the level 0.05 is 0.0038",
        ),
    ),
)

REFUSED = GateReport(
    against=1,
    verdict=Verdict.INFERIOR,
    checks=(
        GateCheck("evaluated", CheckVerdict.PASS, "version 2 was evaluated on test, 360 rows, dddddddd"),
        GateCheck("same-data", CheckVerdict.PASS, "versions 1 and 2: test, 360 rows, dddddddd"),
        GateCheck(
            "accuracy",
            CheckVerdict.FAIL,
            "0.9683 -> 0.9181: -0.0502 [-0.0934, -0.0155] (99.1% interval, n=360); worse beyond chance (mid-p 8e-05)",
        ),
        GateCheck(
            "anchor",
            CheckVerdict.INCONCLUSIVE,
            "not compared with version 3, the best promoted on this test set: version 3 was evaluated with other data than version 2: "
            "modeltender evaluate digits-onnx@3",
        ),
        GateCheck(
            "classes",
            CheckVerdict.INCONCLUSIVE,
            "a loss of 0.05 is not ruled out for 7 classes; the least is class 8, -0.1429 [-0.3120, +0.0011] (n=35); "
            "if it is as good as before, about 512 more examples of it decide",
        ),
        GateCheck(
            "latency",
            CheckVerdict.PASS,
            "1.042 times as long [1.011, 1.074] (90% interval, 15 rounds on cpu); at most 1.2",
        ),
        GateCheck("faults", CheckVerdict.PASS, "no new ones"),
        GateCheck("require", CheckVerdict.FAIL, "size_bytes 419,430; at most 400,000"),
        GateCheck(
            "test-set",
            CheckVerdict.PASS,
            "12th candidate judged on this test set; budget 10: collect fresh labels; its share of the level 0.05 is 0.0011",
        ),
    ),
)


def _devices(connection: sqlite3.Connection) -> None:
    known = (
        Device(
            id="cpu",
            kind=DeviceKind.CPU,
            name="16 cores",
            usable_by=("keras", "onnx"),
            note="",
            memory_total_bytes=128 * GIB,
        ),
        Device(
            id="cuda:0",
            kind=DeviceKind.GPU,
            name="NVIDIA H200",
            usable_by=("torchscript",),
            note="",
            memory_total_bytes=140 * GIB,
        ),
        Device(
            id="npu:0",
            kind=DeviceKind.NPU,
            name="NPU",
            usable_by=(),
            note="no counter",
            memory_total_bytes=None,
        ),
    )
    devices.replace(connection, list(known))
    readings = []
    for step in range(60):
        at = NOW - 60 + step
        load = ((step * 11) % 17) / 17
        readings += [
            replace(known[0], at=at, utilisation=0.2 + 0.3 * load, memory_used_bytes=56 * GIB),
            replace(
                known[1],
                at=at,
                utilisation=0.95 - 0.1 * load,
                memory_used_bytes=61 * GIB,
                temperature_c=67.0,
                power_w=412.0,
            ),
        ]
    devices.add_samples(connection, readings)


def _jobs(connection: sqlite3.Connection) -> None:
    def add(kind: JobKind, model: str, version: int, ago: float) -> int:
        return jobs.add(
            connection,
            kind,
            model,
            version,
            requested_by="ann@gpu-box-1 (console)",
            now=NOW - ago,
        ).id

    done = add(JobKind.EVALUATE, "mnist", 3, 200)
    jobs.claim(connection, frozenset(JobKind), now=NOW - 199)
    jobs.finish(
        connection, done, JobState.SUCCEEDED, now=NOW - 190, message="accuracy 0.9740 on 2000 examples"
    )
    failed = add(JobKind.EVALUATE, "seg-unet", 2, 180)
    jobs.claim(connection, frozenset(JobKind), now=NOW - 179)
    jobs.finish(
        connection,
        failed,
        JobState.FAILED,
        now=NOW - 178,
        code="failed",
        error="seg-unet@2 cannot be loaded: the archive is truncated.",
        hint="Copy it again.",
    )
    running = add(JobKind.EVALUATE, "speech-cmd", 4, 30)
    jobs.claim(connection, frozenset(JobKind), now=NOW - 25)
    jobs.progress(connection, running, done=6820, total=11005)
    add(JobKind.EVALUATE, "churn-mlp", 1, 10)


def _events(connection: sqlite3.Connection) -> None:
    told = (
        (76 * HOUR, Severity.INFO, "", None, "the engine works on 6 models"),
        (40 * HOUR, Severity.INFO, "mnist", 2, "promoted 1 > 2 by ann: accuracy 0.9285 -> 0.9405"),
        (300.0, Severity.INFO, "mnist", 3, "version 3 found in train/mnist/better.keras"),
        (
            190.0,
            Severity.INFO,
            "mnist",
            3,
            "accuracy 0.9740 on 2000 examples of test; the gate says superior",
        ),
        (178.0, Severity.ERROR, "seg-unet", 2, "version 2 cannot be loaded: the archive is truncated"),
        (120.0, Severity.WARNING, "mnist", None, "notes.onnx is no model: this is text, not an ONNX model"),
    )
    for ago, severity, model, version, message in told:
        events.add(connection, "told", message, at=NOW - ago, severity=severity, model=model, version=version)
