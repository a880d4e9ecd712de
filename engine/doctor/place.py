"""The workspace: its folders, settings, database and engine."""

import os
import tempfile
from pathlib import Path

import psutil

from engine.doctor.report import Check, fine, problem, warning
from storage import launch, upkeep
from storage.database import Reader
from storage.database_errors import SALVAGE
from storage.errors import DatabaseError, EngineError, Error, SettingsError
from storage.settings import read_workspace_settings
from storage.text import clean
from storage.workspace import Workspace, check_writable, engine_pid, owner_for_viewer

SHARED_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "glusterfs", "lustre"}
)
"""File systems of other machines: SQLite's log needs shared memory, and no event tells of a new file there."""


SHOWN = 3
"""Kinds of damage that are named; `db verify` lists more."""


def folder(workspace: Workspace | None) -> Path:
    """Return where the room on the disk matters."""
    try:
        return workspace.root if workspace else Path.cwd()
    except FileNotFoundError:  # the current folder was removed
        return Path(tempfile.gettempdir())


def writable_folder(workspace: Workspace | None) -> Path:
    """Return where a trial may write: beside the database, or else where temporary files go."""
    if workspace and os.access(workspace.state, os.W_OK | os.X_OK):
        return workspace.state
    return Path(tempfile.gettempdir())


def requires_sandbox(workspace: Workspace | None) -> bool:
    """Return whether the workspace's settings refuse every model without a full sandbox."""
    try:
        return (
            workspace is not None and read_workspace_settings(workspace.settings_file).trust.require_sandbox
        )
    except SettingsError:  # reported by its own check
        return False


def examine(workspace: Workspace | None) -> list[Check]:
    """Return what was found in the workspace."""
    if workspace is None:
        return [warning("workspace", "none here", "modeltender init DIR --sample")]
    return [_folders(workspace), _settings(workspace), _database(workspace), _engine(workspace)]


def _folders(workspace: Workspace) -> Check:
    where = clean(str(workspace.root))
    owner = owner_for_viewer(workspace)
    if owner is not None:
        return fine("workspace", f"{where} belongs to {owner}; you may look at it, and not act on it")
    try:
        check_writable(workspace)
    except Error as error:
        return problem("workspace", error.message, error.hint)
    system = file_system(workspace.root)
    if system in SHARED_SYSTEMS:
        return warning(
            "workspace",
            f"{where} is on a network file system ({system})",
            "Keep the workspace on a local disk.",
        )
    return fine("workspace", f"{where}, writable")


def _settings(workspace: Workspace) -> Check:
    try:
        read_workspace_settings(workspace.settings_file)
    except Error as error:
        return problem("settings", error.message, error.hint)
    name = workspace.settings_file.name
    return fine(
        "settings", f"{name} is in order" if workspace.settings_file.exists() else f"no {name}, all defaults"
    )


def _database(workspace: Workspace) -> Check:
    try:
        reader = Reader(workspace.database)
        try:
            with reader.transaction() as connection:
                models = connection.execute("SELECT count(*) FROM models").fetchone()[0]
        finally:
            reader.close()
    except DatabaseError as error:
        if error.code == "no-database":
            return fine("database", "not made yet; the engine makes it when it first starts")
        return problem("database", error.message, error.hint)
    size = workspace.database.stat().st_size
    verified = size <= upkeep.QUICKLY_READ
    found = upkeep.problems(workspace.database) if verified else []
    if found:
        return problem("database", f"damaged: {'; '.join(found[:SHOWN])}", SALVAGE)
    how = "whole" if verified else "readable (modeltender db verify reads all of it)"
    return fine("database", f"{how}, {models} model{'' if models == 1 else 's'}, {size / (1 << 20):.1f} MiB")


def _engine(workspace: Workspace) -> Check:
    try:
        pid = engine_pid(workspace)
    except EngineError as error:
        return problem("engine", error.message, error.hint)
    if pid is None:
        return fine("engine", "not running; the console starts it, and so does: modeltender engine start")
    if not launch.works(workspace):
        return warning(
            "engine",
            f"process {pid} holds the workspace but has not been heard of for {launch.SILENT_S:.0f} s",
            "modeltender engine stop; modeltender engine start",
        )
    return fine("engine", f"running, process {pid}")


def file_system(path: Path) -> str:
    """Return the kind of the file system that holds ``path``, or an empty string where it cannot be told."""
    found = Path("/"), ""
    for mount in psutil.disk_partitions(all=True):
        point = Path(mount.mountpoint)
        # Of two mounts over each other the later one holds; of two above, the nearer one.
        if path.is_relative_to(point) and len(point.parts) >= len(found[0].parts):
            found = point, mount.fstype
    return found[1]
