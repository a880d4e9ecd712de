"""What is deployed: the symbolic link ``current`` of a model's folder, replaced in one step.

Owns reading the link, replacing it so that a crash at any moment leaves the old or the new one, and settling
at start what a crash interrupted. Whether a switch should happen is not decided here.
"""

import os
import secrets
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from engine.repository.probation import Switched, follow
from engine.repository.scanner import CURRENT, Link
from engine.repository.telling import tell_again
from storage.database import Writer
from storage.errors import RefusedError
from storage.tables import deployed as deployed_contents
from storage.tables import events, models, promotions
from storage.text import NAME, clean
from storage.vocabulary import JobKind, PromotionOutcome, Severity
from storage.workspace import Workspace, version_number

CHANGED_FAULT = "artefact-changed"
"""A version's files changed after it was recorded; ends when they hold again what was deployed, or when a version is
deployed with its content verified."""

TEMPORARY = ".current.tmp-"
"""How the link is called before it gets its name; what a crash leaves of it is swept by this."""


class Target(NamedTuple):
    """What a link says: a version's number, or why it says none."""

    number: int | None
    problem: str = ""


def read_link(workspace: Workspace, model: str) -> Link:
    """Return the ``current`` entry of a model's folder as it is now."""
    path = workspace.current_link(model)
    try:
        return Link(str(path.readlink()))
    except FileNotFoundError:
        return Link(None)
    except OSError:
        # It is no link, or its folder cannot be searched; either way it is not ours to replace.
        return Link(None, is_other=True)


def interpret(workspace: Workspace, model: str, link: Link) -> Target:
    """Return which version a link means: its number beside it, or the same written as an absolute path."""
    where = f"models/{model}/{CURRENT}"
    if link.is_other:
        return Target(None, f"{where} is not a symbolic link, so nothing can be promoted; move it away.")
    if link.target is None:
        return Target(None)
    path = Path(link.target)
    number = version_number(path.name)
    if number is None or path.parent not in {Path(), workspace.models / model}:
        return Target(
            None, f"{where} points to {clean(link.target, NAME)}, which is not a version of {model}."
        )
    return Target(number)


def read_current(workspace: Workspace, model: str) -> int | None:
    """Return the number of the version that is deployed, or ``None``."""
    return interpret(workspace, model, read_link(workspace, model)).number


def preflight(workspace: Workspace, model: str, number: int) -> None:
    """Raise a `RefusedError` where a switch to version ``number`` cannot work, before anything is touched."""
    folder, version = workspace.models / model, workspace.version_folder(model, number)
    where = f"models/{model}"
    try:
        inside, outside = version.lstat(), folder.stat()
        is_folder = version.is_dir() and not version.is_symlink()
    except OSError as error:
        raise RefusedError(f"{where}/{number} cannot be reached: {error.strerror}.") from None
    if not is_folder:
        raise RefusedError(f"{where}/{number} is not a folder.")
    if inside.st_dev != outside.st_dev:
        raise RefusedError(
            f"{where}/{number} lies on another file system than {where}.",
            "Copy the version there; a link across file systems can lose its target.",
        )
    if read_link(workspace, model).is_other:
        raise RefusedError(f"{where}/{CURRENT} is not a symbolic link.", "Move it away.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise RefusedError(
            f"{where} cannot be written by this user.",
            f"Give the engine's user the right: chmod u+rwx {where}",
        )


def switch(workspace: Workspace, model: str, number: int) -> None:
    """Make version ``number`` the deployed one, in one step that lasts through a power cut.

    Raises:
        OSError: a step failed. Whether the link was replaced before that, only the link tells.
    """
    descriptor = os.open(workspace.models / model, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        temporary = f"{TEMPORARY}{secrets.token_hex(8)}"
        os.symlink(str(number), temporary, dir_fd=descriptor)
        try:
            os.fsync(descriptor)
            os.replace(temporary, CURRENT, src_dir_fd=descriptor, dst_dir_fd=descriptor)
        except OSError:
            # What stays behind, should this fail too, is swept at the next start.
            with suppress(OSError):
                os.unlink(temporary, dir_fd=descriptor)
            raise
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(workspace: Workspace, model: str) -> None:
    """Make nothing the deployed version, in one step that lasts through a power cut.

    Raises:
        OSError: a step failed. Whether the link was removed before that, only the link tells.
    """
    descriptor = os.open(workspace.models / model, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.unlink(CURRENT, dir_fd=descriptor)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def deployed(
    connection: sqlite3.Connection, model_id: int, *, kind: JobKind, from_number: int | None, to_number: int
) -> None:
    """Record that a version was deployed, and which one a rollback would now bring back.

    Promotions pile up; a rollback takes the topmost off, so what lies under the version that it uncovers is
    what was deployed before that one was promoted.
    """
    under = from_number if kind is JobKind.PROMOTE else promotions.brought_by(connection, model_id, to_number)
    models.set_current(
        connection,
        model_id,
        current_id=models.version_id(connection, model_id, to_number),
        previous_id=None if under == to_number else models.version_id(connection, model_id, under),
    )


def remember_content(connection: sqlite3.Connection, model_id: int, number: int) -> None:
    """Record that what a version holds according to its record is what was deployed."""
    version = models.version(connection, models.version_id(connection, model_id, number))
    content = None if version is None else deployed_contents.content_of(version)
    if version is not None and content is not None:
        deployed_contents.remember(connection, version.id, content)


def settle_intent(
    connection: sqlite3.Connection, workspace: Workspace, intent: sqlite3.Row, *, now: float
) -> None:
    """Record how an interrupted switch ended: the link tells."""
    model, number, kind = intent["model"], intent["to_number"], JobKind(intent["kind"])
    word = "promotion" if kind is JobKind.PROMOTE else "rollback"
    if read_current(workspace, model) == number:
        promotions.settle(connection, intent["id"], PromotionOutcome.DONE)
        deployed(
            connection, intent["model_id"], kind=kind, from_number=intent["from_number"], to_number=number
        )
        remember_content(connection, intent["model_id"], number)
        switched = Switched(
            model,
            intent["model_id"],
            kind,
            number,
            intent["requested_by"],
            intent["reason"],
            intent["sha256"],
            intent["probation_s"],
        )
        follow(connection, switched, now=now)
        code, message = (
            f"{kind}-recovered",
            f"the {word} to version {number} was interrupted after it had taken effect",
        )
    else:
        promotions.settle(connection, intent["id"], PromotionOutcome.ABANDONED)
        code, message = (
            f"{kind}-abandoned",
            f"the {word} to version {number} was interrupted; nothing changed",
        )
    events.add(connection, code, message, at=now, severity=Severity.WARNING, model=model, version=number)
    tell_again(connection, model=model, now=now)


def recover(workspace: Workspace, writer: Writer, now: float) -> None:
    """Settle what the last engine's end interrupted, and sweep what it left; call before any job runs."""
    with writer.transaction() as connection:
        for intent in promotions.unsettled(connection):
            settle_intent(connection, workspace, intent, now=now)
        tell_again(connection, now=now)
    for left in workspace.models.glob(f"*/{TEMPORARY}*"):
        if left.is_symlink():
            left.unlink(missing_ok=True)
