"""``modeltender promote`` and ``rollback``: change what is deployed, and say what the gate found.

The decision is the engine's. The command tells it what the person saw, so that nothing else is deployed
when something changed in between.
"""

import shutil

import click
import msgspec

from storage import jobs
from storage.database import Reader
from storage.errors import JobError, RefusedError, UnknownError
from storage.promotion_records import PASSING
from storage.records import Job, JobParameters, Version
from storage.text import word
from storage.vocabulary import ExitCode, JobKind, JobState, Role, Verdict
from storage.workspace import Workspace
from tui.commands.arrivals import await_first_evaluation, find_target
from tui.commands.checks import checks_text
from tui.commands.completing import complete_model, complete_target
from tui.commands.model_documents import PromotionDocument
from tui.commands.options import requester, standard_options
from tui.commands.output import remark, show_document, show_text
from tui.commands.overview_documents import job_document
from tui.commands.reading import to_ask
from tui.commands.targets import Target, find_model
from tui.commands.targets import target as as_target
from tui.commands.waiting import await_job, failure

ANSWERED = frozenset({JobState.SUCCEEDED, JobState.FAILED})
"""States in which a job's result is its answer, be it a no; a job that was cut short has none."""


@click.command(epilog="Example: modeltender promote mnist@4")
@click.argument("target", metavar="MODEL[@VERSION]", type=as_target, shell_complete=complete_target)
@click.option(
    "--force", is_flag=True, help="Promote whatever the gate says; needs a reason, which is recorded."
)
@click.option("--reason", default="", metavar="TEXT", help="Why, in words, for the history.")
@click.option("--no-wait", is_flag=True, help="Return the job at once, and let the engine work.")
@standard_options
def promote(
    *, workspace: Workspace, as_json: bool, target: Target, force: bool, reason: str, no_wait: bool
) -> int:
    """Deploy a version if the gate finds it good enough.

    Without a VERSION it promotes the candidate, the newest ready version above the current one. Missing evaluations run
    first; if the gate limits the latency, both versions run in alternation for some ten seconds. Exits with 0 if it was
    promoted, 1 if the gate refused, 5 if the figures do not decide.
    """
    if force and not reason.strip():
        raise click.UsageError("--force needs a --reason, which is kept in the history.")
    with to_ask(workspace) as reader:
        version = await_first_evaluation(workspace, reader, _wanted(workspace, reader, target))
        with reader.transaction() as connection:
            current = find_model(connection, target.model).current
        parameters = JobParameters(
            expected_current=current.number if current else None,
            expected_sha256=version.sha256 or "",
            force=force,
            reason=reason.strip(),
        )
        job = _submit(workspace, JobKind.PROMOTE, version, parameters)
        return _report(
            job if no_wait else await_job(workspace, reader, job), as_json=as_json, waited=not no_wait
        )


@click.command(epilog="Example: modeltender rollback mnist")
@click.argument("model", shell_complete=complete_model)
@click.option("--reason", default="", metavar="TEXT", help="Why, in words, for the history.")
@click.option("--no-wait", is_flag=True, help="Return the job at once, and let the engine work.")
@standard_options
def rollback(*, workspace: Workspace, as_json: bool, model: str, reason: str, no_wait: bool) -> int:
    """Deploy the previous version again."""
    with to_ask(workspace) as reader:
        with reader.transaction() as connection:
            found = find_model(connection, model)
        if found.current is None or found.previous is None:
            raise RefusedError(
                f"There is nothing to roll {found.name} back to: no version was deployed before the current one.",
                f"See what happened: modeltender show {word(found.name)}",
            )
        parameters = JobParameters(
            expected_current=found.current.number,
            expected_sha256=found.previous.sha256 or "",
            reason=reason.strip(),
        )
        job = _submit(workspace, JobKind.ROLLBACK, found.previous, parameters)
        return _report(
            job if no_wait else await_job(workspace, reader, job), as_json=as_json, waited=not no_wait
        )


def _wanted(workspace: Workspace, reader: Reader, target: Target) -> Version:
    """Return the version that is to be deployed; that there is no candidate is a no, not a wrong name."""
    try:
        return find_target(workspace, reader, Target(target.model, target.version or Role.CANDIDATE))
    except UnknownError:
        with reader.transaction() as connection:
            model = find_model(connection, target.model)
        if target.version is not None:
            raise
        above = f" above version {model.current.number}, which is deployed" if model.current else ""
        raise RefusedError(
            f"{model.name} has no candidate: there is no ready version{above}.",
            f"Name another version to deploy that: modeltender promote {word(model.name)}@VERSION",
        ) from None


def _submit(workspace: Workspace, kind: JobKind, version: Version, parameters: JobParameters) -> Job:
    return jobs.submit(
        workspace, kind, version.model, version.number, requested_by=requester(), parameters=parameters
    )


def _report(job: Job, *, as_json: bool, waited: bool) -> int:
    """Say what became of a change, and return the exit status."""
    if not waited:
        text = f"job {job.id} will {job.kind} {job.model}@{job.version}: {job.state}"
        if as_json:
            show_document(job_document(job))
        else:
            show_text(text)
        return ExitCode.DONE
    document = answer_of(job)
    if as_json:
        show_document(document)
        remark(job.error)
    else:
        show_text(_in_words(job, document))
    return _status(job, document)


def answer_of(job: Job) -> PromotionDocument:
    """Return what a change that has ended came to, be it a no.

    Raises:
        Error: it was cut short, and has no answer.
    """
    if not job.result or job.state not in ANSWERED:
        raise failure(job) or JobError(f"Job {job.id} ended without a result.", "Try again.")
    return msgspec.json.decode(job.result, type=PromotionDocument)


def _status(job: Job, document: PromotionDocument) -> int:
    if document.promoted:
        return ExitCode.DONE
    # A forced promotion can be refused for another reason, whatever the gate found.
    return ExitCode.INCONCLUSIVE if job.code == Verdict.INCONCLUSIVE else ExitCode.NO


def _in_words(job: Job, document: PromotionDocument) -> str:
    before = None if document.from_version is None else f"version {document.from_version}"
    if document.promoted:
        was = f"it was {before}" if before else "nothing was deployed before"
        first = f"{document.model}: version {document.to_version} is deployed now; {was}."
    else:
        why = f" ({document.verdict})" if document.verdict else ""
        stays = f"{before} stays deployed" if before else "nothing is deployed"
        first = f"{document.model}: nothing changed{why}; {stays}."
    lines = [first]
    if document.checks:
        lines.append(checks_text(document.checks, shutil.get_terminal_size().columns))
    if not document.promoted:
        # What the checks above say need not be said twice.
        told = any(check.verdict not in PASSING for check in document.checks)
        lines.extend(words for words in ("" if told else job.error, job.hint) if words)
    elif document.untold:
        lines += [f"Not told: {each}" for each in document.untold]
        lines.append(
            f"They are told again by themselves, and at once with: modeltender tell {word(document.model)}"
        )
    elif job.kind is JobKind.PROMOTE and document.from_version is not None:
        lines.append(f"Undo it with: modeltender rollback {word(document.model)}")
    return "\n".join(lines)
