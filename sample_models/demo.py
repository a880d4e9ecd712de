"""``make demo``: a workspace of real sample models, an engine, and the console; or the same story told as text.

With a terminal it opens the console, and a better version arrives in ``train/mnist/`` after a while. Without
one (a pipe, a container build) it runs the commands that a person would type, shows the arriving version,
its gate and its promotion, and ends with exit status 0.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import click

from sample_models.build import arrival, build
from storage import launch, snapshot
from storage.database import Reader
from storage.errors import Error
from storage.records import Version
from storage.vocabulary import Role
from storage.workspace import Workspace, create_workspace

MODEL = "mnist"

ARRIVES_AFTER_S = 20.0
"""Long enough to have looked around, short enough to still be looking."""

PATIENCE_S = 120.0
"""The longest that the arriving version may take to be evaluated on a slow machine."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def main(folder: Path) -> None:
    """Show modeltender at work on real sample models in FOLDER."""
    try:
        workspace = create_workspace(folder)
        build(workspace.root, on_progress=lambda line: click.echo(line, err=True))
        launch.start(workspace)
        sys.exit(_console(workspace) if sys.stdin.isatty() and sys.stderr.isatty() else _story(workspace))
    except Error as error:
        click.echo(f"modeltender: {error.message}\n{error.hint}".rstrip(), err=True)
        sys.exit(error.exit_code)


def _console(workspace: Workspace) -> int:
    from tui.commands.console import open_console

    timer = threading.Timer(ARRIVES_AFTER_S, deliver, (workspace,))
    timer.daemon = True
    timer.start()
    status = open_console(workspace)
    timer.cancel()
    program = Path(os.path.relpath(Path(sys.executable).with_name("modeltender")))
    click.echo(f"The engine keeps running; stop it with: {program} engine stop -w {_shown(workspace)}")
    return status


def deliver(workspace: Workspace) -> None:
    """Let the better version arrive in the inbox as a training job would leave it: complete, by a rename."""
    source = arrival(workspace.root)
    inbox = workspace.train / MODEL
    inbox.mkdir(exist_ok=True)
    partial = inbox / f".{source.name}.partial"
    shutil.copyfile(source, partial)
    partial.replace(inbox / source.name)


def _story(workspace: Workspace) -> int:
    root = str(_shown(workspace))
    _type("evaluate", "--all", "-w", root)
    _type("models", "-w", root)
    click.echo(f"\n# A training job saves a better version under {root}/train/{MODEL}/ ...")
    before = _newest(workspace)
    deliver(workspace)
    _await_candidate(workspace, above=before)
    _type("show", MODEL, "-w", root)
    _type("promote", MODEL, "-w", root)
    _type("models", "-w", root)
    _type("devices", "-w", root)
    _type("engine", "stop", "-w", root)
    return 0


def _type(*arguments: str) -> None:
    """Run a command as a person would type it, showing both."""
    click.echo(f"\n$ {_typed(*arguments)}")
    sys.stdout.flush()
    status = subprocess.run([sys.executable, "-P", "-m", "tui", *arguments], check=False).returncode
    if status:
        raise Error(f"'{_typed(*arguments)}' ended with exit status {status}.")


def _typed(*arguments: str) -> str:
    return " ".join(["modeltender", *arguments])


def _shown(workspace: Workspace) -> Path:
    return Path(os.path.relpath(workspace.root))


def _newest(workspace: Workspace) -> int:
    """Return the highest version of the story's model that there is, or 0 where the arriving one arrived in an earlier run."""
    versions = _versions(workspace)
    arrived = any(version.source for version in versions)
    return 0 if arrived or not versions else versions[0].number


def _versions(workspace: Workspace) -> Sequence[Version]:
    reader = Reader(workspace.database)
    try:
        detail = snapshot.read_detail(reader, MODEL)
    finally:
        reader.close()
    return detail.versions if detail else ()


def _await_candidate(workspace: Workspace, *, above: int) -> None:
    """Return when a version above a number is evaluated and judged, or was promoted by an earlier run."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        newest = next(iter(_versions(workspace)), None)
        if (
            newest
            and newest.number > above
            and newest.evaluation
            and (newest.gate or newest.role is Role.CURRENT)
        ):
            return
        time.sleep(0.1)
    raise Error(
        f"The version that arrived was not evaluated within {PATIENCE_S:.0f} s.",
        "See: modeltender engine logs",
    )


if __name__ == "__main__":
    main()
