"""``modeltender history``: how a model's figures went over time, for eyes, scripts and spreadsheets."""

import csv
import io
import sqlite3
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from enum import Enum, auto
from math import inf
from pathlib import Path

import click
import msgspec

from storage.durations import written
from storage.errors import UnknownError
from storage.records import HistoryPoint
from storage.tables import evaluations, latencies, thinning
from storage.text import NAME, clean
from storage.vocabulary import ExitCode
from storage.workspace import Workspace
from tui.commands import device_history, parquet, tensorboard
from tui.commands.completing import complete_model
from tui.commands.device_document import DeviceHistoryDocument
from tui.commands.documenting import history_document
from tui.commands.documents import HistoryDocument
from tui.commands.figures import clock, number, size
from tui.commands.options import length_of_time, moment, standard_options
from tui.commands.output import columns, remark, show_document, show_text
from tui.commands.plot import plot
from tui.commands.reading import to_look
from tui.commands.tables import table
from tui.commands.targets import find_model
from tui.commands.tensorboard import Scalar
from tui.widgets.braille import Point


class Form(Enum):
    """How the values are told."""

    TEXT = auto()
    JSON = auto()
    CSV = auto()
    PLOT = auto()
    PARQUET = auto()
    TENSORBOARD = auto()


LOOKED_AT = frozenset({Form.TEXT, Form.PLOT})
"""Forms for eyes: nobody reads more than some thousand values. The others tell every one."""


@click.command(epilog="Example: modeltender history mnist accuracy --since 7d --csv > accuracy.csv")
@click.argument("model", required=False, metavar="[MODEL]", shell_complete=complete_model)
@click.argument("metric", required=False)
@click.option("--device", metavar="DEVICE", help="A device's readings instead of a model's figures.")
@click.option(
    "--since",
    type=moment,
    metavar="AGE",
    help="Not older: an age (90s, 15m, 7d, 2w), a time of the day or a date.",
)
@click.option("--until", type=moment, metavar="AGE", help="Older than this: an age, a time or a date.")
@click.option("--step", type=length_of_time, metavar="LENGTH", help="One value for each 90s, 15m, 12h, 7d.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@click.option(
    "--parquet",
    "parquet_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a Parquet file.",
)
@click.option(
    "--tensorboard",
    "event_folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write them for TensorBoard, one run per version; with --json, list the files.",
)
@click.option("--plot", "as_plot", is_flag=True, help="Draw it.")
@standard_options
def history(
    *,
    workspace: Workspace,
    as_json: bool,
    model: str | None,
    metric: str | None,
    device: str | None,
    since: float | None,
    until: float | None,
    step: float | None,
    as_csv: bool,
    parquet_file: Path | None,
    event_folder: Path | None,
    as_plot: bool,
) -> int:
    """List a figure's values over time: of all versions of a model, or of a device.

    The oldest value comes first. METRIC is a quality figure or one of the latency's (p50_ms, throughput,
    server_b1_max_qps, ...); without it every quality figure is listed. With --step the last value of each version
    in each step is listed; a table or a drawing of more than some thousand values is made that way, too.

    With --device the only word is a reading: utilisation, memory_used_bytes, temperature_c or power_w; without it all
    are listed, by default for the last hour. Long periods are shown by minute, hour or day.
    """
    form = _form(
        as_json=as_json,
        as_csv=as_csv,
        as_plot=as_plot,
        parquet=parquet_file is not None,
        tensorboard=event_folder is not None,
    )
    if device is not None:
        _check_device(metric, event_folder)
        within = device_history.wanted(since, until, step)
        with to_look(workspace) as reader, reader.transaction() as connection:
            found = device_history.read(connection, device, model, within)
        _show_device(found, form, parquet_file)
    elif model is None:
        raise click.UsageError("Name a model, or a device with --device.")
    else:
        _check_span(since, until)
        with to_look(workspace) as reader, reader.transaction() as connection:
            find_model(connection, model)
            points, longest_s = _read(
                connection,
                model,
                metric,
                (since or 0.0, inf if until is None else until),
                step_s=step,
                form=form,
            )
        if event_folder is not None:
            tensorboard.show(tensorboard.write(event_folder, _runs(model, points)), as_json=as_json)
        else:
            _show(points, form, model, parquet_file)
        remark(_left_out(longest_s))
    return ExitCode.DONE


def _left_out(longest_s: float | None) -> str:
    """Return that only one value of each step is told, and how to get all; nothing where all are."""
    if longest_s is None:
        return ""
    return (
        f"There are more values: of each {written(longest_s)} the last one of each version is told. "
        "A shorter time, --csv or --json tell all."
    )


def _check_span(since: float | None, until: float | None) -> None:
    if since is not None and until is not None and since >= until:
        raise click.UsageError("--until is not after --since.")


def _check_device(metric: str | None, event_folder: Path | None) -> None:
    if metric is not None:
        raise click.UsageError("With --device there is one word at most, the reading.")
    if event_folder is not None:
        raise click.UsageError("--tensorboard is for a model's figures: leave out --device.")


def _form(*, as_json: bool, as_csv: bool, as_plot: bool, parquet: bool, tensorboard: bool) -> Form:
    asked = {Form.JSON: as_json, Form.CSV: as_csv, Form.PLOT: as_plot, Form.PARQUET: parquet}
    if tensorboard:
        # Of what was written, --json says where.
        asked = asked | {Form.JSON: False, Form.TENSORBOARD: True}
    if sum(asked.values()) > 1:
        raise click.UsageError("--json, --csv, --parquet, --tensorboard and --plot exclude each other.")
    return next((form for form, wanted in asked.items() if wanted), Form.TEXT)


