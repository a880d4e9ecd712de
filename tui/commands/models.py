"""``modeltender models``: every model on a line, now or at an earlier moment."""

import time
from collections.abc import Sequence

import click

from storage import past
from storage.records import Arrival, Model, Version
from storage.tables import inbox
from storage.tables import models as model_table
from storage.vocabulary import ExitCode, Status
from storage.workspace import Workspace
from tui import allowance, health, moments
from tui.commands import figures
from tui.commands.documenting import model_document, standing_for
from tui.commands.options import moment, standard_options
from tui.commands.output import remark, room, show_document, show_text
from tui.commands.reading import engine_state, staleness, to_look
from tui.commands.tables import table

SPARE = ("TASK", "MEDIAN", "EVALUATED", "CANDIDATE", "STATUS")
"""What gives way on a narrow terminal, the first one first; the model's own page says it."""

HEALTHY = frozenset({Status.READY, Status.CHECKING, Status.SETTLING})


@click.command(epilog="Example: modeltender models --at 03:10")
@click.option(
    "--at",
    type=moment,
    metavar="TIME",
    help="How things stood then: an age (15m, 2d), a time of the day (03:10) or a date, in UTC.",
)
@click.option(
    "--watch", "again", is_flag=True, help="Keep printing until Ctrl-C, as plain text on any terminal."
)
@standard_options
def models(*, workspace: Workspace, as_json: bool, at: float | None, again: bool) -> int:
    """List the models with what is deployed and how good it is, now or at an earlier moment.

    The past is reconstructed from what is recorded: what was deployed, the latest figures at the time, and which faults
    were open. With --watch and --json, prints one document per line.
    """
    if at is not None and again:
        raise click.UsageError("The past does not change: leave out --watch or --at.")
    if at is not None:
        return _show_past(workspace, at, as_json=as_json)
    with to_look(workspace) as reader:
        if again:
            from tui.commands.watching import watch

            watch(workspace, reader, as_json=as_json)
        with reader.transaction() as connection:
            found = model_table.read(connection)
            arrivals = inbox.read(connection)
        if as_json:
            show_document([model_document(model) for model in found])
            return ExitCode.DONE
        show_text(models_text(found, arrivals, time.time()))
        remark(staleness(workspace, engine_state(reader)))
    return ExitCode.DONE


def _show_past(workspace: Workspace, at: float, *, as_json: bool) -> int:
    if at > time.time():
        raise click.UsageError(f"--at {moments.written(at)} is not over yet.")
    with to_look(workspace) as reader:
        found = past.read(reader, at)
    if as_json:
        show_document([model_document(model) for model in found.snapshot.models])
        return ExitCode.DONE
    if found.snapshot.models:
        show_text(models_text(list(found.snapshot.models), (), at))
    else:
        show_text("There were no models.")
    missing = f" Not recorded: {', '.join(found.missing)}." if found.missing else ""
    remark(f"This is how things stood at {moments.written(at)}.{missing}")
    return ExitCode.DONE


def models_text(found: list[Model], arrivals: Sequence[Arrival], now: float) -> str:
    """Return the table of models, and under it a line for each version that is not well or on its way.

    Of a model without a version what its files are instead is all that there is to say of it.
    """
    empty = {model.name for model in found if model.newest is None}
    coming = [
        arrival_line(arrival)
        for arrival in arrivals
        if arrival.status is Status.SETTLING or arrival.model in empty
    ]
    if not found:
        nothing = "No models yet. Save a trained model in a folder train/NAME/ and it appears here."
        return "\n".join([nothing, *coming])
    headings = ["MODEL", "TASK", "CURRENT", "CANDIDATE", "STATUS", "QUALITY", "MEDIAN", "EVALUATED"]
    rows = [_row(model, now) for model in found]
    return "\n".join(
        [
            table(headings, rows, right=("CURRENT", "CANDIDATE", "MEDIAN"), room=room(), spare=SPARE),
            *watched(found, now),
            *_ailing(found),
            *coming,
        ]
    )


def _row(model: Model, now: float) -> list[str]:
    version = standing_for(model)
    evaluation = version.evaluation if version else None
    return [
        model.name,
        str(model.task or figures.NOT_KNOWN),
        str(model.current.number) if model.current else "-",
        str(model.candidate.number) if model.candidate else "-",
        _status(model, version),
        figures.quality(evaluation),
        figures.median_latency(evaluation),
        figures.age(evaluation.at if evaluation else None, now),
    ]


def _status(model: Model, version: Version | None) -> str:
    """Return the state of what stands for a model, and of how many open faults somebody should read."""
    status = str(version.status) if version else "no versions"
    return f"{status}, {model.faults} fault{'' if model.faults == 1 else 's'}" if model.faults else status


def watched(found: Sequence[Model], now: float) -> list[str]:
    """Return a line for each model whose deployed version is on probation."""
    return [f"{model.name}: {told}" for model in found if (told := health.on_probation(model, now))]


def _ailing(found: list[Model]) -> list[str]:
    lines = [f"{model.name}: {model.problem}" for model in found if model.problem]
    for model in found:
        if model.newest is not None and model.newest.status not in HEALTHY:
            lines.append(
                f"{model.name}@{model.newest.number} {model.newest.status.fate}: {allowance.reason(model.newest)}"
            )
        elif model.newest is not None and model.newest.status is Status.SETTLING and model.newest.reason:
            lines.append(f"{model.name}@{model.newest.number} {model.newest.reason}")
    return lines


def arrival_line(arrival: Arrival) -> str:
    """Return what became of a file of the inbox, or how far it has come."""
    where = f"train/{arrival.model}/{arrival.name}"
    # What is on its way says so itself.
    fate = "" if arrival.status is Status.SETTLING else f"{arrival.status.fate}: "
    return f"{where} {fate}{arrival.reason}"
