"""Opening the console: where there is a terminal for it, with an engine behind it.

The console itself is imported last, after everything that can be refused without it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import click

from storage import heaps, launch
from storage.console_settings import ConsoleSettings
from storage.errors import Error, SettingsError
from storage.text import clean
from storage.vocabulary import ExitCode, Look
from storage.workspace import Workspace, engine_pid, owner_for_viewer
from tui.commands.options import workspace_at
from tui.loading import load_without_encryption
from tui.terminal import prepare, refusal

STDIN, STDERR = 0, 2

THEME, MOUSE = "MODELTENDER_THEME", "MODELTENDER_MOUSE"
"""The variables by which people choose for themselves, whatever the workspace says."""

ON, OFF = "on", "off"


class TerminalError(Error):
    """The console cannot be shown on this terminal."""

    code = "terminal"
    exit_code = ExitCode.USAGE


@click.command(hidden=True, epilog="Example: modeltender demo")
@click.argument("folder", metavar="DIR", required=False, type=click.Path(path_type=Path, readable=False))
@click.option("--read-only", is_flag=True, help="Open a console that changes nothing.")
@click.pass_context
def console(context: click.Context, *, folder: Path | None, read_only: bool) -> int:
    """Open the console of the workspace in DIR."""
    options = context.find_root().params
    workspace = workspace_at(folder or options.get("folder"))
    return open_console(workspace, read_only=read_only or bool(options.get("read_only")))


def open_console(workspace: Workspace, *, read_only: bool = False) -> int:
    """Show a workspace's console until the person leaves it, and return the exit status.

    Raises:
        TerminalError: there is no terminal, or not one that can show it.
        Error: the workspace cannot be used, or its engine does not start.
    """
    refused = refusal(os.environ, STDIN, STDERR)
    if refused is not None:
        raise TerminalError(refused, "The same in plain text: modeltender status")
    chosen = choices(workspace, os.environ)
    owner = owner_for_viewer(workspace)
    read_only = read_only or owner is not None
    see_to_engine(workspace, read_only=read_only)
    # Its threads do not work at the same time: one reads, the other one draws what was read.
    heaps.share(arenas=1)
    load_without_encryption()
    # Textual reads the environment once, when it is imported, which the next line does.
    prepare(os.environ)
    from tui.app import run

    return run(workspace, read_only=read_only, owner=owner, chosen=chosen)


def choices(workspace: Workspace, environ: Mapping[str, str]) -> ConsoleSettings:
    """Return what a person or else the workspace asks for.

    Raises:
        TerminalError: the person asks for something that there is not.
    """
    theme, mouse = environ.get(THEME, ""), environ.get(MOUSE, "")
    if theme and theme not in set(Look):
        raise TerminalError(
            f"There is no theme '{clean(theme, 60)}' ({THEME}).", f"Choose one of: {', '.join(Look)}."
        )
    if mouse not in {"", ON, OFF}:
        raise TerminalError(
            f"The mouse cannot be '{clean(mouse, 60)}' ({MOUSE}).", f"Choose one of: {ON}, {OFF}."
        )
    kept = _kept_choices(workspace)
    return ConsoleSettings(
        theme=Look(theme) if theme else kept.theme, mouse=mouse == ON if mouse else kept.mouse
    )


def _kept_choices(workspace: Workspace) -> ConsoleSettings:
    from storage.settings import read_workspace_settings

    try:
        return read_workspace_settings(workspace.settings_file).console
    except SettingsError:
        # The engine refuses such a file and says what is wrong with it; the console shows that, and needs no colours for it.
        return ConsoleSettings()


def see_to_engine(workspace: Workspace, *, read_only: bool) -> None:
    """Start an engine where none runs; only a workspace that never had one is waited for, the console shows the rest."""
    if not workspace.database.exists():
        launch.start(workspace)
    elif engine_pid(workspace) is None and not read_only:
        launch.spawn(workspace)
