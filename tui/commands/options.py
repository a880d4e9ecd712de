"""What every viewer command takes: ``--workspace`` and ``--json``, and the forms in which people write a time.

Only parsing; nothing here opens a database.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from storage.durations import seconds
from storage.errors import WorkspaceError
from storage.workspace import Workspace, find_workspace
from tui import moments

Command = TypeVar("Command", bound=Callable[..., Any])

FOLDER = "modeltender.folder"
"""Where a context keeps which folder ``--workspace`` named, while nothing is carried out."""


def standard_options(command: Command) -> Command:
    """Give a command ``--workspace``, which it receives as a `Workspace`, and ``--json``."""
    with_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)
    return click.option(
        "-w",
        "--workspace",
        metavar="DIR",
        type=click.Path(path_type=Path, readable=False),
        callback=_workspace,
        help="The workspace; by default this folder or the nearest parent that is one.",
    )(with_json)


def workspace_at(folder: Path | None) -> Workspace:
    """Return the workspace at a folder, by default the current one, or at its nearest parent that is one.

    Raises:
        WorkspaceError: there is none.
    """
    try:
        return find_workspace(folder or Path.cwd())
    except FileNotFoundError:
        raise WorkspaceError(
            "The current folder does not exist any more.", "Go to another one, or name one: --workspace DIR"
        ) from None


def requester() -> str:
    """Return who asks, as it is recorded with a job: the user's name, or the number of a user without one."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def moment(text: str) -> float:
    """Return the moment that an age such as ``90s``, ``15m`` or ``7d``, a time of the day or a date stands for."""
    try:
        return moments.moment(text, time.time())
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None


def length_of_time(text: str) -> float:
    """Return the seconds of a length of time such as ``90s`` or ``1h``, which is not nothing."""
    try:
        found = seconds(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None
    if not found:
        raise click.BadParameter("a step must be longer than nothing.")
    return found


def _workspace(context: click.Context, _parameter: click.Parameter, folder: Path | None) -> Workspace | None:
    """Turn ``--workspace``, here or before the command's name, into a workspace."""
    if context.resilient_parsing:
        # A shell asks what may come next: that is for the workspace on the line.
        context.meta[FOLDER] = folder
        return None
    return workspace_at(folder or context.find_root().params.get("folder"))
