"""Evaluate a version: load it in its model process, measure quality, then speed, and record both.

An arrival's first evaluation is also its check: a version is ready once it has loaded. What went wrong is
recorded where it belongs: a version that does not load fails, an evaluation that does not run is a fault of
that version, and the job says why in either case.
"""

import sqlite3
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.data.fingerprint import preprocessing_sha256
from engine.data.identity import stamp
from engine.data.location import locate
from engine.data.naming import base
from engine.data.prepared import Wanted
from engine.jobs import objectives_checked
from engine.jobs.checked import runtime_of
from engine.jobs.companions import SOURCE, class_names, loader_source, own_metrics
from engine.jobs.context import Context, Outcome, Report
from engine.jobs.loading import borrow, wanted_version
from engine.jobs.loading_record import OF_THE_MACHINE, loading_of, mark_ready, unchanged
from engine.jobs.reading import mappable
from engine.jobs.timing import Timing
from engine.processes.client import ModelProcess
from engine.processes.endings import CANCELLED, LOST, ModelProcessError
from engine.processes.protocol import Evaluate, Evaluated
from engine.repairs import offering
from engine.repository.gates import refresh_gates
from storage import interrupted, jobs
from storage.errors import JobError
from storage.jobs import AUTOMATIC
from storage.records import EvaluationFailure, Job, NewEvaluation, Version
from storage.settings import ModelSettings, read_model_settings
from storage.tables import evaluations, events, faults, models, probations
from storage.text import clean
from storage.vocabulary import Severity, Task

