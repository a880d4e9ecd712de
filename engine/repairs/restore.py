"""Restore: bring back the files of what is deployed, byte for byte, where they changed or are gone.

Owns where the bytes come from (the kept copy, else the file in ``train/`` that the version was made of), what is
recorded about a restored version, and the words. How files are put back is `engine.repository.restore`'s.
"""

from functools import partial
from pathlib import Path, PurePosixPath

from engine.jobs.context import Context
from engine.processes.endings import LOST, ModelProcessError
from engine.processes.examiner_process import Suspect
from engine.repairs.repairing import Acted, Case, Plan, RepairSpec, Work, subject
from engine.repository.examine import Examined
from engine.repository.integrity import ChangedError
from engine.repository.keeper import NOT_KEPT_FAULT
from engine.repository.objects import Kept, Objects
from engine.repository.problems import MISSING
from engine.repository.restore import Restored, is_intact, restore
from engine.repository.scanner import Item
from engine.repository.switch import CHANGED_FAULT
from storage import jobs
from storage.errors import JobError, UnknownError
from storage.job_answers import Repaired
from storage.promotion_records import DeployedContent
from storage.records import Version
from storage.tables import deployed, events, faults, models
from storage.text import NAME, clean, word
from storage.vocabulary import JobKind, RepairKind, Status
from storage.workspace import Workspace

SPEC = RepairSpec(
    kind=RepairKind.RESTORE,
    does="Puts the files back as they were deployed, byte for byte: from the kept copy, or from the file in `train/` that "
    "the version was made from. What it replaces is set aside in `.modeltender/damaged`, never deleted.",
)

NO_COPY = "no-copy"
"""Code of a repair that has nothing to restore from."""

EXAMINE_S = 60.0
"""As long as new files get that take long to look into."""

NAMED = 3
"""Files that a sentence names before it says how many more there are."""


def plan(case: Case) -> Plan:
    """Say which files would be put back."""
    number = subject(case)
    if number is None:
        return Plan(possible=False, sentence=f"nothing of {case.model.name} is deployed")
    where = f"models/{case.model.name}/{number}"
    return Plan(
        possible=True,
        sentence=f"puts the files of {where} back as they were deployed; what is there is set aside in .modeltender/damaged",
    )


def act(work: Work) -> Acted:
    """Restore the version that the fault is about."""
    number = subject(work.case)
    with work.context.writer.transaction() as connection:
        version = models.numbered(connection, work.case.model.name, number)
    if version is None:
        raise UnknownError(f"There is no version {work.case.model.name}@{number}.")
    return Acted(restore_version(work.context, version).detail)


def restore_version(context: Context, version: Version) -> Repaired:
    """Restore one version where its folder does not hold what was deployed.

    Raises:
        JobError: there is nothing to restore from, or it did not work; its folder is as it was.
    """
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
    came_from = ""
    if kept is None:
        kept, came_from = _from_inbox(context.workspace, version, content), f", from {clean(version.source)}"
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
    detail = _told(number, restored, came_from)
    _record(context, version, content, restored, detail)
    set_aside = restored.set_aside or None
    return Repaired(number, repaired=True, sha256=content.sha256, set_aside=set_aside, detail=detail)


def _from_inbox(workspace: Workspace, version: Version, content: DeployedContent) -> Kept | None:
    """Return a copy of the file that a version was made of, where it still lies in the inbox and holds the same."""
    source, wanted = PurePosixPath(version.source), PurePosixPath(content.artefact)
    inbox = PurePosixPath(workspace.train.name, version.model)
    if source.parent != inbox:
        return None
    home = workspace.root / source
    # A folder was taken as a whole; of a file's companions each lies beside it.
    artefact = home / wanted if home.is_dir() else home.with_name(wanted.name)
    try:
        return Objects(workspace.objects).keep(artefact, content.companions, content.sha256)
    except (OSError, ChangedError):
        # It went, or holds something else by now: then there is nothing to restore from.
        return None


def _examined(context: Context, folder: Path, item: Item) -> Examined:
    """Return what an item of a folder is; what ends the process that looks into it is nothing that was deployed."""
    if item.problem:
        return Examined(reason=item.problem)
    process = context.hosts.open_examiner([folder])
    try:
        (found,) = process.examine([Suspect(folder, item, frozenset(item.files))], deadline_s=EXAMINE_S)
    except ModelProcessError as error:
        if error.code == LOST:
            raise
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
            faults.close_fault(connection, code, at=now, model=version.model, version=version.number)
        events.add(connection, "repaired", detail, at=now, model=version.model, version=version.number)


def _told(number: int, restored: Restored, came_from: str) -> str:
    told = f"version {number} is restored as it was deployed{came_from}"
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
    return f"Put its files back into {folder}, or deploy another version: modeltender promote {word(version.model)}@VERSION"
