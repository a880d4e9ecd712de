"""Repair: bring back the files of what is deployed, byte for byte, where they changed or are gone.

Owns which versions are looked at, what is recorded about a restored one, and the words of the answer. How files
are put back is `engine.repository.restore`'s.
"""

from functools import partial
from pathlib import Path, PurePosixPath

import msgspec

from engine.jobs.context import Context, Outcome, Report
from engine.jobs.switching import unknown_model
from engine.processes.endings import ModelProcessError
from engine.processes.examiner_process import Suspect
from engine.repository.examine import Examined
from engine.repository.integrity import ChangedError
from engine.repository.keeper import NOT_KEPT_FAULT
from engine.repository.objects import Objects
from engine.repository.problems import MISSING
from engine.repository.restore import Restored, is_intact, restore
from engine.repository.scanner import Item
from engine.repository.switch import CHANGED_FAULT
from storage import jobs
from storage.errors import JobError, UnknownError
from storage.records import DeployedContent, Job, Model, Version
from storage.tables import deployed, events, models
from storage.text import NAME, clean
from storage.vocabulary import JobKind, JobState, Status

NO_COPY = "no-copy"
"""Code of a repair that has nothing to restore from."""

EXAMINE_S = 60.0
"""As long as new files get that take long to look into."""

NAMED = 3
"""Files that a sentence names before it says how many more there are."""


class Repaired(msgspec.Struct, frozen=True):
    """What a repair found and did about one version."""

    version: int
    repaired: bool
    sha256: str | None = None
    """Of what its folder holds now, and held when it was deployed."""
    set_aside: str | None = None
    """Where what was replaced lies, below the workspace; ``None`` where nothing was there."""
    detail: str = ""


class Answer(msgspec.Struct, frozen=True):
    """What a repair came to, as the command prints it."""

    model: str
    repaired: bool
    versions: tuple[Repaired, ...]


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Restore the version that the job names, or the current and the previous one, as far as they need it."""
    with context.writer.transaction() as connection:
        model = models.read_one(connection, job.model)
        found = models.versions(connection, job.model)
    if model is None:
        raise unknown_model(job.model)
    done: list[Repaired] = []
    failed: JobError | None = None
    for version in _targets(model, found, job):
        if report.cancelled():
            return Outcome(state=JobState.CANCELLED, code=JobState.CANCELLED, error="Cancelled.")
        report.progress(len(done), len(done) + 1, f"looking at version {version.number}")
        try:
            done.append(_repair(context, version))
        except JobError as error:
            # One that cannot be restored must not keep the other one from it.
            failed = failed or error
    repaired = any(each.repaired for each in done)
    result = msgspec.json.encode(Answer(job.model, repaired, tuple(done))).decode()
    if failed is not None:
        return Outcome(
            state=JobState.FAILED, code=failed.code, error=failed.message, hint=failed.hint, result=result
        )
    return Outcome(message="; ".join(each.detail for each in done) or "nothing is deployed", result=result)


def _targets(model: Model, found: list[Version], job: Job) -> list[Version]:
    if job.version is None:
        return [version for version in (model.current, model.previous) if version is not None]
    wanted = [version for version in found if version.number == job.version]
    if not wanted:
        raise UnknownError(
            f"There is no version {job.model}@{job.version}.", f"List them with: modeltender show {job.model}"
        )
    return wanted


def _repair(context: Context, version: Version) -> Repaired:
    with context.writer.transaction() as connection:
        content = deployed.read(connection, version.id) or deployed.content_of(version)
    name, number = f"{version.model}@{version.number}", version.number
    if content is None:
        raise JobError(
            f"{name} holds no model, and what it held before is not on record.",
            _otherwise(version),
            code=NO_COPY,
        )
    examine = partial(_examined, context)
    if is_intact(context.workspace, version.model, number, content, examine):
        return Repaired(number, repaired=False, sha256=content.sha256, detail=f"version {number} is intact")
    kept = Objects(context.workspace.objects).find(PurePosixPath(content.artefact).name, content.sha256)
    if kept is None:
        raise JobError(f"There is no copy to restore {name} from.", _otherwise(version), code=NO_COPY)
    try:
        with kept:
            restored = restore(
                context.workspace, version.model, number, content, kept, examine=examine, now=context.now()
            )
    except OSError as error:
        raise JobError(
            f"{name} could not be restored: {error.strerror or error}. Its folder is as it was.",
            "Check the disk and the folder's permissions, then try again.",
        ) from None
    except ChangedError:
        raise JobError(
            f"{name} was changed again while it was restored.", "Find out who writes there, then try again."
        ) from None
    detail = _told(number, restored)
    _record(context, version, content, restored, detail)
    set_aside = restored.set_aside or None
    return Repaired(number, repaired=True, sha256=content.sha256, set_aside=set_aside, detail=detail)


def _examined(context: Context, folder: Path, item: Item) -> Examined:
    """Return what an item of a folder is; what ends the process that looks into it is nothing that was deployed."""
    if item.problem:
        return Examined(reason=item.problem)
    process = context.hosts.open_examiner([folder])
    try:
        (found,) = process.examine([Suspect(folder, item, frozenset(item.files))], deadline_s=EXAMINE_S)
    except ModelProcessError as error:
        return Examined(reason=error.message, refused=True)
    finally:
        process.close()
    return found


def _record(
    context: Context, version: Version, content: DeployedContent, restored: Restored, detail: str
) -> None:
    """Record what the folder holds now, end the faults that were about it, and have it checked where that is news."""
    with context.writer.transaction() as connection:
        now = context.now()
        before = models.version(connection, version.id) or version
        stamp = restored.item.stamp
        if before.status is Status.READY and deployed.content_of(before) == content:
            # The damage was mended before anybody noticed it: all that is on record holds.
            models.set_stamp(connection, version.id, stamp)
        else:
            models.set_artefact(
                connection,
                version.id,
                artefact=content.artefact,
                kind=content.format,
                sha256=content.sha256,
                size=content.bytes,
                companions=content.companions,
            )
            models.set_version(connection, version.id, status=Status.CHECKING, stamp=stamp)
            jobs.add(
                connection,
                JobKind.EVALUATE,
                version.model,
                version.number,
                requested_by=jobs.ARRIVAL,
                now=now,
            )
        for code in (CHANGED_FAULT, MISSING, NOT_KEPT_FAULT):
            events.close_fault(connection, code, at=now, model=version.model, version=version.number)
        events.add(connection, "repaired", detail, at=now, model=version.model, version=version.number)


def _told(number: int, restored: Restored) -> str:
    told = f"version {number} is restored as it was deployed"
    if restored.set_aside:
        told += f"; what it held is in {clean(restored.set_aside)}"
    if restored.left_out:
        shown = ", ".join(clean(file, NAME) for file in restored.left_out[:NAMED])
        more = len(restored.left_out) - NAMED
        told += f", with {shown}{f' and {more} more' if more > 0 else ''}, which the model does not need"
    if restored.trouble:
        told += f"; a power cut now could undo it: {restored.trouble}"
    return told


def _otherwise(version: Version) -> str:
    folder = f"models/{version.model}/{version.number}"
    return f"Put its files back into {folder}, or deploy another version: modeltender promote {version.model}@VERSION"
