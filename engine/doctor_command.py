"""The command ``doctor``: prints what `engine.doctor` finds, line by line as it is found, or as one document.

With ``--fix`` it offers what is missing, and has pip install what was agreed to.
"""

import os
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from engine.doctor import examine, extras
from engine.doctor.extras import Extra, InstallError
from engine.doctor.report import Check, Report
from storage.errors import WorkspaceError
from storage.vocabulary import Condition, ExitCode
from storage.workspace import Workspace, find_workspace

WIDTH = 80

NAME_CELLS = len("safetensors-torch")
"""The longest name of a check."""

INDENT = len("✓ problem  ") + NAME_CELLS + 1

GLYPHS = {Condition.OK: ("✓", "+"), Condition.WARNING: ("!", "!"), Condition.PROBLEM: ("✗", "x")}
"""For terminals that speak UTF-8, and for others."""

COLOURS = {Condition.OK: "green", Condition.WARNING: "yellow", Condition.PROBLEM: "red"}


@click.command(epilog="Example: modeltender doctor --json")
@click.option(
    "-w",
    "--workspace",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The workspace to look at as well; by default the current folder or the nearest parent that is one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--fix", is_flag=True, help="Offer to install what is missing, with this Python's pip.")
@click.option("--yes", is_flag=True, help="With --fix: install all of it without asking.")
@click.pass_context
def doctor(context: click.Context, *, folder: Path | None, as_json: bool, fix: bool, yes: bool) -> int:
    """Say what works here and what is missing.

    Each problem comes with its remedy; exits with 1 if something must be fixed.
    """
    if fix and as_json:
        raise click.UsageError("--fix talks to people: run it first, then doctor --json.")
    if yes and not fix:
        raise click.UsageError("--yes belongs to --fix: doctor --fix --yes.")
    if fix and not yes and not _somebody_answers():
        raise click.UsageError("--fix asks before it installs: add --yes if nobody can answer.")
    workspace = _workspace(folder or context.find_root().params.get("folder"))
    report = examine(workspace) if as_json else examine(workspace, lambda check: click.echo(render(check)))
    click.echo(msgspec.json.encode(report) if as_json else f"\n{conclude(report)}")
    if fix:
        return _fix(extras.missing(report.devices), yes=yes)
    return ExitCode.DONE if report.ok else ExitCode.NO


def _fix(missing: Sequence[Extra], *, yes: bool) -> int:
    """Offer each missing part, install what is agreed to, and say what to do next."""
    if not missing:
        click.echo("\nNothing that could be installed is missing.")
        return ExitCode.DONE
    installed: list[str] = []
    for extra in missing:
        what = f"{extra.name} ({', '.join(extra.requirements)}), for {extra.purpose}"
        if yes:
            click.echo(f"\nInstalling {what}")
        elif not click.confirm(f"\nInstall {what}?"):
            continue
        try:
            extras.install(extra)
        except InstallError:
            _tell_installed(installed)
            raise
        installed.append(extra.name)
    _tell_installed(installed)
    return ExitCode.DONE if len(installed) == len(missing) else ExitCode.NO


def _somebody_answers() -> bool:
    return sys.stdin.isatty()


def _tell_installed(names: Sequence[str]) -> None:
    if names:
        click.echo(f"\nInstalled: {', '.join(names)}. See what works now: modeltender doctor")
        click.echo("A running engine sees it once it is started again: modeltender engine stop")


def render(check: Check) -> str:
    """Return a check as lines of at most 80 columns; a command to copy stays on one line, however long."""
    utf8 = _speaks_utf8()
    mark = f"{GLYPHS[check.status][0 if utf8 else 1]} {check.status:<8}"
    if _coloured():
        mark = click.style(mark, fg=COLOURS[check.status])
    lines = textwrap.wrap(check.detail, WIDTH - INDENT, break_on_hyphens=False)
    if check.fix:
        lines.append(f"{'→' if utf8 else '->'} {check.fix}")
    return f"{mark} {check.name:<{NAME_CELLS}} " + f"\n{' ' * INDENT}".join(lines)


def conclude(report: Report) -> str:
    """Return the last line: how many things want mending."""
    counts = {status: sum(check.status is status for check in report.checks) for status in Condition}
    problems, warnings = counts[Condition.PROBLEM], counts[Condition.WARNING]
    parts = [_count(problems, "problem")] if problems else []
    parts += [_count(warnings, "warning")] if warnings else []
    if not parts:
        return "Everything that modeltender needs works here."
    last = "the lines with an arrow say what to do." if problems else "modeltender works."
    conclusion = f"{' and '.join(parts)}; {last}"
    if any(check.fix.startswith(extras.COMMAND) for check in report.checks):
        conclusion += "\nWhat is not installed can be had with: modeltender doctor --fix"
    return conclusion


def _workspace(folder: Path | None) -> Workspace | None:
    """Return the workspace; only one that was named must exist."""
    if folder is not None:
        return find_workspace(folder)
    try:
        return find_workspace(Path.cwd())
    except (WorkspaceError, FileNotFoundError):
        # No workspace here, or no folder any more: the machine is still worth a look.
        return None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _speaks_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def _coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