EVALUATION_FAULT = "evaluation-failed"
NO_DATA_FAULT = "no-data"


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Evaluate the version that the job names, or the current one."""
    version = wanted_version(context, job)
    settings = read_model_settings(context.workspace.model_settings(job.model))
    with borrow(context, version, job.parameters.device, report.cancelled) as process:
        mark_ready(context, version, process, job.parameters.device)
        try:
            data = locate(context.workspace, job.model, settings, job.parameters.data)
        except JobError as error:
            return _without_data(context, job, version, error)
        if not job.parameters.data:
            # Before anything is read of them: data that change meanwhile are other data.
            with context.writer.transaction() as connection:
                models.set_data_stamp(connection, version.id, stamp(data))
        try:
            timing = _measure(Work(context, job, report, version, settings, process), data)
        except JobError as error:
            _record_failure(context, job, version, error)
            raise
    return _outcome(context, job, version, timing, settings)


class Work(NamedTuple):
    """One evaluation under way."""

    context: Context
    job: Job
    report: Report
    version: Version
    settings: ModelSettings
    process: ModelProcess


def _without_data(context: Context, job: Job, version: Version, error: JobError) -> Outcome:
    """A version without data is as good as can be known after an arrival; a person who asked gets the reason."""
    with context.writer.transaction() as connection:
        faults.open_fault(
            connection,
            NO_DATA_FAULT,
            error.message,
            at=context.now(),
            model=job.model,
            repair=error.hint_for(job.model),
        )
        models.set_failure(connection, version.id, None)
    if job.requested_by not in AUTOMATIC:
        raise error
    return Outcome(message=f"loaded; not evaluated: {error.message.rstrip('.')}")


def _record_failure(context: Context, job: Job, version: Version, error: JobError) -> None:
    if error.code == CANCELLED:
        return
    with context.writer.transaction() as connection:
        if not unchanged(connection, version):
            # It failed on content that lies there no more; what does is evaluated by itself.
            return
        if _is_tried_again(connection, job, error):
            # What the next try comes to is what is on record then.
            return
        at = context.now()
        faults.open_fault(
            connection,
            EVALUATION_FAULT,
            error.message,
            at=at,
            model=version.model,
            version=version.number,
            severity=Severity.ERROR,
            repair=error.hint_for(version.model),
        )
        proposal = error.proposal if isinstance(error, ModelProcessError) else None
        failure = EvaluationFailure(
            at=at,
            message=clean(error.message),
            hint=clean(error.hint_for(version.model)),
            proposal=proposal.lines() if proposal else "",
        )
        models.set_failure(connection, version.id, failure)
        offering.offer_new(connection)


def _is_tried_again(connection: sqlite3.Connection, job: Job, error: JobError) -> bool:
    """Whether the machine lacked something, and the same is evaluated again by itself: nothing is held against a version."""
    if error.code in OF_THE_MACHINE and job.requested_by == jobs.PROBATION:
        # A fault would have it rolled back, and the next look is due in a moment.
        return True
    return error.code == LOST and interrupted.is_repeated(connection, job)


def _measure(work: Work, source: Path) -> Timing:
    """Measure quality and record it at once, then begin to measure speed, which may go on after the job."""
    limits = work.context.settings.limits
    wanted = Wanted(work.version.model, source, work.process.loaded.inputs, work.settings)
    data = mappable(work.context, wanted, work.report)
    own, notes = own_metrics(work.context, work.version.model, work.settings)
    request = Evaluate(
        data=str(data),
        task=work.settings.task or Task.CLASSIFICATION,
        labels=class_names(work.context.workspace, work.version.model, work.settings),
        preprocess=work.settings.preprocess,
        output=work.settings.output,
        top_k=work.settings.metrics.top_k,
        slices=work.settings.data.slices,
        own=own,
    )
    evaluated = work.process.evaluate(
        request,
        on_progress=work.report.progress,
        on_figure=work.report.figure,
        deadline_s=limits.evaluation_s,
        cancelled=work.report.cancelled,
    )
    evaluated = msgspec.structs.replace(evaluated, notes=(*evaluated.notes, *notes))
    evaluation_id = _record(work, source, evaluated)
    work.report.progress(evaluated.rows, evaluated.rows, "measuring latency")
    timing = Timing(
        work.context,
        work.version,
        device=work.job.parameters.device,
        evaluation_id=evaluation_id,
        data=data,
        preprocess=work.settings.preprocess,
        throughput=evaluated.rows / max(evaluated.duration_s, 1e-9),
    )
    timing.begin(work.process, work.report.cancelled)
    return timing


def _record(work: Work, source: Path, evaluated: Evaluated) -> int:
    context, version, loaded = work.context, work.version, work.process.loaded
    runtime = runtime_of(version)
    # What was run, where it was: the file may have changed since.
    ran = dict(work.process.options).get(SOURCE)
    loader = loader_source(context.workspace, version.model, work.settings) if ran is None else str(ran)
    new = NewEvaluation(
        dataset_name=base(source.name),
        dataset_rows=evaluated.rows,
        dataset_sha256=evaluated.dataset_sha256,
        artefact_sha256=version.sha256 or "",
        preprocessing_sha256=preprocessing_sha256(
            work.settings.preprocess, work.settings.data, work.settings.runtime, loader=loader
        ),
        runtime=runtime.name,
        runtime_version=loaded.version_of(runtime.name),
        device=work.job.parameters.device,
        batch_size=evaluated.batch_size,
        isolation=work.process.isolation,
        duration_s=evaluated.duration_s,
        confusion=evaluated.confusion,
        metrics=evaluated.metrics,
        correct=evaluated.correct,
        examples=evaluated.examples,
        scale=evaluated.scale,
        notes=evaluated.notes,
    )
    with context.writer.transaction() as connection:
        at = context.now()
        evaluation_id = evaluations.add(
            connection, version.id, new, job_id=work.job.id, at=at, requested_by=work.job.requested_by
        )
        if work.job.requested_by == jobs.PROBATION:
            probations.looked(connection, version.model, version.number)
        faults.close_fault(connection, EVALUATION_FAULT, at=at, model=version.model, version=version.number)
        faults.close_fault(connection, NO_DATA_FAULT, at=at, model=version.model)
        models.set_failure(connection, version.id, None)
        if unchanged(connection, version):
            loading = loading_of(version, work.process, work.job.parameters.device)
            models.set_loading(connection, version.id, loading, parameters=loaded.parameters)
    return evaluation_id


def _outcome(
    context: Context, job: Job, version: Version, timing: Timing, settings: ModelSettings
) -> Outcome:
    with context.writer.transaction() as connection:
        evaluation = evaluations.read_one(connection, timing.evaluation_id)
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
        refresh_gates(connection, version.model, settings)
        if evaluation is not None and not job.parameters.data:
            objectives_checked.have_checked(context, connection, version, settings, evaluation)
    return Outcome(
        message=figure,
        result=msgspec.json.encode({"evaluation_id": timing.evaluation_id}).decode(),
        refinement=timing,
    )
