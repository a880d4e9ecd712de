"""How a training goes, epoch by epoch, in a line a figure: what it began with, its way, and where it is. Pure."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from storage.training_records import Epoch, TrainingRun
from tui import format as form
from tui.commands.figures import number

VALIDATION = "val_"
"""What the names of figures on the validation data begin with."""

VALUES_CELLS = 18
"""Of the first and the last value, ``0.8120 > 0.2140``, with the gap before them."""

HELD_OUT = ", held out "

LEAST, MOST = 6, 40
"""Cells of a curve."""


def lines(run: TrainingRun, width: int) -> Iterator[tuple[str, Text]]:
    """Return a label and a line for the epochs, and for each figure of them, in so many cells behind the label."""
    if not run.curve:
        return
    wanted = run.settings.get("epochs")
    best = "" if run.best_epoch is None else f", the best is {run.best_epoch}"
    took = sum(epoch.duration_s for epoch in run.curve) / len(run.curve)
    told = f"{run.curve[-1].number}" + (f" of {wanted}" if isinstance(wanted, int) else "")
    yield "epochs", Text(f"{told}{best}, {took:.3g} s each")
    names = [name for name in run.curve[-1].figures if not name.startswith(VALIDATION)]
    cells = max(LEAST, min(MOST, (width - 2 * VALUES_CELLS - len(HELD_OUT)) // 2))
    for name in names:
        line = _curve(run.curve, name, cells)
        held_out = _curve(run.curve, f"{VALIDATION}{name}", cells)
        if held_out.plain:
            line.append(HELD_OUT, "dim").append_text(held_out)
        yield name, line


def _curve(curve: Sequence[Epoch], name: str, cells: int) -> Text:
    values = [epoch.figures[name] for epoch in curve if name in epoch.figures]
    if not values:
        return Text()
    told = number(values[0]) if len(values) == 1 else f"{number(values[0])} > {number(values[-1])}"
    return Text.assemble((form.sparkline(values, cells), "cyan"), f" {told}")
