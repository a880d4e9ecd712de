"""Sending an example of the test data, as they lie there now, through what is deployed: do they still fit each other?

Owns which question finds that out, the one that an evaluation asks, of one example; and when it need not be asked again.
What is wrong says the process.
"""

import hashlib

import msgspec
import numpy as np

from engine.data.identity import identity
from engine.data.location import locate
from engine.data.prepared import Wanted
from engine.faults import schema_mismatch
from engine.faults.state import Fit
from engine.jobs.companions import class_names
from engine.jobs.context import Context, Report
from engine.jobs.reading import mappable
from engine.processes.confined_process import unheard
from engine.processes.endings import CANCELLED
from engine.processes.export_messages import Predict
from engine.processes.model_process import ModelProcess
from engine.processes.protocol import AnswerSome
from storage.errors import JobError
from storage.records import Version
from storage.settings import ModelSettings
from storage.tables import checks
from storage.vocabulary import Answer, Task

FIRST = np.zeros(1, "<u4").tobytes()
"""The place of the first example."""


def fit(
    context: Context, version: Version, settings: ModelSettings, process: ModelProcess, report: Report
) -> Fit | None:
    """Return whether the first example goes through, or ``None`` where that cannot be told.

    Raises:
        JobError: somebody wants the end.
    """
    try:
        source = locate(context.workspace, version.model, settings)
        labels = class_names(context.workspace, version.model, settings)
        told = msgspec.json.encode(
            (identity(source), version.sha256, process.options, process.loaded.versions, settings, labels)
        )
    except JobError:
        # No data, several, or none that can be looked at: each has a fault of its own.
        return None
    basis = hashlib.sha256(told).hexdigest()
    if _went_through(context, version.model, basis):
        # To open data means to hash them: what has been seen to fit is not opened every hour.
        return Fit(basis=basis)
    report.progress(0, 1, "trying an example of the test data")
    try:
        data = mappable(context, Wanted(version.model, source, process.loaded.inputs, settings), report)
        _ask(process, _request(str(data), settings, labels), context.settings.limits.evaluation_s, report)
    except JobError as error:
        if error.code == CANCELLED:
            raise
        # A process that ended says something about the model, and other checks look for that.
        return Fit(error.message.rstrip("."), basis) if process.alive else None
    return Fit(basis=basis)


def _went_through(context: Context, model: str, basis: str) -> bool:
    with context.writer.passing() as connection:
        before = checks.read(connection, model).get(schema_mismatch.SPEC.code)
    return before is not None and before.answer is Answer.HEALTHY and before.basis == basis


def _request(data: str, settings: ModelSettings, labels: tuple[str, ...]) -> AnswerSome | Predict:
    if settings.task is Task.REGRESSION:
        return Predict(data, settings.preprocess, settings.output, 1)
    return AnswerSome(
        data=data,
        labels=labels,
        preprocess=settings.preprocess,
        places=FIRST,
        batch_size=1,
        output=settings.output,
    )


def _ask(process: ModelProcess, request: AnswerSome | Predict, deadline_s: float, report: Report) -> None:
    if isinstance(request, Predict):
        process.predict(request, deadline_s=deadline_s, cancelled=report.cancelled)
    else:
        process.answer_some(request, on_progress=unheard, deadline_s=deadline_s, cancelled=report.cancelled)