def _read(
    connection: sqlite3.Connection,
    model: str,
    metric: str | None,
    within: tuple[float, float],
    *,
    step_s: float | None,
    form: Form,
) -> tuple[list[HistoryPoint], float | None]:
    """Return the values that are told, and the longest step of which one is told where nobody asked for steps."""
    since, until = within
    points: list[HistoryPoint] = []
    steps = set[float]()
    for name in _metrics(connection, model, metric):
        if step_s is not None:
            points += thinning.read(connection, model, name, step_s=step_s, since=since, until=until)
        elif form in LOOKED_AT:
            found = thinning.charted(connection, model, name, since=since, until=until)
            points += found.points
            steps |= {found.step_s} if found.step_s else set()
        else:
            every = evaluations.history(connection, model, name, since=since, limit=evaluations.EVERY)
            points += [point for point in every if point.at < until]
    return sorted(points, key=lambda point: (point.at, point.metric)), max(steps, default=None)


def _show(points: list[HistoryPoint], form: Form, model: str, parquet_file: Path | None) -> None:
    found = [history_document(point) for point in points]
    if form is Form.JSON:
        show_document(found)
    elif form is Form.CSV:
        show_text(_csv(HistoryDocument, found))
    elif parquet_file is not None:
        _show_written(parquet_file, HistoryDocument, found)
    elif not points:
        show_text(f"No figures of {clean(model, NAME)} in that time.")
    elif form is Form.PLOT:
        show_text(_drawing(points))
    else:
        show_text(_text(points))


def _runs(model: str, points: Sequence[HistoryPoint]) -> dict[str, list[Scalar]]:
    """Return a run a version: each of its figures step by step, an evaluation a step, with its interval beside it."""
    found: dict[str, list[Scalar]] = {}
    steps = Counter[tuple[int, str]]()
    for point in points:
        step = steps[point.version, point.metric]
        steps[point.version, point.metric] += 1
        sides = {"": point.value, "/low": point.low, "/high": point.high}
        found.setdefault(f"{model}/version-{point.version}", []).extend(
            Scalar(f"{point.metric}{side}", step, point.at, value)
            for side, value in sides.items()
            if value is not None
        )
    return found


def _show_device(found: list[device_history.Series], form: Form, parquet_file: Path | None) -> None:
    if form is Form.JSON:
        show_document(device_history.documents(found))
    elif form is Form.CSV:
        show_text(_csv(DeviceHistoryDocument, device_history.documents(found)))
    elif parquet_file is not None:
        _show_written(parquet_file, DeviceHistoryDocument, device_history.documents(found))
    elif form is Form.PLOT:
        show_text(device_history.drawing(found, columns()))
    else:
        show_text(device_history.text(found))


def _show_written(target: Path, kind: type[msgspec.Struct], documents: Sequence[msgspec.Struct]) -> None:
    taken = parquet.write(target, kind, documents)
    show_text(f"{clean(str(target))}: {len(documents):,} values, {size(taken)}.")


def _metrics(connection: sqlite3.Connection, model: str, wanted: str | None) -> list[str]:
    known = evaluations.metric_names(connection, model)
    if wanted is None:
        return known
    if wanted in known or latencies.figure(wanted) is not None:
        return [wanted]
    measured = latencies.names(connection, model)
    short = [*latencies.SHORT, *(f"{latencies.PREFIX}{name}" for name in latencies.SHORT)]
    near = get_close_matches(wanted, [*known, *short, *measured], n=1)
    raise UnknownError(
        f"{model} has no metric '{clean(wanted, NAME)}'." + (f" Did you mean '{near[0]}'?" if near else ""),
        f"It has: {', '.join(known) or 'none yet'}; and of its latency {', '.join([*latencies.SHORT, *measured])}.",
    )


def _csv(kind: type[msgspec.Struct], documents: Sequence[msgspec.Struct]) -> str:
    names = kind.__struct_fields__
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(names)
    for document in documents:
        values = (getattr(document, name) for name in names)
        writer.writerow(
            [value.isoformat() if name == "at" else value for name, value in zip(names, values, strict=True)]
        )
    return lines.getvalue().removesuffix("\n")


def _drawing(points: list[HistoryPoint]) -> str:
    """Return a chart for each figure, in which the curve of each version is a piece of its own."""
    drawn = []
    for name in dict.fromkeys(point.metric for point in points):
        mine = [point for point in points if point.metric == name]
        versions = [None, *(point.version for point in mine)]
        curve = [
            Point(point.at, point.value, point.low, point.high, joined=point.version == before)
            for point, before in zip(mine, versions, strict=False)
        ]
        drawn.append(plot(curve, title=f"{mine[0].metric}, {_versions(mine)}", width=columns()))
    return "\n\n".join(drawn)


def _versions(points: list[HistoryPoint]) -> str:
    numbers = sorted({point.version for point in points})
    return f"version {numbers[0]}" if len(numbers) == 1 else f"versions {numbers[0]} to {numbers[-1]}"


def _text(points: list[HistoryPoint]) -> str:
    rows = [
        [
            clock(point.at),
            str(point.version),
            point.metric,
            number(point.value),
            number(point.low),
            number(point.high),
            str(point.n),
        ]
        for point in points
    ]
    headings = ["AT (UTC)", "VERSION", "METRIC", "VALUE", "LOW", "HIGH", "N"]
    return table(headings, rows, right=("VERSION", "VALUE", "LOW", "HIGH", "N"))
