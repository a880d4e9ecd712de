"""Version folders: which are new, changed, gone or due, and what is recorded about each.

Owns the life of a version from its folder's side, up to the job that loads it. What the job finds out is the
job's to record.
"""

import sqlite3
from collections.abc import Collection
from enum import Enum, auto

import msgspec

from engine import policy
from engine.processes.examiner_process import Suspect
from engine.repository.examine import Examined
from engine.repository.integrity import ChangedError, Content, digest
from engine.repository.scanner import Item, read_item
from engine.repository.settle import Key
from engine.repository.switch import CHANGED_FAULT, remember_content
from storage import jobs, shortages
from storage.records import Refusal
from storage.tables import deployed as deployed_contents
from storage.tables import events, faults, models, trust
from storage.text import word
from storage.vocabulary import Format, JobKind, Severity, Status
from storage.workspace import Workspace

PATIENCE_S = 5.0
"""How long something incomplete may stay still before it is called so: the pauses of a slow copy are shorter."""

READ_RETRY_S = 30.0
"""Until a version whose files could not be read is tried again: a disk or a mount may come back."""

KEPT = frozenset({Status.READY, Status.CHECKING, Status.QUARANTINED})
"""What a version stays when its files were touched and hold the same as before."""

REFUSED = frozenset({Status.QUARANTINED, Status.UNSUPPORTED})
"""What a version is whose content must not be tried."""


class Step(Enum):
    """What is to be done about one version."""

    NOTHING = auto()
    LOOK = auto()
    """Its folder must be looked into."""
    CHECK = auto()
    """It must be loaded again."""
    LOSE = auto()
    """Its folder is gone."""


class Looked(msgspec.Struct, frozen=True):
    """What a look into one version's folder found."""

    key: Key
    item: Item
    examined: Examined
    content: Content | None = None
    error: str = ""
    """Why it could not be read, or empty."""


def next_step(row: sqlite3.Row, stamp: str | None, *, now: float, looked: Collection[Key]) -> Step:
    """Decide what is to be done about a recorded version whose folder looks like ``stamp``, or is gone.

    ``looked`` are the versions that this engine has looked into: what an older program did not support is
    looked at once more.
    """
    status = Status(row["status"])
    if stamp is None:
        return Step.NOTHING if status is Status.MISSING else Step.LOSE
    if status is Status.MISSING or row["stamp"] != stamp:
        return Step.LOOK
    # A quarantined version without a hash was judged by an older program, which kept no evidence.
    old = status is Status.UNSUPPORTED or (status is Status.QUARANTINED and row["sha256"] is None)
    if old and (row["model"], str(row["number"])) not in looked:
        return Step.LOOK
    if status is Status.FAILED and policy.retry_in(row["retry_at"], now) == 0:
        return Step.LOOK if row["sha256"] is None else Step.CHECK
    return Step.NOTHING


def suspect(workspace: Workspace, model: str, item: Item) -> Suspect:
    """Return a version's folder as it is asked about: nothing but what lies in it can belong to it."""
    return Suspect(workspace.models / model, item, frozenset(item.files))


def look(workspace: Workspace, model: str, item: Item, examined: Examined) -> Looked | None:
    """Read a version's folder that was examined; ``None`` where it has to settle again.

    It changed meanwhile, or the machine has no descriptor left to read it with.
    """
    key, folder = (model, item.name), workspace.models / model / item.name
    try:
        content = digest(*examined.beside(folder)) if examined.artefact else None
    except ChangedError:
        return None
    except OSError as error:
        if shortages.is_one(error):
            return None
        return Looked(key, item, examined, error=f"{item.name} cannot be read ({error.strerror})")
    if read_item(workspace.models / model, item.name).stamp != item.stamp:
        return None
    return Looked(key, item, examined, content)


def check(connection: sqlite3.Connection, row: sqlite3.Row, *, now: float) -> None:
    """Record that a version is to be loaded again, and ask for it."""
    models.set_version(connection, row["id"], status=Status.CHECKING, failures=row["failures"])
    jobs.add(connection, JobKind.EVALUATE, row["model"], row["number"], requested_by=jobs.ARRIVAL, now=now)


def lose(connection: sqlite3.Connection, row: sqlite3.Row, *, now: float) -> None:
    """Record that a version's folder is gone."""
    where = f"models/{row['model']}/{row['number']}"
    models.set_version(connection, row["id"], status=Status.MISSING, reason=f"{where} is gone", stamp="")
    _tell(connection, row, "gone", f"version {row['number']} is gone: {where} was removed", now=now)


def record(
    connection: sqlite3.Connection, row: sqlite3.Row, looked: Looked, *, now: float, patient: bool
) -> None:
    """Record what a look found; ``patient`` means that what is incomplete may still be on its way."""
    examined, stamp = looked.examined, looked.item.stamp
    kind = loadable_as(connection, examined, looked.content)
    if looked.error:
        retry_at = now + READ_RETRY_S
        models.set_version(
            connection, row["id"], status=Status.FAILED, reason=looked.error, stamp=stamp, retry_at=retry_at
        )
    elif kind is None and patient and not examined.complete:
        if row["reason"] != examined.reason:
            models.set_version(connection, row["id"], status=Status.SETTLING, reason=examined.reason)
    elif kind is None or looked.content is None:
        _no_model(connection, row, looked, now=now)
    elif looked.content.sha256 == row["sha256"] and row["status"] in KEPT and not refused(row):
        models.set_stamp(connection, row["id"], stamp)
        models.set_companions(connection, row["id"], examined.companions)
    else:
        _found(connection, row, looked, looked.content, kind, now=now)


