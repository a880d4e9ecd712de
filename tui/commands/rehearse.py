"""``modeltender rehearse``: what an upgrade would break, found out before anybody upgrades.

The trying is the engine's.
"""

import os
import shutil
import textwrap
from pathlib import Path

import click
import msgspec

from storage import jobs
from storage.errors import JobError
from storage.records import JobParameters
from storage.rehearsed import Rehearsed, RehearsedFigure, RehearsedModel, RehearsedSide
from storage.text import clean
from storage.vocabulary import ExitCode, JobKind, Rehearsal
from storage.workspace import Workspace
from tui.commands.completing import complete_model
from tui.commands.figures import milliseconds, number
from tui.commands.options import requester, standard_options
from tui.commands.output import show_document, show_text
from tui.commands.overview_documents import job_document
from tui.commands.reading import to_ask
from tui.commands.tables import table
from tui.commands.targets import find_model
from tui.commands.waiting import await_job, failure

GLYPHS = {
    Rehearsal.SAME: "✓",
    Rehearsal.MOVES: "~",
    Rehearsal.LOADS: "✓",
    Rehearsal.BREAKS: "✗",
    Rehearsal.MENDS: "+",
    Rehearsal.BROKEN: "✗",
}

LEAST_WIDTH = 60


@click.command(epilog="Example: modeltender rehearse --python ~/next/bin/python")
@click.option(
    "--python",
    "interpreter",
    metavar="PATH",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="The other environment: its folder, or its interpreter.",
)
@click.option(
    "--model",
    metavar="NAME",
    shell_complete=complete_model,
    help="Only this model; by default every deployed one.",
)
@click.option("--no-wait", is_flag=True, help="Return the job at once, and let the engine work.")
@standard_options
def rehearse(
    *, workspace: Workspace, as_json: bool, interpreter: Path, model: str | None, no_wait: bool
) -> int:
    """Try deployed versions under another Python, with other framework versions, before you upgrade.

    Each deployed version is loaded and evaluated in both environments, on the CPU, in the same sandbox and on the same
    examples. You learn what does not load there, which figures move, and whether answers differ beyond rounding.
    Nothing is recorded, and nothing is changed. The other environment does not need modeltender, only msgspec, numpy
    and psutil.

    Exits with 1 if something would break.
    """
    parameters = JobParameters(interpreter=str(interpreter_of(interpreter)))
    with to_ask(workspace) as reader:
        name = ""
        if model is not None:
            with reader.transaction() as connection:
                name = find_model(connection, model).name
        job = jobs.submit(workspace, JobKind.REHEARSE, name, requested_by=requester(), parameters=parameters)
        if no_wait:
            if as_json:
                show_document(job_document(job))
            else:
                show_text(f"job {job.id} will rehearse the upgrade: {job.state}")
            return ExitCode.DONE
        job = await_job(workspace, reader, job)
    if (error := failure(job)) is not None or not job.result:
        raise error or JobError(f"Job {job.id} ended without a result.", "Try again.")
    answer = msgspec.json.decode(job.result, type=Rehearsed)
    if as_json:
        show_document(answer)
    else:
        show_text(rehearsed_text(answer, shutil.get_terminal_size().columns))
    return ExitCode.NO if answer.breaks else ExitCode.DONE


def interpreter_of(interpreter: Path) -> Path:
    """Return an interpreter by its absolute path; links are not followed, since an environment's own is one."""
    found = Path(os.path.abspath(interpreter.expanduser()))  # noqa: PTH100 - resolve() would follow the link out of the environment
    return found / "bin" / "python" if found.is_dir() else found


def rehearsed_text(answer: Rehearsed, width: int) -> str:
    """Return what a rehearsal came to: a row for each model, below it what matters, and what to do at the end."""
    width = max(width, LEAST_WIDTH)
    rows = [
        [
            GLYPHS[one.verdict],
            f"{one.model}@{one.version}",
            one.verdict.value,
            _runtime(one.here),
            _runtime(one.there),
            milliseconds(None if one.there.load_s is None else one.there.load_s * 1000),
        ]
        for one in answer.models
    ]
    lines = [
        f"here: Python {answer.python_here}; there: Python {answer.python_there}, {answer.interpreter}",
        "",
        table(["", "MODEL", "THERE IT", "HERE", "THERE", "LOADS IN"], rows, right=("LOADS IN",)),
    ]
    for one in answer.models:
        lines += _told(one, width)
    return "\n".join([*lines, "", *_wrapped(_advice(answer), width, "")])


def _runtime(side: RehearsedSide) -> str:
    """Return what executes a version: the first that its runtime names."""
    return next((f"{name} {version}" for name, version in side.versions.items()), "-")


def _told(one: RehearsedModel, width: int) -> list[str]:
    moved = [figure for figure in one.figures if figure.moved]
    if not one.reasons and not moved:
        return []
    lines = ["", f"{one.model}@{one.version} {one.verdict}"]
    for reason in one.reasons:
        lines += _wrapped(reason, width, "  ")
    if moved:
        rows = [
            [figure.name, number(figure.here), number(figure.there), _signed(figure), f"{figure.n}"]
            for figure in moved
        ]
        told = table(["FIGURE", "HERE", "THERE", "BETTER BY", "N"], rows, right=("HERE", "THERE", "N"))
        lines += textwrap.indent(told, "  ").splitlines()
    return lines


def _signed(figure: RehearsedFigure) -> str:
    interval = ""
    if figure.low is not None and figure.high is not None:
        interval = f" [{figure.low:+.4f}, {figure.high:+.4f}]"
    return f"{figure.advantage:+.4f}{interval}"


def _advice(answer: Rehearsed) -> str:
    broken = [f"{one.model}@{one.version}" for one in answer.models if one.verdict is Rehearsal.BREAKS]
    if broken:
        shown = ", ".join(clean(name) for name in broken)
        return f"{len(broken)} of {_deployed(answer)} would break: {shown}. Do not upgrade yet."
    mended = [f"{one.model}@{one.version}" for one in answer.models if one.verdict is Rehearsal.MENDS]
    if mended:
        shown = ", ".join(clean(name) for name in mended)
        return (
            f"Nothing would break, and {len(mended)} of {_deployed(answer)} would work again: {shown}. Without an upgrade "
            "that environment can rewrite it: modeltender repair MODEL --fault ID --by convert --python "
            f"{answer.interpreter}"
        )
    moved = sum(one.verdict is Rehearsal.MOVES for one in answer.models)
    if moved:
        return f"Nothing would break. Figures of {moved} of {_deployed(answer)} move as told."
    return f"Nothing would break, and no figure moves ({_deployed(answer)})."


def _deployed(answer: Rehearsed) -> str:
    return f"{len(answer.models)} deployed version{'' if len(answer.models) == 1 else 's'}"


def _wrapped(words: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        words, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
