"""The command ``doctor``: prints what `engine.doctor` finds, line by line as it is found, or as one document."""

import os
import sys
import textwrap
from pathlib import Path

import click
import msgspec

from engine.doctor import examine
from engine.doctor.report import Check, Report
from storage.errors import WorkspaceError
from storage.vocabulary import Condition, ExitCode
from storage.workspace import Workspace, find_workspace

WIDTH = 80

NAME = len("ai_edge_litert")
"""The longest name of a check."""

INDENT = len("✓ problem  ") + NAME + 1

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
@click.pass_context
def doctor(context: click.Context, *, folder: Path | None, as_json: bool) -> int:
    """Say what works here and what is missing.

    Each problem comes with what mends it; exits with 1 when something must be mended.
    """
    workspace = _workspace(folder or context.find_root().params.get("folder"))
    report = examine(workspace) if as_json else examine(workspace, lambda check: click.echo(render(check)))
    click.echo(msgspec.json.encode(report) if as_json else f"\n{conclude(report)}")
    return ExitCode.DONE if report.ok else ExitCode.NO


def render(check: Check) -> str:
    """Return a check as lines of at most 80 columns; a command to copy stays on one line, however long."""
    utf8 = _speaks_utf8()
    mark = f"{GLYPHS[check.status][0 if utf8 else 1]} {check.status:<8}"
    if _coloured():
        mark = click.style(mark, fg=COLOURS[check.status])
    lines = textwrap.wrap(check.detail, WIDTH - INDENT, break_on_hyphens=False)
    if check.fix:
        lines.append(f"{'→' if utf8 else '->'} {check.fix}")
    return f"{mark} {check.name:<{NAME}} " + f"\n{' ' * INDENT}".join(lines)


def conclude(report: Report) -> str:
    """Return the last line: how many things want mending."""
    counts = {status: sum(check.status is status for check in report.checks) for status in Condition}
    problems, warnings = counts[Condition.PROBLEM], counts[Condition.WARNING]
    parts = [_count(problems, "problem")] if problems else []
    parts += [_count(warnings, "warning")] if warnings else []
    if not parts:
        return "Everything that modeltender needs works here."
    last = "the lines with an arrow say what to do." if problems else "modeltender works."
    return f"{' and '.join(parts)}; {last}"


def _workspace(folder: Path | None) -> Workspace | None:
    """Return the workspace; only one that was named must exist."""
    if folder is not None:
        return find_workspace(folder)
    try:
        return find_workspace(Path.cwd())
    except (
        WorkspaceError,
        FileNotFoundError,
    ):  # no workspace here, or no folder any more: the machine is still worth a look
        return None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _speaks_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def _coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
