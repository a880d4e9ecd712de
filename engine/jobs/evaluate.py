"""Evaluate a version: load it in its model process, measure quality, then speed, and record both.

An arrival's first evaluation is also its check: a version is ready once it has loaded. What went wrong is
recorded where it belongs: a version that does not load fails, an evaluation that does not run is a fault of
that version, and the job says why in either case.
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine import policy
from engine.data import fingerprint
from engine.data.location import locate
from engine.evaluation.latency import summarise
from engine.jobs.context import Context, Outcome, Report
from engine.processes.client import ModelProcess
from engine.processes.endings import CANCELLED
from engine.processes.protocol import Evaluate, Evaluated, MeasureLatency
from engine.repository.gates import refresh_gates
from engine.repository.integrity import ChangedError, artefact_sha256
from engine.runtimes import runtime_for
from storage.errors import JobError, UnknownError
from storage.records import Job, NewEvaluation, Version
from storage.settings import ModelSettings, read_model_settings
from storage.tables import evaluations, events, models
from storage.text import NAME, clean
from storage.vocabulary import Role, Severity, Status, Task
from storage.workspace import Workspace

ARRIVAL = "arrival"
"""Who asked for a version's first evaluation: the repository, when it had recorded the version."""

QUERIES = 662
"""Timed queries of a full latency measurement: p99 with one outlier set aside (LoadGen's early stopping)."""

FULL_LATENCY_S = 5.0
"""The longest that a full latency measurement may take; slow models get fewer percentiles, and are told so."""

REPEATED_LATENCY_S = 0.1
"""The longest that the latency part of a repeated evaluation may take."""

LOADABLE = frozenset({Status.CHECKING, Status.READY, Status.FAILED, Status.QUARANTINED})
"""Statuses in which trying to load makes sense: a person may insist on a version that failed."""

LABELS_BYTES = 1024 * 1024
"""More class names than any model here can have; a larger file is something else."""

EVALUATION_FAULT = "evaluation-failed"
NO_DATA_FAULT = "no-data"


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Evaluate the version that the job names, or the current one."""
    version = _version(context, job)
    settings = read_model_settings(context.workspace.model_settings(job.model))
    with _process(context, version, job, report) as process:
        _mark_ready(context, version, process)
        try:
            data = locate(context.workspace, job.model, settings, job.parameters.data)
        except JobError as error:
            return _without_data(context, job, error)
        try:
            evaluation_id = _measure(Work(context, job, report, version, settings, process), data)
        except JobError as error:
            _open_fault(context, version, error)
            raise
    return _outcome(context, version, evaluation_id)


class Work(NamedTuple):
    """One evaluation under way."""

    context: Context
    job: Job
    report: Report
    version: Version
    settings: ModelSettings
    process: ModelProcess


def _version(context: Context, job: Job) -> Version:
    """Return the version to evaluate: the one named, else the current one, else the newest that is ready."""
    with context.writer.transaction() as connection:
        found = models.versions(connection, job.model)
    if job.version is not None:
        wanted = [version for version in found if version.number == job.version]
    else:
        ready = [version for version in found if version.status is Status.READY]
        wanted = [version for version in found if version.role is Role.CURRENT] or ready
    if not wanted:
        name = job.model if job.version is None else f"{job.model}@{job.version}"
        raise UnknownError(
            f"There is no version {name} to evaluate.", f"List them with: modeltender show {job.model}"
        )
    version = wanted[0]
    if version.status not in LOADABLE:
        raise JobError(
            f"{job.model}@{version.number} is {version.status}: {version.reason or 'it cannot be loaded'}"
        )
    return version


def _process(
    context: Context, version: Version, job: Job, report: Report
) -> AbstractContextManager[ModelProcess]:
    """Return the version's warm process, or load the version into a new one; a failed load is recorded."""
    if version.format is None or version.artefact is None or version.sha256 is None:
        raise JobError(
            f"{version.model}@{version.number} has not been checked yet.", "Try again in a moment."
        )
    runtime = runtime_for(version.format)
    folder = context.workspace.version_folder(version.model, version.number)
    artefact = folder / version.artefact
    device = job.parameters.device

    def load() -> ModelProcess:
        try:
            _check_unchanged(artefact, version)
            readable = (folder, context.workspace.test / version.model)
            process = context.hosts.open(artefact, runtime, device, readable, cancelled=report.cancelled)
        except JobError as error:
            if error.code != CANCELLED:
                _mark_failed(context, version, error)
            raise
        return process

    return context.pool.borrow((version.sha256, runtime.name, device), load)


def _check_unchanged(artefact: Path, version: Version) -> None:
    try:
        unchanged = artefact_sha256(artefact) == version.sha256
    except (OSError, ChangedError):
        # Gone, unreadable or being written right now: in each case not what was recorded.
        unchanged = False
    if not unchanged:
        raise JobError(
            f"{version.model}@{version.number} changed on disk since it was recorded.",
            "It is checked again in a moment.",
        )


def _mark_ready(context: Context, version: Version, process: ModelProcess) -> None:
    if version.status is Status.READY:
        return
    with context.writer.transaction() as connection:
        models.set_version(connection, version.id, status=Status.READY)
        models.set_parameters(connection, version.id, process.loaded.parameters)
        message = f"version {version.number} is ready ({version.format}, isolation {process.isolation})"
        events.add(
            connection, "ready", message, at=context.now(), model=version.model, version=version.number
        )


