"""Tell the targets of a model what is deployed: after a crash, after a change by hand, or because a person asks.

Owns the question what is deployed, which the link answers. It switches nothing.
"""

import msgspec

from engine.jobs.context import Context, Outcome, Report
from engine.jobs.switching import unknown_model
from engine.repository.switch import read_current
from engine.repository.targets.target import News
from engine.repository.telling import Telling
from storage import jobs
from storage.errors import JobError, RefusedError
from storage.promotion_records import PromotionTarget
from storage.records import Job
from storage.settings import read_model_settings
from storage.tables import events, models, promotion_targets
from storage.text import word


class Answer(msgspec.Struct, frozen=True):
    """What every target of a model says now."""

    model: str
    version: int | None
    targets: tuple[PromotionTarget, ...]


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Tell each target which version is deployed; one that fails does not keep the others from it."""
    del report  # a target that was half told would have to be told again
    settings = read_model_settings(context.workspace.model_settings(job.model))
    telling = Telling(context.workspace, settings, context.settings.trust)
    with context.writer.transaction() as connection:
        model = models.read_one(connection, job.model)
        if model is None:
            raise unknown_model(job.model)
        number = read_current(context.workspace, job.model)
        if number is None and job.requested_by != jobs.RECOVERY:
            raise RefusedError(f"Nothing of {job.model} is deployed, so there is nothing to tell.")
        telling.begin(connection, model.name, model.id)
        version = models.version(connection, models.version_id(connection, model.id, number))
    previous = model.previous.number if model.previous and model.previous.number != number else None
    sha256 = (version.sha256 or "") if version else ""
    problems = telling.tell_each(News(context.workspace, job.model, number, previous, sha256))
    with context.writer.transaction() as connection:
        telling.record(connection, job.model, number, now=context.now())
        targets = promotion_targets.read(connection, job.model)
        deployed = "nothing" if number is None else f"version {number}"
        told = ", ".join(target.name for target in targets)
        message = f"told {told} that {deployed} is deployed" if targets else "there is no target to tell"
        if targets and not problems:
            events.add(connection, job.kind, message, at=context.now(), model=job.model, version=number)
    if problems:
        raise JobError(
            f"Not every target of {job.model} was told that {deployed} is deployed: {'; '.join(problems)}.",
            f"Fix that, then tell them again: modeltender tell {word(job.model)}",
        )
    answer = Answer(job.model, number, targets)
    return Outcome(message=message, result=msgspec.json.encode(answer).decode())
