"""Opening a workspace to the members of a Unix group, who then look and do not act, and closing it again.

Sets the mode and the group of what a viewer reads below ``.modeltender``, and nothing else: the folders of models and data
are their owner's, and what keeps members from those is told. No process of ours may have the database open meanwhile: a
file that is closed here loses the locks that this process has on it.
"""

import grp
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from storage import modes
from storage.errors import WorkspaceError
from storage.record import Record
from storage.text import NAME, clean
from storage.workspace import Workspace

SEARCHED: Final = 0o1
READ: Final = 0o4
LISTED: Final = READ | SEARCHED


class Sharing(Record, frozen=True, kw_only=True):
    """Who may look at a workspace."""

    owner: str
    group: str | None
    """``None``: its owner alone."""
    members: tuple[str, ...]
    """Whom the group names; who has it as a first group is a member, too, and not told."""
    barred: tuple[str, ...]
    """Folders and files that members need to reach or to read, and may not, as far as modes tell."""


def group_number(name: str) -> int:
    """Return the number of a group of this machine.

    Raises:
        WorkspaceError: there is none of that name.
    """
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise WorkspaceError(
            f"There is no group '{clean(name, NAME)}' on this machine.", "Yours are listed by: id -Gn"
        ) from None


def read(workspace: Workspace) -> Sharing:
    """Return who may look at a workspace."""
    # What has no state yet has nothing that could be open.
    kept = workspace.state if workspace.state.exists() else workspace.root
    number = None if kept == workspace.root else modes.shared_with(kept)
    return Sharing(
        owner=modes.user_name(kept.stat().st_uid),
        group=None if number is None else modes.group_name(number),
        members=() if number is None else _members(number),
        barred=() if number is None else tuple(clean(str(path), 4096) for path in _barred(workspace, number)),
    )


def open_to(workspace: Workspace, group: str) -> None:
    """Let the members of a group look at a workspace.

    Raises:
        WorkspaceError: there is no such group, it is not this user's to give to, or the workspace is another user's.
    """
    number = group_number(group)
    owner = _owner(workspace)
    try:
        # What relied on the closed folder around it: copies of data and models stay the owner's.
        for path in workspace.state.iterdir():
            _set(path, owner, None, modes.PRIVATE_FOLDER if path.is_dir() else modes.PRIVATE_FILE)
        for file in _files(workspace):
            _set(file, owner, number, modes.SHARED_FILE)
        # The folder around all of it last: before that, nothing is open.
        for folder in (workspace.log.parent, workspace.state):
            _set(folder, owner, number, modes.SHARED_FOLDER)
    except PermissionError:
        raise WorkspaceError(
            f"You are no member of the group {clean(group, NAME)}, so you may give it nothing.",
            f"Have root do it: modeltender share {clean(group, NAME)} -w {clean(str(workspace.root))}",
        ) from None
    modes.leave_log(workspace.database)


def close(workspace: Workspace) -> None:
    """Let nobody look but the owner; who looks at this moment keeps what they have open.

    Raises:
        WorkspaceError: the workspace is another user's.
    """
    owner = _owner(workspace)
    for folder in (workspace.state, workspace.log.parent):
        _set(folder, owner, None, modes.PRIVATE_FOLDER)
    for file in _files(workspace):
        _set(file, owner, None, modes.PRIVATE_FILE)


def _owner(workspace: Workspace) -> int:
    """Return whose the state is, which only they and root may open or close."""
    owner = workspace.state.stat().st_uid
    if os.geteuid() not in {0, owner}:
        raise modes.no_acting(workspace.root, modes.user_name(owner))
    if workspace.state.lstat().st_uid != owner:
        # Root would be led to open what the owner of the link may not even read.
        raise WorkspaceError(
            f"{clean(str(workspace.state))} is a link to a folder of another user.",
            "Open the folder that it leads to as that user.",
        )
    return owner


def _files(workspace: Workspace) -> Iterator[Path]:
    """Yield the files that a viewer reads, as far as they are there."""
    name = workspace.database.name
    for ending in ("", *modes.SIDE_FILES):
        yield workspace.database.with_name(name + ending)
    yield workspace.lock
    if workspace.log.parent.is_dir():
        yield from sorted(workspace.log.parent.glob("engine.*"))


def _set(path: Path, owner: int, group: int | None, mode: int) -> None:
    """Give a file or folder of the owner's a group and a mode; what is not there yet gets them when it is made."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        found = os.fstat(descriptor)
        # Where a link leads out of what is the owner's, root must not follow.
        if found.st_uid != owner:
            return
        if group is not None and found.st_gid != group:
            os.fchown(descriptor, -1, group)
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def _members(number: int) -> tuple[str, ...]:
    try:
        return tuple(clean(name, NAME) for name in sorted(grp.getgrgid(number).gr_mem))
    except KeyError:
        # A group that was removed meanwhile has no members.
        return ()


def _barred(workspace: Workspace, number: int) -> Iterator[Path]:
    """Yield what members of a group cannot reach or read of what a viewer needs besides the state."""
    for folder in reversed(workspace.root.parents):
        if not _allows(folder, number, SEARCHED):
            yield folder
    for folder in (workspace.root, workspace.models):
        if not _allows(folder, number, LISTED):
            yield folder
    settings = (workspace.settings_file, *sorted(workspace.models.glob("*/model.toml")))
    for file in settings:
        if not _allows(file.parent, number, SEARCHED):
            yield file.parent
        elif not _allows(file, number, READ):
            yield file


def _allows(path: Path, number: int, wanted: int) -> bool:
    """Whether a member of a group may do something with a path, as its mode tells; what is not there keeps nobody out."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return True
    allowed = found.st_mode >> 3 if found.st_gid == number else found.st_mode
    return allowed & wanted == wanted
