"""``modeltender history``: how a model's figures went over time, for eyes, scripts and spreadsheets."""

import csv
import io
import sqlite3
from difflib import get_close_matches

import click

from storage.errors import UnknownError
from storage.records import HistoryPoint
from storage.tables import evaluations, latencies
from storage.text import NAME, clean
from storage.vocabulary import ExitCode
from storage.workspace import Workspace
from tui.commands.documenting import history_document
from tui.commands.documents import HistoryDocument
from tui.commands.figures import clock, number
from tui.commands.options import moment, standard_options
from tui.commands.output import show_document, show_text
from tui.commands.reading import to_look
from tui.commands.tables import table
from tui.commands.targets import find_model


@click.command(epilog="Example: modeltender history mnist accuracy --since 7d --csv > accuracy.csv")
@click.argument("model")
@click.argument("metric", required=False)
@click.option("--since", type=moment, metavar="AGE", help="Not older: an age (90s, 15m, 7d, 2w) or a date.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@standard_options
def history(
    *, workspace: Workspace, as_json: bool, model: str, metric: str | None, since: float | None, as_csv: bool
) -> int:
    """List a metric's values over all versions of a model.

    The oldest value comes first. METRIC is a quality figure or one of the latency's (p50_ms, throughput,
    server_b1_max_qps, ...); without it every quality figure is listed.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other.")
    with to_look(workspace) as reader, reader.transaction() as connection:
        find_model(connection, model)
        points = [
            point
            for name in _metrics(connection, model, metric)
            for point in evaluations.history(connection, model, name, since=since or 0.0)
        ]
    points.sort(key=lambda point: (point.at, point.metric))
    documents = [history_document(point) for point in points]
    if as_json:
        show_document(documents)
    elif as_csv:
        show_text(_csv(documents))
    else:
        show_text(_text(points) if points else f"No figures of {clean(model, NAME)} in that time.")
    return ExitCode.DONE


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


def _csv(documents: list[HistoryDocument]) -> str:
    names = HistoryDocument.__struct_fields__
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(names)
    for document in documents:
        values = (getattr(document, name) for name in names)
        writer.writerow(
            [value.isoformat() if name == "at" else value for name, value in zip(names, values, strict=True)]
        )
    return lines.getvalue().removesuffix("\n")


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
