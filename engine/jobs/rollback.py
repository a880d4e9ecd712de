"""Roll back: deploy again what was deployed before the current version was promoted.

Owns the question which version that is and whether it can be. There is no gate: a rollback is the way out
when something is wrong, and must not depend on figures or settings.
"""

import msgspec

from engine.jobs.context import Context, Outcome, Report
from engine.jobs.switching import (
    Answer,
    check_content,
    check_expected,
    check_ready,
    number_of,
    packed,
    refused,
    unknown_model,
)
from engine.repository.deploy import LOOK_AGAIN, Change, Deployer
from storage.errors import RefusedError, SettingsError
from storage.records import Job, Model, Version
from storage.settings import ModelSettings, read_model_settings
from storage.tables import models
from storage.text import clean, word


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Deploy the previous version of the model."""
    del report  # nothing of this takes long enough to be cancelled
    with context.writer.transaction() as connection:
        model = models.read_one(connection, job.model)
    if model is None:
        raise unknown_model(job.model)
    current, previous = model.current, model.previous
    answer = Answer(job.model, number_of(current), number_of(previous))
    try:
        target = _target(model, job)
        message = _message(current, target, job)
        settings = _settings(context, job.model)
        # It was deployed before: loading it once more would keep a bad version deployed for that long.
        untold = Deployer(
            context.workspace, context.writer, context.now, settings, context.settings.trust
        ).deploy(Change(job, answer.from_version, target, message=message))
        context.pool.renew(job.model)
    except RefusedError as error:
        return refused(error, answer)
    told = f"; not told: {'; '.join(untold)}" if untold else ""
    return Outcome(
        message=message + told,
        result=packed(msgspec.structs.replace(answer, promoted=True, untold=tuple(untold) or msgspec.UNSET)),
    )


def _target(model: Model, job: Job) -> Version:
    check_expected(job, model.current)
    if model.previous is None:
        raise RefusedError(
            f"{model.name} has no previous version to roll back to.",
            f"Promote the version that you want: modeltender promote {word(model.name)}@VERSION",
        )
    if job.version not in {None, model.previous.number}:
        raise RefusedError(
            f"{model.name} changed since you looked: a rollback would bring back version {model.previous.number}, "
            f"not {job.version}.",
            LOOK_AGAIN,
        )
    check_ready(model.previous)
    check_content(job, model.previous)
    return model.previous


def _settings(context: Context, model: str) -> ModelSettings | None:
    try:
        return read_model_settings(context.workspace.model_settings(model))
    except SettingsError:
        # A broken file must not keep a bad version deployed; the gates wait until it is mended.
        return None


def _message(current: Version | None, target: Version, job: Job) -> str:
    before = "" if current is None else f"{current.number} > "
    reason = f": {clean(job.parameters.reason)}" if job.parameters.reason.strip() else ""
    return f"rolled back {before}{target.number} by {clean(job.requested_by)}{reason}"
