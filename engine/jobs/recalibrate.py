"""Recalibrate a version: build the temperature into it that makes its probabilities mean what they say, as a new version.

The temperature is fitted on validation data, never on the data that judge. The result lands in ``train/``, so it takes the
same road as every other version: examined, ingested, evaluated, candidate, gate. Its parentage is known by its content.
"""

import contextlib
import time
from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from engine.evaluation.parity import broken, parity
from engine.evaluation.temperature import LEAST, MOST, applied, at_a_limit, telling
from engine.exports import Way
from engine.exports.recalibration import ELSEWHERE, recalibration
from engine.jobs.checked import format_of
from engine.jobs.companions import class_names
from engine.jobs.context import Context, Outcome, Report
from engine.jobs.delivering import deliver
from engine.jobs.exporting import (
    Made,
    Origin,
    check_way,
    converted,
    data_of,
    keeping,
    opened,
    origin_of,
    predicted,
)
from engine.jobs.loading import fresh, wanted_version
from engine.jobs.loading_record import CPU, mark_ready
from engine.processes import scratch
from engine.processes.export_messages import FitTemperature, Predicted, TemperatureFitted
from engine.processes.model_process import ModelProcess
from engine.protocols import ExportRoute, Temperature
from engine.repairs.afterwards import answered_for
from storage.errors import JobError
from storage.job_answers import Recalibrated
from storage.records import Job, Version
from storage.settings import read_model_settings
from storage.text import word
from storage.vocabulary import RepairKind, Task

