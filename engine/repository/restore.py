"""Bringing back the files of a version as they were when it was deployed, from the copy that was kept.

Owns the steps from a copy to a version's folder, in which a crash at any moment leaves the damaged folder or the
restored one, and what becomes of what is replaced: it is set aside, and never deleted. It must not decide
whether a version is to be restored, and it records nothing but what a crash left.
"""

import errno
import os
import re
import shutil
import stat
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from engine.repository.examine import Examined
from engine.repository.ingest import PARTIAL
from engine.repository.integrity import (
    OWN,
    READABLE,
    ChangedError,
    WriteError,
    copy,
    digest,
    exchange,
    fsync_folder,
    make_folder,
    rename_new,
)
from engine.repository.objects import Kept
from engine.repository.scanner import Item, read_item
from storage.database import Writer
from storage.promotion_records import DeployedContent
from storage.tables import events
from storage.vocabulary import Severity
from storage.workspace import Workspace

FINISHED = re.compile(r"\.([1-9][0-9]*)\.restored-([0-9]+)")
"""How a finished copy is called until it takes the damaged folder's place, with the number of its inode: what has
another inode under this name is the damaged folder, which the copy has changed places with."""

PARKED = ".{}.restored-0"
"""The same for a damaged folder on a file system that cannot exchange; no inode has the number 0."""

NAME_TRIES = 10_000
"""Things set aside within one second get numbers. A quick machine restores a small version more than a hundred times a second."""


Examine = Callable[[Path, Item], Examined]
"""Tells what an item of a folder is, behind walls."""


class Restored(NamedTuple):
    """What became of a version's folder."""

    item: Item
    """The folder as it is now."""
    set_aside: str = ""
    """Where what was replaced lies, below the workspace, or empty where nothing was there."""
    left_out: tuple[str, ...] = ()
    """Files that lay beside the model and are only in what was set aside."""
    trouble: str = ""
    """Why a power cut now could undo it, or empty."""


def is_intact(
    workspace: Workspace, model: str, number: int, content: DeployedContent, examine: Examine
) -> bool:
    """Whether a version's folder holds what it held when it was deployed, and nothing that keeps it from being it."""
    home = workspace.models / model
    try:
        examined = examine(home, read_item(home, str(number)))
        found = digest(*examined.beside(home / str(number)))
    except (OSError, ChangedError):
        # Gone, unreadable or being written: in each case not what was deployed.
        return False
    return (examined.artefact, found.sha256) == (content.artefact, content.sha256)


def restore(
    workspace: Workspace,
    model: str,
    number: int,
    content: DeployedContent,
    kept: Kept,
    *,
    examine: Examine,
    now: float,
) -> Restored:
    """Put what was deployed back into a version's folder.

    Raises:
        ChangedError: what was put back is not what was kept: somebody writes there.
        OSError: something cannot be read or written; the folder is as it was.
    """
    home, folder = workspace.models / model, workspace.version_folder(model, number)
    partial = home / f"{number}{PARTIAL}"
    make_folder(home)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        left_out = _build(folder, partial, content, kept, examine)
        finished = home / f".{number}.restored-{partial.lstat().st_ino}"
        partial.rename(finished)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    try:
        replaced, trouble = _put(finished, folder)
    except OSError:
        if _is_the_copy(finished):
            shutil.rmtree(finished, ignore_errors=True)
        raise
    set_aside = "" if replaced is None else _shown(workspace, _set_aside(workspace, replaced, now=now))
    try:
        found = digest((folder / content.artefact).parent, kept.files)
    except OSError:
        raise ChangedError from None
    if found.sha256 != content.sha256:
        raise ChangedError
    return Restored(read_item(home, str(number)), set_aside, left_out, trouble)


def recover(workspace: Workspace, writer: Writer, now: float) -> None:
    """Set aside or remove what a restoration that was cut off left; call before any job runs."""
    for left in workspace.models.glob("*/.*.restored-*"):
        found = FINISHED.fullmatch(left.name)
        if found is None:
            continue
        model, number = left.parent.name, int(found[1])
        if _is_the_copy(left):
            # It never came to its place.
            shutil.rmtree(left, ignore_errors=True)
            continue
        if not os.path.lexists(left.parent / found[1]):
            left.rename(left.parent / found[1])
            continue
        where = _shown(workspace, _set_aside(workspace, left, now=now))
        message = f"version {number} was restored when the engine ended; what it replaced is in {where}"
        with writer.transaction() as connection:
            events.add(
                connection,
                "set-aside",
                message,
                at=now,
                severity=Severity.WARNING,
                model=model,
                version=number,
            )


