"""What the console asks of the engine: a job for each action, with what the person saw when asking.

Owns who asks and what is captured. It must not draw, and it decides nothing: the engine does, and it refuses
where something changed since the person looked.
"""

import os
import platform

from storage import interrupted, jobs
from storage.exported import WAYS
from storage.fault_records import Fault, Remedy
from storage.records import Job, JobParameters, Model, Quarantined, Version
from storage.text import word
from storage.vocabulary import FINISHED, Format, JobKind, Quantization, Status
from storage.workspace import Workspace
from tui import allowance


def requester() -> str:
    """Return who asks, as it is recorded with a job."""
    import pwd

    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = f"user {os.getuid()}"
    return f"{user}@{platform.node()} (console)"


def evaluate(workspace: Workspace, version: Version) -> Job:
    """Ask for an evaluation of a version."""
    return jobs.submit(workspace, JobKind.EVALUATE, version.model, version.number, requested_by=requester())


def check(workspace: Workspace, model: str) -> Job:
    """Ask for what is deployed of a model to be looked over for faults."""
    return jobs.submit(workspace, JobKind.CHECK, model, requested_by=requester())


def measure(workspace: Workspace, version: Version) -> Job:
    """Ask how fast a version answers one query after another."""
    return jobs.submit(workspace, JobKind.LATENCY, version.model, version.number, requested_by=requester())


def train(workspace: Workspace, model: str) -> Job:
    """Ask for a new version to be trained, as the model's settings say."""
    return jobs.submit(workspace, JobKind.TRAIN, model, requested_by=requester())


def export(workspace: Workspace, version: Version, to: Format, quantize: Quantization | None) -> Job:
    """Ask for a version to be converted to another format, or to smaller numbers."""
    return jobs.submit(
        workspace,
        JobKind.EXPORT,
        version.model,
        version.number,
        requested_by=requester(),
        parameters=JobParameters(to=to, quantize=quantize),
    )


def trust(workspace: Workspace, version: Version, reason: str) -> Job:
    """Ask for the content that the person saw to be allowed what it was refused for."""
    return jobs.submit(
        workspace,
        JobKind.TRUST,
        version.model,
        version.number,
        requested_by=requester(),
        parameters=JobParameters(expected_sha256=version.sha256 or "", reason=reason),
    )


def let_out(workspace: Workspace, kind: JobKind, entry: Quarantined, reason: str) -> Job:
    """Ask for what is kept in quarantine to be released or deleted, whichever the kind of job does."""
    parameters = JobParameters(entry=entry.id, reason=reason)
    return jobs.submit(workspace, kind, entry.model, requested_by=requester(), parameters=parameters)


def promote(workspace: Workspace, version: Version, current: Version | None, *, reason: str = "") -> Job:
    """Ask for a version to be deployed instead of ``current``; a reason stands for the gate, which is then overridden."""
    parameters = JobParameters(
        expected_current=None if current is None else current.number,
        expected_sha256=version.sha256 or "",
        force=bool(reason),
        reason=reason,
    )
    return jobs.submit(
        workspace,
        JobKind.PROMOTE,
        version.model,
        version.number,
        requested_by=requester(),
        parameters=parameters,
    )


def roll_back(workspace: Workspace, current: Version, previous: Version) -> Job:
    """Ask for what was deployed before to be deployed again."""
    parameters = JobParameters(expected_current=current.number, expected_sha256=previous.sha256 or "")
    return jobs.submit(
        workspace,
        JobKind.ROLLBACK,
        current.model,
        previous.number,
        requested_by=requester(),
        parameters=parameters,
    )


def run_again(workspace: Workspace, job: Job) -> Job:
    """Ask for a job once more, exactly as it was asked for."""
    return jobs.submit(
        workspace,
        job.kind,
        job.model,
        job.version,
        requested_by=requester(),
        parameters=job.parameters,
    )


def repair(workspace: Workspace, model: str, version: int | None) -> Job:
    """Ask for what is deployed to be repaired: its files are brought back where they changed, and what else is wrong is tried."""
    return jobs.submit(workspace, JobKind.REPAIR, model, version, requested_by=requester())