def _mark_failed(context: Context, version: Version, error: JobError) -> None:
    """Record why a version does not load; it blocks no other one and is tried again as the policy says."""
    with context.writer.transaction() as connection:
        retry = policy.after_failed_load(models.failures(connection, version.id), context.now())
        models.set_version(
            connection,
            version.id,
            status=retry.status,
            reason=clean(error.message),
            failures=retry.failures,
            retry_at=retry.retry_at,
        )
        events.add(
            connection,
            "load-failed",
            f"version {version.number} does not load: {error.message}",
            at=context.now(),
            severity=Severity.ERROR,
            model=version.model,
            version=version.number,
        )


def _without_data(context: Context, job: Job, error: JobError) -> Outcome:
    """A version without data is as good as can be known after an arrival; a person who asked gets the reason."""
    with context.writer.transaction() as connection:
        events.open_fault(
            connection, NO_DATA_FAULT, error.message, at=context.now(), model=job.model, repair=error.hint
        )
    if job.requested_by != ARRIVAL:
        raise error
    return Outcome(message="loaded; not evaluated, there are no test data")


def _open_fault(context: Context, version: Version, error: JobError) -> None:
    if error.code == CANCELLED:
        return
    with context.writer.transaction() as connection:
        events.open_fault(
            connection,
            EVALUATION_FAULT,
            error.message,
            at=context.now(),
            model=version.model,
            version=version.number,
            severity=Severity.ERROR,
            repair=error.hint,
        )


def _measure(work: Work, data: Path) -> int:
    """Measure quality, record it at once, then measure speed; return the evaluation's id."""
    limits = work.context.settings.limits
    request = Evaluate(
        data=str(data),
        task=work.settings.task or Task.CLASSIFICATION,
        labels=read_labels(work.context.workspace, work.version.model, work.settings),
        preprocess=work.settings.preprocess,
    )
    evaluated = work.process.evaluate(
        request,
        on_progress=work.report.progress,
        deadline_s=limits.evaluation_s,
        cancelled=work.report.cancelled,
    )
    evaluation_id = _record(work, data, evaluated)
    work.report.progress(evaluated.rows, evaluated.rows, "measuring latency")
    measured = work.process.measure_latency(
        MeasureLatency(
            data=str(data), preprocess=work.settings.preprocess, queries=QUERIES, budget_s=_budget(work)
        ),
        on_progress=_silent,
        deadline_s=limits.evaluation_s,
        cancelled=work.report.cancelled,
    )
    throughput = evaluated.rows / max(evaluated.duration_s, 1e-9)
    report = summarise(measured.latencies_ms, throughput=throughput, stable=measured.stable)
    with work.context.writer.transaction() as connection:
        evaluations.add_latency(connection, evaluation_id, report)
        refresh_gates(connection, work.version.model, work.settings)
    return evaluation_id


def _silent(_done: int, _total: int) -> None:
    """Report nothing: the latency part is short, and its progress would run backwards after the examples'."""


def _budget(work: Work) -> float:
    """A version that was never timed is timed in full; a person who presses ``r`` again is not kept waiting."""
    known = work.version.evaluation is not None and work.version.evaluation.latency is not None
    return REPEATED_LATENCY_S if known else FULL_LATENCY_S


def _record(work: Work, data: Path, evaluated: Evaluated) -> int:
    context, version, loaded = work.context, work.version, work.process.loaded
    runtime = runtime_for(version.format) if version.format else None
    new = NewEvaluation(
        dataset_name=data.stem,
        dataset_rows=evaluated.rows,
        dataset_sha256=evaluated.dataset_sha256,
        artefact_sha256=version.sha256 or "",
        preprocessing_sha256=fingerprint.sha256(work.settings.preprocess),
        runtime=runtime.name if runtime else "",
        runtime_version=next(iter(loaded.versions.values()), ""),
        device=work.job.parameters.device,
        batch_size=evaluated.batch_size,
        isolation=work.process.isolation,
        duration_s=evaluated.duration_s,
        confusion=evaluated.confusion,
        metrics=evaluated.metrics,
        correct=evaluated.correct,
    )
    with context.writer.transaction() as connection:
        at = context.now()
        evaluation_id = evaluations.add(
            connection, version.id, new, job_id=work.job.id, at=at, requested_by=work.job.requested_by
        )
        events.close_fault(connection, EVALUATION_FAULT, at=at, model=version.model, version=version.number)
        events.close_fault(connection, NO_DATA_FAULT, at=at, model=version.model)
        refresh_gates(connection, version.model, work.settings)
    return evaluation_id


def _outcome(context: Context, version: Version, evaluation_id: int) -> Outcome:
    with context.writer.transaction() as connection:
        evaluation = evaluations.read_one(connection, evaluation_id)
        metric = evaluations.headline(evaluation)
        figure = (
            "no headline figure" if metric is None else f"{metric.name} {metric.value:.4f} (n={metric.n})"
        )
        events.add(
            connection,
            "evaluated",
            f"version {version.number} evaluated: {figure}",
            at=context.now(),
            model=version.model,
            version=version.number,
        )
    return Outcome(message=figure, result=msgspec.json.encode({"evaluation_id": evaluation_id}).decode())


def read_labels(workspace: Workspace, model: str, settings: ModelSettings) -> tuple[str, ...]:
    """Return the class names of a model: written in its settings, or a line each in the file that they name.

    Raises:
        JobError: the file cannot be read.
    """
    if not isinstance(settings.labels, str):
        return settings.labels
    if not settings.labels:
        return ()
    file = workspace.models / model / settings.labels
    try:
        with file.open(encoding="utf-8") as lines:
            content = lines.read(LABELS_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        raise JobError(
            f"The labels of {model} cannot be read from {settings.labels}: {clean(str(error), 120)}.",
            "Correct 'labels' in its model.toml.",
        ) from None
    return tuple(clean(line, NAME) for line in content.splitlines() if line.strip())
