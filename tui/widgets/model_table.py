"""The table of models: as many columns as fit, the state never cut.

It draws rows that were made elsewhere (`tui.model_rows`); the cursor is `tui.widgets.table`'s.
"""

from collections.abc import Sequence

from rich.text import Text

from tui import model_rows
from tui.model_rows import ModelRow
from tui.rows import fit
from tui.widgets.table import Table


class ModelTable(Table[ModelRow]):
    """Models, those that need somebody first."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._note, self._listing, self._nothing = "", "", ""
        self._longest = 0
        self._marks: frozenset[str] = frozenset()

    @property
    def selected(self) -> str | None:
        """The name of the model that the cursor is on."""
        return None if self.key is None else str(self.key)

    def show(
        self,
        rows: Sequence[ModelRow],
        *,
        listing: str = "",
        nothing: str = "",
        marked: frozenset[str] = frozenset(),
        longest: int = 0,
    ) -> None:
        """Show ``rows``, those that are marked as such, and in the title how they were chosen and ordered.

        Where there are none, ``nothing`` is said in their place. The longest name of all models, ``longest`` cells, has
        room, so that columns stay where they are while rows come and go.
        """
        self._listing, self._marks, self._longest = listing, marked, longest
        self._nothing = nothing
        self.put(rows)

    def note(self, said: str) -> None:
        """Say something below the rows."""
        if said != self._note:
            self._note = said
            self._draw()

    def heading(self, width: int) -> Text:
        """Return the columns' titles, or why there is nothing below them."""
        if not self._rows and self._nothing:
            return fit(Text(" " * model_rows.PREFIX + self._nothing, "dim"), width)
        shown = model_rows.columns(width)
        return _heading(shown, model_rows.model_width(width, shown, self._longest))

    def lines_of(self, row: ModelRow, width: int, *, chosen: bool) -> Sequence[Text]:
        """Return a model's line, as much of it as fits."""
        shown = model_rows.columns(width)
        room = model_rows.model_width(width, shown, self._longest)
        return [_line(row, shown, room, chosen=chosen, marked=row.name in self._marks)]

    def told(self, hidden: int) -> tuple[str | None, str | None]:
        """Return how many models there are, how many of them are out of sight, and the note."""
        below = [f"{hidden} more"] if hidden else []
        below += [self._note] if self._note else []
        marked = f"  {len(self._marks)} marked" if self._marks else ""
        return f"Models {self._listing or len(self._rows)}{marked}", "   ".join(below)


def _heading(shown: Sequence[model_rows.Column], name_width: int) -> Text:
    text = Text(" " * model_rows.PREFIX + f"{'MODEL':<{name_width}}", "dim")
    for column in shown:
        text.append(" " + _cell(column.title, column))
    return text.append(f" {model_rows.STATE.title}")


def _line(
    row: ModelRow, shown: Sequence[model_rows.Column], name_width: int, *, chosen: bool, marked: bool
) -> Text:
    name = Text(row.name)
    name.truncate(name_width, overflow="ellipsis", pad=True)
    text = Text.assemble(
        (">" if chosen else " ", "bold cyan"),
        ("*" if marked else " ", "bold cyan"),
        (row.health.glyph, row.health.colour),
        " ",
        name,
    )
    for column in shown:
        value = row.cells.get(column.key, "")
        text.append(" " + _cell(value, column), STYLES.get(column.key, "dim" if value == "n/a" else ""))
    text.append(" ")
    state = Text(row.health.word, row.health.colour)
    state.truncate(model_rows.STATE.width, overflow="ellipsis")
    return text.append_text(state)


STYLES = {
    "metric": "dim",
    "interval": "dim",
    "trend": "cyan",
    "evaluated": "dim",
    "device": "dim",
    "format": "dim",
    "version": "dim",
}
"""What is looked at second stands back."""


def _cell(value: str, column: model_rows.Column) -> str:
    cut = value if len(value) <= column.width else value[: column.width - 1] + "…"
    return f"{cut:>{column.width}}" if column.right else f"{cut:<{column.width}}"