WELL: Final = "well-calibrated"
"""Code of a version whose probabilities a temperature does not make better beyond chance."""


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Recalibrate the version that the job names, or the current one."""
    began = time.monotonic()
    with answered_for(context, job, RepairKind.RECALIBRATE) as answer_for:
        version = wanted_version(context, job)
        settings = read_model_settings(context.workspace.model_settings(job.model))
        origin = origin_of(context, version, settings)
        route = _route(origin, version)
        with _made(origin, route, report) as (variant, fitted):
            report.progress(1, 1, "handing in what was made")
            name = deliver(origin, variant, job)
        answer_for(f"train/{job.model}/{name}", f"temperature {fitted.temperature.value:.3g}")
    answer = Recalibrated(
        model=job.model,
        version=version.number,
        file=f"train/{job.model}/{name}",
        sha256=variant.artefact.content.sha256,
        temperature=fitted.temperature.value,
        dataset=origin.dataset,
        n=fitted.n,
        loss_before=fitted.loss_before,
        loss_after=fitted.loss_after,
        ece_before=fitted.ece_before,
        ece_after=fitted.ece_after,
        parity=variant.parity,
        duration_s=time.monotonic() - began,
    )
    return Outcome(message=_in_words(answer), result=msgspec.json.encode(answer).decode())


def _route(origin: Origin, version: Version) -> ExportRoute:
    """Return how the version is recalibrated.

    Raises:
        JobError: it cannot be, or there is nothing to decide by.
    """
    name = f"{version.model}@{version.number}"
    source = format_of(version)
    if origin.settings.task is Task.REGRESSION:
        raise JobError(f"{name} gives values and no probabilities: there is nothing to calibrate.")
    route = recalibration(source)
    if route is None:
        raise JobError(
            f"{name} is {source}, which is not recalibrated here.",
            ELSEWHERE[source][0].upper() + ELSEWHERE[source][1:] + ".",
        )
    if origin.without is not None:
        raise JobError(
            f"A temperature is fitted on validation data, since test data must not decide anything. {origin.without.message}",
            "Divide fresh data with: modeltender data split, or put some there that are not test data.",
            code=origin.without.code,
        )
    check_way(origin, Way((route,)))
    return route


@contextlib.contextmanager
def _made(origin: Origin, route: ExportRoute, report: Report) -> Iterator[tuple[Made, TemperatureFitted]]:
    """Fit, build in, and hold what was made against what it should be; it lies there until the context is left."""
    context = origin.context
    with contextlib.ExitStack() as stack:
        with keeping(route.name):
            folder = scratch.make(context.workspace.scratch)
            stack.callback(scratch.sweep, folder)
        with fresh(context, origin.version, CPU, (), report.cancelled) as process:
            mark_ready(context, origin.version, process, CPU)
            fitted = _fitted(origin, process, report)
            before = predicted(origin, process, report)
            artefact = converted(origin, process, route, folder, report, temperature=fitted.temperature)
        with opened(origin, artefact, report) as process:
            report.progress(0, 1, "comparing outputs")
            after = predicted(origin, process, report)
        wanted, given = _comparable(before, after, fitted.temperature)
        found = parity(
            wanted,
            given,
            dataset=origin.dataset,
            task=origin.settings.task or Task.CLASSIFICATION,
            lossless=True,
        )
        if broken(found):
            raise JobError(
                f"{origin.version.model}@{origin.version.number} does not come out as it should: its recalibrated outputs "
                f"differ from the softened ones by up to {found.max_difference:.3g}, and may by {found.tolerance:.3g}.",
                "Nothing was kept.",
                code="parity",
            )
        yield Made(Way((route,)), artefact, found, fitted.temperature.value), fitted


def _fitted(origin: Origin, process: ModelProcess, report: Report) -> TemperatureFitted:
    """Return the temperature of the loaded version.

    Raises:
        JobError: the data decide nothing, or it is well calibrated as it is.
    """
    context, version = origin.context, origin.version
    report.progress(0, 1, "fitting a temperature")
    request = FitTemperature(
        str(data_of(origin, process, report)),
        class_names(context.workspace, version.model, origin.settings),
        origin.settings.preprocess,
        origin.settings.output,
    )
    fitted = process.fit_temperature(
        request,
        on_progress=report.progress,
        deadline_s=context.settings.limits.evaluation_s,
        cancelled=report.cancelled,
    )
    name, value = f"{version.model}@{version.number}", fitted.temperature.value
    if version.evaluation is not None and version.evaluation.dataset_sha256 == fitted.dataset_sha256:
        raise JobError(
            f"{origin.dataset} holds the very examples that {name} is judged by, and test data must not decide anything.",
            "Divide your data with: modeltender data split",
        )
    if fitted.gain_low <= 0:
        raise JobError(
            f"{name} is as well calibrated as a temperature makes it: {value:.3g} takes its log loss on {fitted.n} examples "
            f"of {origin.dataset} from {fitted.loss_before:.4g} to {fitted.loss_after:.4g}, which may be chance.",
            "If its probabilities are wrong anyway, those data are not like its real inputs: put fresh ones there.",
            code=WELL,
        )
    if at_a_limit(value):
        raise JobError(
            f"{origin.dataset} asks for a temperature beyond {LEAST:g} to {MOST:g}: {name} is so often right, or wrong, "
            "that its probabilities say nothing about it.",
            f"Look at the data: modeltender data describe {word(version.model)}; then train a version on them.",
        )
    return fitted


def _comparable(before: Predicted, after: Predicted, temperature: Temperature) -> tuple[Predicted, Predicted]:
    """Return what the outputs should be and what they are, for the examples that tell.

    Raises:
        JobError: none does.
    """
    rows = min(before.rows, after.rows)
    old, new = (
        np.frombuffer(one.values, "<f4").reshape(one.rows, one.width)[:rows] for one in (before, after)
    )
    kept = telling(old, temperature)
    if not kept.any():
        raise JobError(
            "Every output is as good as 1: it cannot be told whether the recalibrated ones are right."
        )
    wanted = applied(old[kept], temperature).astype("<f4")
    return (
        msgspec.structs.replace(before, values=wanted.tobytes(), rows=len(wanted)),
        msgspec.structs.replace(after, values=np.ascontiguousarray(new[kept]).tobytes(), rows=len(wanted)),
    )


def _in_words(answer: Recalibrated) -> str:
    """Return what came of it in a sentence: both figures are of examples that had no part in fitting."""
    told = (
        f"temperature {answer.temperature:.3g}: log loss {answer.loss_before:.4g} -> {answer.loss_after:.4g}"
    )
    if answer.ece_before is not None and answer.ece_after is not None:
        told += f", calibration error {answer.ece_before:.3g} -> {answer.ece_after:.3g}"
    return f"{told} on {answer.n} examples of {answer.dataset}; {answer.file} is the next version"
