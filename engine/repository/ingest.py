"""Making a version out of what arrived in the inbox: copied, made to last, checked, then named.

Owns the steps from a finished file in ``train/`` to a version folder, in which a crash at any moment leaves
at most a folder that ends in ``.partial``. It must not record anything, and it never touches the source.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from engine.repository.examine import Examined
from engine.repository.integrity import (
    ChangedError,
    Content,
    copy,
    digest,
    fsync_folder,
    make_folder,
    rename_new,
)
from engine.repository.scanner import Item, read_item
from storage.workspace import Workspace, version_number

PARTIAL = ".partial"
OURS = re.compile(r"[1-9][0-9]*\.partial")
"""What a crashed ingest leaves; other folders with this ending are somebody else's."""

NAME_TRIES = 10
"""Somebody may make a version folder of the same number at the same moment; ten times is no accident."""


class Ingested(NamedTuple):
    """A new version folder."""

    number: int
    content: Content
    item: Item
    artefact: str
    """Path of the model below the version's folder."""
    companions: tuple[str, ...]
    """Paths of the other files that belong to it, below the same."""


class Duplicate(NamedTuple):
    """The content is that of a version already."""

    number: int
    content: Content


def ingest(
    workspace: Workspace,
    model: str,
    folder: Path,
    examined: Examined,
    *,
    known: Callable[[str], int | None],
    above: int,
    unchanged: Callable[[], bool] = lambda: True,
) -> Ingested | Duplicate:
    """Make the next version of ``model`` from the files that were examined below ``folder``.

    Args:
        workspace: where.
        model: whose version it becomes.
        folder: what the paths in ``examined`` start from.
        examined: what was found to be a model.
        known: tells which version has a content, if any.
        above: the highest number that was ever given to a version of the model.
        unchanged: whether the files are still as they were when they were examined; asked once they are copied.

    Raises:
        ChangedError: the source changed meanwhile: start over.
        OSError: something cannot be read or written; nothing is left behind.
    """
    root, files = examined.beside(folder)
    content = digest(root, files)
    number = known(content.sha256)
    if number is not None:
        return Duplicate(number, content)
    home = workspace.models / model
    make_folder(home)
    number = max(above, _highest(home)) + 1
    partial = home / f"{number}{PARTIAL}"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        make_folder(partial)
        # What was written is hashed on the way; whoever loads it reads and compares it once more.
        _check_same(content, copy(root, files, partial))
        _check_examined(unchanged)
        number = _name(partial, home, number)
    except BaseException:
        # Whatever went wrong, half a version must not stay; what cannot be removed now is swept at the next start.
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Ingested(number, content, read_item(home, str(number)), files[0], files[1:])


def sweep(workspace: Workspace) -> None:
    """Remove what ingests that were cut off left behind; call before the first one."""
    for left in workspace.models.glob(f"*/*{PARTIAL}"):
        if OURS.fullmatch(left.name) and left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)


def _check_same(*contents: Content) -> None:
    if len(set(contents)) > 1:
        raise ChangedError


def _check_examined(unchanged: Callable[[], bool]) -> None:
    if not unchanged():
        # Emptied to be written anew, for instance: what was copied is not what was examined.
        raise ChangedError


def _highest(home: Path) -> int:
    return max((version_number(path.name) or 0 for path in home.iterdir()), default=0)


def _name(partial: Path, home: Path, number: int) -> int:
    """Give the finished folder its number, or the next free one."""
    fsync_folder(partial)
    for attempt in range(number, number + NAME_TRIES):
        try:
            rename_new(partial, home / str(attempt))
        except FileExistsError:
            continue
        return attempt
    raise FileExistsError(f"models/{home.name}/{number} and those after it exist already")