def _build(
    folder: Path, partial: Path, content: DeployedContent, kept: Kept, examine: Examine
) -> tuple[str, ...]:
    """Make a whole folder of the copy and of what else lay in the damaged one; return what cannot come along."""
    above = content.artefact.rpartition("/")[0]
    restored = [f"{above}/{name}" if above else name for name in kept.files]
    make_folder(partial / above)
    copied = copy(kept.folder, kept.files, partial / above, mode=_rights(folder, content))
    if copied.sha256 != content.sha256:
        raise ChangedError
    others = [name for name in read_item(folder.parent, folder.name).files if name not in restored]
    brought = [name for name in others if not _in_the_way(name, restored) and _bring(folder, name, partial)]
    if brought and not _is_the_same(partial, content, restored, examine):
        # One of them makes it another model, or none: that may be the very damage.
        for name in brought:
            (partial / name).unlink()
        brought = []
    for path in sorted((path for path in partial.rglob("*") if path.is_dir()), reverse=True):
        fsync_folder(path)
    fsync_folder(partial)
    return tuple(name for name in others if name not in brought)


def _rights(folder: Path, content: DeployedContent) -> int:
    """Return the rights of the damaged file, or those of the model's folder where it is gone: others may serve it."""
    try:
        status = (folder / content.artefact).lstat()
    except OSError:
        # Gone, or in a folder that cannot be entered; the model's folder itself is there.
        status = folder.parent.lstat()
    return stat.S_IMODE(status.st_mode) & READABLE | OWN


def _bring(folder: Path, name: str, partial: Path) -> bool:
    """Copy a file that lay beside the model; return whether it could be read."""
    try:
        copy(folder, [name], partial)
    except WriteError:
        raise
    except (OSError, ChangedError):
        # It is damaged too; it stays in what is set aside.
        (partial / name).unlink(missing_ok=True)
        return False
    return True


def _in_the_way(name: str, restored: Sequence[str]) -> bool:
    """Whether a file and one of the model's own cannot both be: one's path is a folder of the other's."""
    return any(f"{own}/".startswith(f"{name}/") or name.startswith(f"{own}/") for own in restored)


def _is_the_same(partial: Path, content: DeployedContent, restored: Sequence[str], examine: Examine) -> bool:
    examined = examine(partial.parent, read_item(partial.parent, partial.name))
    return examined.artefact == content.artefact and set(examined.files) == set(restored)


def _put(finished: Path, folder: Path) -> tuple[Path | None, str]:
    """Give the finished folder its place in one step; return where what had it is now, and why that may not last."""
    inode = finished.lstat().st_ino
    parked = finished.with_name(PARKED.format(folder.name))
    replaced = finished if os.path.lexists(folder) else None
    try:
        if replaced is None:
            rename_new(finished, folder)
        elif not exchange(finished, folder):
            # A file system that cannot do it in one step: for a moment there is neither, and a start settles that.
            replaced = folder.rename(parked)
            rename_new(finished, folder)
    except OSError as error:
        if os.path.lexists(folder) and folder.lstat().st_ino == inode:
            return replaced, error.strerror or str(error)
        if replaced == parked:
            parked.rename(folder)
        raise
    return replaced, ""


def _is_the_copy(finished: Path) -> bool:
    """Whether a copy is still under its own name, as against the damaged folder that it changed places with."""
    found = FINISHED.fullmatch(finished.name)
    return found is not None and os.path.lexists(finished) and finished.lstat().st_ino == int(found[2])


def _set_aside(workspace: Workspace, replaced: Path, *, now: float) -> Path:
    """Move a damaged folder to where people find it, and return the place."""
    found = FINISHED.fullmatch(replaced.name)
    number = found[1] if found else replaced.name
    at = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    elsewhere = workspace.damaged / f"{replaced.parent.name}@{number}-{at}"
    # On another file system it stays beside the versions, where the listing tells of it.
    beside = replaced.parent / f"{number}.damaged-{at}"
    try:
        workspace.damaged.mkdir(mode=0o700, exist_ok=True)
        if replaced.is_dir() and not replaced.is_symlink():
            # A folder that its owner may not write cannot be moved to another one.
            mode = stat.S_IMODE(replaced.stat().st_mode)
            if mode & stat.S_IRWXU != stat.S_IRWXU:
                replaced.chmod(mode | stat.S_IRWXU)
        return _move(replaced, elsewhere)
    except OSError as error:
        try:
            return _move(replaced, beside) if error.errno == errno.EXDEV else replaced
        except OSError:
            # The version is restored all the same; the next start tries again to move what was replaced.
            return replaced


def _move(damaged: Path, wanted: Path) -> Path:
    for attempt in range(1, NAME_TRIES):
        target = wanted if attempt == 1 else wanted.with_name(f"{wanted.name}-{attempt}")
        if not os.path.lexists(target):
            return damaged.rename(target)
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(wanted))


def _shown(workspace: Workspace, path: Path) -> str:
    return str(path.relative_to(workspace.root))
