"""One of a few things, chosen by a cursor: which value to copy, in which form to keep a view."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from tui.dialogs.framed import FRAME, Framed
from tui.rows import fit
from tui.widgets.literal import printable
from tui.widgets.table import MARK, Row, RowList, Table

LABEL_CELLS, GAP = 12, 2
"""Of the column of labels, which is wider where one of them would touch what stands beside it."""

ROWS = 16
"""In sight; the others are scrolled to."""

WIDTH, SIDES = 74, 4


class Choose(Framed[int]):
    """Offers (label, what it is) pairs; its result is the place of the chosen one, or ``None``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+c", "close", show=False),
        Binding("enter", "take", show=False),
        Binding("down,j,tab", "move(1)", show=False),
        Binding("up,k,shift+tab", "move(-1)", show=False),
    ]

    DEFAULT_CSS = """
    Choose {
        #choose { width: 74; }
        RowList, RowList:focus { border: none; }
    }
    """

    def __init__(
        self, title: str, choices: Sequence[tuple[str, str]], *, heading: tuple[str, str], does: str
    ) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._heading = heading
        self._does = does

    def compose(self) -> ComposeResult:
        """Lay out the choices."""
        with Vertical(id="choose", classes=FRAME) as frame:
            frame.border_title = Text(printable(self._title))
            frame.border_subtitle = f"⏎ {self._does}   esc closes"
            offered = RowList(id="offered")
            offered.styles.height = min(len(self._choices), ROWS) + 1
            yield offered

    def on_mount(self) -> None:
        """Show the choices, the first one under the cursor."""
        if not self.is_laid_out:
            return
        self.set_focus(self.query_one(RowList))
        label, what = self._heading
        width = min(WIDTH, self.app.size.width) - SIDES - MARK
        cells = max([LABEL_CELLS, *(len(name) + GAP for name, _ in self._choices)])
        rows = [
            Row(place, (partial(_line, f"{name:<{cells}}", said, width),))
            for place, (name, said) in enumerate(self._choices)
        ]
        self.query_one(RowList).show(Text(f"{label:<{cells}}{what}", "dim"), rows, nothing="", title="")

    def action_close(self) -> None:
        """Choose nothing."""
        self.dismiss(None)

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self.query_one(RowList).move(step)

    @on(Table.Opened)
    def action_take(self) -> None:
        """Choose what is under the cursor."""
        place = self.query_one(RowList).key
        if isinstance(place, int):
            self.dismiss(place)


def _line(label: str, said: str, width: int) -> Text:
    return fit(Text.assemble((label, "dim"), said), width)
