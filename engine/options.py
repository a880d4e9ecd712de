"""What every command of the engine takes, and how it answers: ``--workspace``, ``--json``, a document or a text.

Only parsing and printing; nothing here opens a database.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from storage.errors import WorkspaceError
from storage.workspace import Workspace, find_workspace

Command = TypeVar("Command", bound=Callable[..., int])


def standard_options(command: Command) -> Command:
    """Give a command ``--workspace`` and ``--json``, which every command of the engine has."""
    with_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)
    return click.option(
        "-w",
        "--workspace",
        metavar="DIR",
        type=click.Path(path_type=Path, readable=False),
        callback=_workspace,
        help="The workspace; by default this folder or the nearest parent that is one.",
    )(with_json)


def answer(document: object, text: str, *, as_json: bool) -> None:
    """Print a document for a script or a text for a person, on standard output."""
    click.echo(msgspec.json.encode(document) if as_json else text)


def _workspace(context: click.Context, _parameter: click.Parameter, folder: Path | None) -> Workspace | None:
    """Turn ``--workspace``, here or before the command's name, into a workspace."""
    if context.resilient_parsing:
        return None
    folder = folder or context.find_root().params.get("folder")
    try:
        return find_workspace(folder or Path.cwd())
    except FileNotFoundError:
        raise WorkspaceError(
            "The current folder does not exist any more.", "Go to another one, or name one: --workspace DIR"
        ) from None