def loadable_as(connection: sqlite3.Connection, examined: Examined, content: Content | None) -> Format | None:
    """Return what a content may be loaded as: by itself, or because its owner trusts it."""
    if examined.format is None and content is not None and trust.holds(connection, content.sha256):
        return examined.on_trust
    return examined.format


def refused(row: sqlite3.Row) -> bool:
    """Whether a version's content must not be tried, as against one that was tried and failed."""
    if row["status"] not in REFUSED or row["refusal"] is None:
        return False
    return row["format"] is None or msgspec.json.decode(row["refusal"], type=Refusal).liftable


def _no_model(connection: sqlite3.Connection, row: sqlite3.Row, looked: Looked, *, now: float) -> None:
    examined = looked.examined
    status, content = without_model(examined), looked.content
    refusal = None
    if examined.files:
        liftable = examined.on_trust is not None
        refusal = Refusal(at=now, evidence=examined.evidence, liftable=liftable)
    models.set_artefact(
        connection,
        row["id"],
        artefact=examined.artefact or None,
        kind=examined.on_trust,
        sha256=None if content is None else content.sha256,
        size=looked.item.bytes,
        companions=examined.companions,
    )
    models.set_version(
        connection, row["id"], status=status, reason=examined.reason, stamp=looked.item.stamp, refusal=refusal
    )
    if (row["status"], row["reason"]) != (status, examined.reason):
        _tell(
            connection, row, str(status), f"version {row['number']} {status.fate}: {examined.reason}", now=now
        )
    if content is None or content.sha256 != row["sha256"]:
        _changed(connection, row, now=now)


def without_model(examined: Examined) -> Status:
    """Return the status of what must not be tried."""
    if examined.refused:
        return Status.QUARANTINED
    return Status.UNSUPPORTED if examined.complete else Status.FAILED


def _found(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    looked: Looked,
    content: Content,
    kind: Format,
    *,
    now: float,
) -> None:
    examined = looked.examined
    models.set_artefact(
        connection,
        row["id"],
        artefact=examined.artefact,
        kind=kind,
        sha256=content.sha256,
        size=content.bytes,
        companions=examined.companions,
    )
    models.set_version(connection, row["id"], status=Status.CHECKING, stamp=looked.item.stamp)
    jobs.add(connection, JobKind.EVALUATE, row["model"], row["number"], requested_by=jobs.ARRIVAL, now=now)
    if content.sha256 == row["deployed_sha256"]:
        _restored(connection, row, now=now)
    elif content.sha256 != row["sha256"]:
        _changed(connection, row, now=now)
    first = not _was_known(row) and deployed_contents.read(connection, row["id"]) is None
    if first and models.is_deployed(connection, row["model_id"], row["id"]):
        # By a link that was there before anybody had looked into the folder.
        remember_content(connection, row["model_id"], row["number"])
    message = f"version {row['number']} {'is back' if row['status'] == Status.MISSING else 'found'} in models/{row['model']}"
    if row["status"] == Status.MISSING or not _was_known(row):
        events.add(connection, "found", message, at=now, model=row["model"], version=row["number"])


def _was_known(row: sqlite3.Row) -> bool:
    """Whether a version had content that may be tried, and with it figures that could be of other content."""
    return row["sha256"] is not None and not refused(row)


def _changed(connection: sqlite3.Connection, row: sqlite3.Row, *, now: float) -> None:
    """Tell that a version, which should never change, holds something else than what was recorded."""
    if not _was_known(row):
        return
    where = f"models/{row['model']}/{row['number']}"
    message = f"{where} changed on disk after it was recorded; its earlier figures are of other content."
    repair = "Put new content into a folder of its own."
    if row["deployed_sha256"] is not None:
        repair = f"Restore what was deployed: modeltender repair {word(row['model'])}@{row['number']}"
    _tell(connection, row, CHANGED_FAULT, message, now=now)
    faults.open_fault(
        connection, CHANGED_FAULT, message, at=now, model=row["model"], version=row["number"], repair=repair
    )


def _restored(connection: sqlite3.Connection, row: sqlite3.Row, *, now: float) -> None:
    """Tell that a version holds again what it held when it was deployed, if it held something else meanwhile."""
    if faults.close_fault(connection, CHANGED_FAULT, at=now, model=row["model"], version=row["number"]):
        message = f"version {row['number']} holds again what was deployed"
        events.add(connection, "restored", message, at=now, model=row["model"], version=row["number"])


def _tell(connection: sqlite3.Connection, row: sqlite3.Row, code: str, message: str, *, now: float) -> None:
    events.add(
        connection,
        code,
        message,
        at=now,
        severity=Severity.WARNING,
        model=row["model"],
        version=row["number"],
    )