def mend(workspace: Workspace, fault: Fault, remedy: Remedy) -> Job:
    """Ask for a fault to be repaired in the way that was chosen."""
    return jobs.submit(
        workspace,
        JobKind.REPAIR,
        fault.model,
        requested_by=requester(),
        parameters=JobParameters(fault=fault.id, repair=remedy.kind),
    )


def acknowledge(workspace: Workspace, fault: Fault) -> Job:
    """Ask for it to be recorded that a person knows of a fault."""
    return jobs.submit(
        workspace,
        JobKind.ACKNOWLEDGE,
        fault.model,
        fault.version,
        requested_by=requester(),
        parameters=JobParameters(fault=fault.id),
    )


def repeatable(job: Job) -> str:
    """Return why a job cannot be run again by a key, or nothing where it can."""
    if job.state not in FINISHED:
        return f"J{job.id} has not ended yet."
    if job.kind not in interrupted.RETRIED:
        return f"J{job.id} changed what is deployed or trusted: ask for it where a question shows what it would change."
    return ""


def evaluated_by_key(model: Model) -> Version | None:
    """Return the version that an evaluation of a model is about: what is deployed, or what could be."""
    return model.current or model.candidate


def exportable(model: Model, selected: Version | None) -> Version | str:
    """Return the version that `x` is about, or a sentence that says why nothing can be made of it."""
    version = selected or evaluated_by_key(model)
    if version is None:
        return f"{model.name} has no version that could be exported."
    if version.status is not Status.READY:
        return f"v{version.number} of {model.name} cannot be exported: it {version.status.fate}."
    if version.format not in WAYS:
        return (
            f"Nothing can be made of v{version.number} of {model.name}: no way leads from {version.format}."
        )
    return version


def trustable(model: Model, selected: Version | None) -> Version | str:
    """Return the version that `a` is about, or a sentence that says why there is nothing to allow."""
    version = selected or model.newest
    if version is None:
        return f"{model.name} has no version that was refused."
    if allowance.possible(version):
        return version
    named = f"v{version.number} of {model.name}"
    if version.status in allowance.REFUSED:
        return f"{named} {version.status.fate}, and no trust lifts that: {version.reason.rstrip('.')}."
    return f"{named} was not refused: there is nothing to allow."


def ways_out(entry: Quarantined) -> tuple[JobKind, ...]:
    """Return the jobs that take a thing out of the quarantine: what no trust lifts can only be deleted."""
    return (JobKind.RELEASE, JobKind.DELETE) if entry.liftable else (JobKind.DELETE,)


def promotable(model: Model, selected: Version | None) -> Version | str:
    """Return the version that `p` is about, or a sentence that says why there is none."""
    candidate = model.candidate
    if candidate is None:
        return _no_candidate(model)
    if selected is not None and selected.number != candidate.number:
        return (
            f"v{selected.number} of {model.name} is not the candidate, v{candidate.number} is. "
            f"In the shell: modeltender promote {word(model.name)}@{selected.number}"
        )
    return candidate


def restorable(model: Model) -> tuple[Version, Version] | str:
    """Return the current version and the one that `u` brings back, or a sentence that says why there is none."""
    if model.current is None:
        return f"{model.name} has no deployed version to roll back from."
    if model.previous is None:
        return f"Nothing was deployed before v{model.current.number} of {model.name}."
    return model.current, model.previous


def _no_candidate(model: Model) -> str:
    newest = model.newest
    if newest is None:
        return f"{model.name} has no version that could be promoted."
    named = f"v{newest.number} of {model.name}"
    if model.current is not None and model.current.number == newest.number:
        return f"{named} is deployed, and there is nothing newer."
    if newest.status in {Status.SETTLING, Status.CHECKING}:
        return f"{named} is still being looked at."
    reason = f": {newest.reason.rstrip('.')}" if newest.reason else ""
    return f"{named} cannot be promoted, it {newest.status.fate}{reason}."
