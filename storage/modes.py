"""Who may read what modeltender keeps: its owner alone, or members of one Unix group besides.

The folder ``.modeltender`` itself is the record of that, as its mode and its group: whoever makes a file in it asks here for
the file's mode. Owns the modes, and the words for a user who may look and not act, or not even look.
"""

import grp
import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from storage.errors import WorkspaceError
from storage.text import NAME, clean

PRIVATE_FOLDER: Final = 0o700
SHARED_FOLDER: Final = 0o2750
"""Setgid: what is made in it later is the group's too, whoever makes it, as SQLite its log."""

PRIVATE_FILE: Final = 0o600
SHARED_FILE: Final = 0o640

SIDE_FILES: Final = ("-wal", "-shm")
"""What SQLite keeps beside a database: its log, and the index of that, which processes share."""

VIEWER: Final = "read-only"
"""The code of the error about a user who may look at a workspace and not act on it."""


def shared_with(state: Path) -> int | None:
    """Return the number of the group whose members may look into a workspace's state, or ``None`` where its owner alone may."""
    found = state.stat()
    return found.st_gid if stat.S_IMODE(found.st_mode) == SHARED_FOLDER else None


def file_mode(folder: Path) -> int:
    """Return the mode of a file in a workspace's state that whoever may look reads."""
    return PRIVATE_FILE if shared_with(folder) is None else SHARED_FILE


def make_folder(folder: Path, mode: int) -> None:
    """Make a folder of that mode; it may exist."""
    folder.mkdir(mode=mode & 0o777, exist_ok=True)
    # Only where it differs: setgid is inherited, and a hardened service may not say it.
    if stat.S_IMODE(folder.stat().st_mode) == mode:
        return
    try:
        folder.chmod(mode)
    except PermissionError:
        # Viewers miss what is in it then, and nobody sees more than before.
        if mode != SHARED_FOLDER:
            raise


def leave_log(database: Path) -> None:
    """Leave an empty log beside a shared database that was closed: who may not make one cannot read without.

    Neither file is ever opened here: closing it would end every lock that this process has on it.
    """
    try:
        found = database.stat()
        if not found.st_mode & stat.S_IRGRP:
            return
        for ending in SIDE_FILES:
            file = database.with_name(database.name + ending)
            with suppress(FileExistsError):  # somebody else has the database open, or was quicker
                os.mknod(file, stat.S_IFREG | stat.S_IMODE(found.st_mode))
                file.chmod(stat.S_IMODE(found.st_mode))
                if os.geteuid() == 0:
                    # Root acts for the owner, who has to be able to write it.
                    os.chown(file, found.st_uid, found.st_gid)
    except OSError:
        # The folder is gone, full or read-only: a database must close all the same, and whoever opens it next makes both.
        return


def owner_for_viewer(database: Path) -> str | None:
    """Return whose workspace it is, where this user may look at it and not act on it, else ``None``."""
    try:
        found = database.stat()
    except FileNotFoundError:
        database = database.parent
        found = database.stat()
    if found.st_uid == os.geteuid() or (os.access(database, os.W_OK) and os.access(database.parent, os.W_OK)):
        return None
    return user_name(found.st_uid)


def no_acting(root: Path, owner: str) -> WorkspaceError:
    """Return the error that a user gets who may look and asks for more."""
    return WorkspaceError(
        f"{clean(str(root))} belongs to {owner}: you may look at it, and not act on it.",
        f"Ask {owner}; who may become {owner} acts by: sudo -u {owner} modeltender ...",
        code=VIEWER,
    )


def no_looking(folder: Path) -> WorkspaceError:
    """Return the error that a user gets who may not read a folder."""
    found, shown = folder.stat(), clean(str(folder))
    if found.st_uid == os.geteuid():
        return WorkspaceError(
            f"{shown} cannot be read by this user.", f"Give yourself the right: chmod u+rwx {shown}"
        )
    owner = user_name(found.st_uid)
    if stat.S_IMODE(found.st_mode) == SHARED_FOLDER:
        group = group_name(found.st_gid)
        return WorkspaceError(
            f"{shown} belongs to {owner}, and only members of the group {group} may look at it.",
            f"Ask for membership of {group}; it holds from your next login on.",
        )
    return WorkspaceError(
        f"{shown} belongs to {owner}, and you may not look at it.",
        f"Ask {owner}: a workspace is opened to a group of this machine by modeltender share GROUP",
    )


def user_name(number: int) -> str:
    """Return what a user is called."""
    try:
        return clean(pwd.getpwuid(number).pw_name, NAME)
    except KeyError:
        return f"user {number}"


def group_name(number: int) -> str:
    """Return what a group is called."""
    try:
        return clean(grp.getgrgid(number).gr_name, NAME)
    except KeyError:
        return f"group {number}"
