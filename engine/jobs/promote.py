"""Promote a version: judge it against what is deployed, and switch where the gate passes or a person insists.

What the gate cannot judge without is measured first (`engine.jobs.promote_first`); the promotion waits for that off its
lane, and is run again. Owns the questions that are asked before a promotion and the words of the answer. How the switch
is carried out is `engine.repository.deploy`'s, what the gate demands is `engine.evaluation.gate`'s.
"""

from collections.abc import Sequence

import msgspec

from engine.jobs.context import Context, Needed, Outcome, Report
from engine.jobs.loading import show_loadable
from engine.jobs.promote_first import Evaluations, device_of, latencies
from engine.jobs.switching import (
    Answer,
    check_content,
    check_expected,
    check_ready,
    number_of,
    packed,
    refused,
    unknown_model,
    with_role,
)
from engine.repository.deploy import Change, Deployer
from engine.repository.gates import report as gate_report
from engine.repository.gates import unevaluated
from storage import jobs
from storage.errors import RefusedError, UnknownError
from storage.promotion_records import PASSING, GateReport
from storage.records import Job, Metric, Version
from storage.settings import ModelSettings, read_model_settings
from storage.tables import gates, models
from storage.tables.evaluations import headline
from storage.text import clean, word
from storage.vocabulary import JobState, Role, Verdict


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Promote the version that the job names, or the candidate."""
    settings = read_model_settings(context.workspace.model_settings(job.model))
    with context.writer.transaction() as connection:
        found = models.versions(connection, job.model)
        known = models.model_id(connection, job.model) is not None
    if not known:
        raise unknown_model(job.model)
    current = with_role(found, Role.CURRENT)
    target = _target(found, job)
    answer = Answer(job.model, number_of(current), number_of(target))
    try:
        target = _promotable(target, current, job)
        gate, first = _judged(context, job, (current, target), settings)
        if first:
            return Outcome(first=first)
        answer = msgspec.structs.replace(answer, verdict=gate.verdict, checks=gate.checks)
        _check_gate(gate, target, job, dry_run=settings.gate.dry_run)
        if report.cancelled():
            return Outcome(
                state=JobState.CANCELLED, code=JobState.CANCELLED, error="Cancelled.", result=packed(answer)
            )
        change = Change(job, answer.from_version, target, gate, _message(current, target, gate, job))
        deployer = Deployer(context.workspace, context.writer, context.now, settings, context.settings.trust)
        deployer.deploy(change, lambda: show_loadable(context, target, report.cancelled))
        context.pool.renew(job.model)
    except RefusedError as error:
        return refused(error, answer)
    answer = msgspec.structs.replace(answer, promoted=True)
    return Outcome(message=change.message, result=packed(answer))


def _judged(
    context: Context, job: Job, both: tuple[Version | None, Version], settings: ModelSettings
) -> tuple[GateReport, tuple[Needed, ...]]:
    """Return what the gate says, and what has to be measured before it can be asked; a person who insists waits for nothing."""
    current, target = both
    with context.writer.transaction() as connection:
        gate = gate_report(connection, current, target, settings)
        if job.parameters.force:
            return gate, ()
        asked = [one for number in job.waits_for if (one := jobs.read_one(connection, number))]
        missing = Evaluations(unevaluated(connection, current, target, settings), asked)
        ratio = None
        if current is not None:
            contents = current.sha256 or "", target.sha256 or ""
            ratio = gates.ratio(connection, *contents, device=device_of(target))
    if missing.needed and not missing.failed:
        return gate, missing.needed
    gate = missing.told(gate)
    turns = latencies(settings.gate, both, asked, ratio, context.now())
    if turns is None:
        return gate, ()
    return turns.told(gate), (turns.needed,) if turns.missing(gate) else ()


def _target(found: Sequence[Version], job: Job) -> Version | None:
    if job.version is None:
        return with_role(found, Role.CANDIDATE)
    target = next((version for version in found if version.number == job.version), None)
    if target is None:
        raise UnknownError(
            f"There is no version {job.model}@{job.version}.",
            f"List them with: modeltender show {word(job.model)}",
        )
    return target


def _promotable(target: Version | None, current: Version | None, job: Job) -> Version:
    check_expected(job, current)
    if target is None:
        above = "" if current is None else f" above the current one, {current.number}"
        raise RefusedError(
            f"{job.model} has no candidate: there is no ready version{above}.",
            f"Name a version to promote another one: modeltender promote {word(job.model)}@VERSION",
        )
    if current is not None and current.number == target.number:
        raise RefusedError(f"{job.model}@{target.number} is the current version already.")
    check_ready(target)
    check_content(job, target)
    if job.parameters.force and not job.parameters.reason.strip():
        raise RefusedError("A forced promotion needs a reason.", "Say why: --force --reason TEXT")
    return target


def _check_gate(gate: GateReport, target: Version, job: Job, *, dry_run: bool) -> None:
    name = f"{target.model}@{target.number}"
    if job.parameters.force:
        return
    if gate.passed:
        if dry_run:
            raise RefusedError(
                f"{name} passes the gate; it is not promoted, because gate.dry_run is set.",
                f"Take dry_run out of models/{target.model}/model.toml to let the gate promote.",
            )
        return
    told = "; ".join(check.sentence for check in gate.checks if check.verdict not in PASSING)
    if gate.verdict is Verdict.INFERIOR:
        raise RefusedError(f"{name} does not pass the gate: {told}.", _insist(name))
    raise RefusedError(
        f"The gate cannot decide about {name}: {told}.", _insist(name), code=Verdict.INCONCLUSIVE
    )


def _insist(name: str) -> str:
    return f"To promote it anyway: modeltender promote {word(name)} --force --reason TEXT"


def _message(current: Version | None, target: Version, gate: GateReport, job: Job) -> str:
    before = "" if current is None else f"{current.number} > "
    figures = _figures(headline(None if current is None else current.evaluation), headline(target.evaluation))
    forced = "" if gate.passed else f", forced: {clean(job.parameters.reason)}"
    return f"promoted {before}{target.number} by {clean(job.requested_by)}{figures}{forced}"


def _figures(before: Metric | None, after: Metric | None) -> str:
    if after is None:
        return ""
    known = before is not None and before.name == after.name
    return f": {after.name} {f'{before.value:.4f} -> ' if known and before else ''}{after.value:.4f}"
