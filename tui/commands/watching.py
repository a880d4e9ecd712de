"""``models --watch``: the list of models again and again, as plain text, for terminals that can show no console.

On a terminal that can be cleared the list stays in place; on any other one it is written again when it says something
else. No state of the terminal is changed, so that nothing has to be put back when Ctrl-C ends it.
"""

import shutil
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from storage import snapshot
from storage.database import Reader
from storage.snapshot import Snapshot
from storage.text import clean
from storage.workspace import Workspace
from tui.commands.documenting import model_document
from tui.commands.output import HOME_AND_CLEAR, columns, is_redrawable, printable, show_document
from tui.commands.reading import staleness
from tui.listing import listed
from tui.model_rows import ModelRow

WATCH_S = 1.0
"""The console looks more often; a person who reads plain text does not need to."""

BESIDE = 5
"""Lines above and below the rows: what it is, the titles and the rule below them, and two at the end."""

LEAST_ROWS = 3

GAP = 3
"""Cells between two columns of a table of this form."""

LEAST_NAME = 8

METRIC, SCORE = "metric", "score"

COLUMNS = (
    ("version", "VER"),
    (SCORE, ""),
    ("interval", "±95%"),
    ("p50", "P50 ms"),
    ("p95", "P95 ms"),
    ("evaluated", "AGO"),
)
"""Cells of a row as the console has them, and what they are called here: scores after their metric, where it is the same for all."""


def watch(workspace: Workspace, reader: Reader, *, as_json: bool) -> NoReturn:
    """Show the models until Ctrl-C."""
    before: object = None
    while True:
        shown = snapshot.read(reader)
        if as_json:
            _show_documents(shown)
        else:
            remark = staleness(workspace, shown.engine)
            said = _said(shown, remark)
            if said != before:
                _show(shown, remark)
            before = said
        time.sleep(WATCH_S)


def _show_documents(shown: Snapshot) -> None:
    show_document([model_document(model) for model in shown.models])
    # A script at the other end of a pipe waits for each line.
    sys.stdout.flush()


def _said(shown: Snapshot, remark: str) -> object:
    """Return what makes the list look as it does, to the minute."""
    return (listed(shown, _minute()), remark, shutil.get_terminal_size(), _minute())


def _minute() -> float:
    return time.time() // 60 * 60


def _show(shown: Snapshot, remark: str) -> None:
    console = Console(
        file=sys.stdout, width=columns(), highlight=False, markup=False, emoji=False, legacy_windows=False
    )
    found, redrawn = listed(shown, time.time()), is_redrawable()
    most = max(shutil.get_terminal_size().lines - BESIDE, LEAST_ROWS) if redrawn else len(found)
    if redrawn:
        console.out(HOME_AND_CLEAR, end="", highlight=False)
    console.print(_page(found, most, remark))
    sys.stdout.flush()


def _page(found: Sequence[ModelRow], most: int, remark: str) -> Group:
    needing = sum(1 for row in found if row.health.needs_person)
    counted = f"{len(found)} model{'' if len(found) == 1 else 's'}, {needing} in need of somebody"
    heading = Text(f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}  {counted}", "bold")
    hidden = len(found) - most
    below = [Text(f"… {hidden} more: modeltender models lists all", "dim")] if hidden > 0 else []
    if remark:
        below.append(Text(printable(remark), "yellow"))
    if not found:
        below.append(Text("No models yet. Save a trained model in a folder train/NAME/ and it appears here."))
    return Group(heading, *([_table(found[:most])] if found else []), *below)


def _cell(row: ModelRow, key: str, *, named: bool) -> str:
    """Return what a column says of a model; a score with its name, where the column's title cannot say it."""
    said = row.cells.get(key, "")
    return printable(f"{row.cells.get(METRIC, '')} {said}".strip() if named and key == SCORE else said)


def _table(found: Sequence[ModelRow]) -> Table:
    metrics = {row.cells[METRIC] for row in found if row.cells.get(METRIC)}
    quality = "".join(metrics) if len(metrics) == 1 else "QUALITY"
    titles = [quality if key == SCORE else title for key, title in COLUMNS]
    cells = [[_cell(row, key, named=len(metrics) > 1) for key, _ in COLUMNS] for row in found]
    states = [Text(f"{row.health.glyph} {printable(row.health.word)}", row.health.colour) for row in found]
    widths = [max(len(title), *(len(row[at]) for row in cells)) for at, title in enumerate(titles)]
    # Only names give way: neither a state nor a figure is ever cut.
    room = columns() - max(state.cell_len for state in states) - sum(widths) - GAP * (len(COLUMNS) + 1)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    table.add_column("STATE", no_wrap=True)
    table.add_column("MODEL", no_wrap=True)
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    for row, state, figures in zip(found, states, cells, strict=True):
        name = Text(clean(row.name))
        name.truncate(max(room, LEAST_NAME), overflow="ellipsis")
        table.add_row(state, name, *map(Text, figures))
    return table
