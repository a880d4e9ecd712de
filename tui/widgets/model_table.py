"""The table of models: a row each, a cursor that follows its model through every re-sorting.

It draws rows that were made elsewhere (`tui.rows`) and says which one the cursor is on.
"""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.message import Message
from textual.strip import Strip

from tui import rows as layout
from tui.rows import ModelRow
from tui.widgets.lines import Lines


class ModelTable(Lines, can_focus=True):
    """Models, those that need somebody first."""

    DEFAULT_CSS = """
    ModelTable > .model-table--cursor { background: $primary 22%; text-style: bold; }
    ModelTable:ansi > .model-table--cursor { background: ansi_default; text-style: bold; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"model-table--cursor"}

    class Highlighted(Message):
        """The cursor went to another model."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class Opened(Message):
        """A model was clicked while the cursor was on it."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._rows: tuple[ModelRow, ...] = ()
        self._selected: str | None = None
        self._first = 0
        self._note = ""

    @property
    def selected(self) -> str | None:
        """The name of the model that the cursor is on."""
        return self._selected

    def show(self, rows: Sequence[ModelRow], *, note: str = "") -> None:
        """Show ``rows`` and a note below them; the cursor stays on its model, or goes to its neighbour when the model is gone."""
        self._note = note
        position = self._position()
        self._rows = tuple(rows)
        if self._rows and self._position() is None:
            self._select(min(position or 0, len(self._rows) - 1))
        self._draw()

    def move(self, step: int) -> None:
        """Move the cursor by ``step`` rows, not beyond the ends."""
        if self._rows:
            self._select(min(max((self._position() or 0) + step, 0), len(self._rows) - 1))
            self._draw()

    def move_to(self, index: int) -> None:
        """Move the cursor to a row, counted from the end where negative."""
        if self._rows:
            self._select(min(index, len(self._rows) - 1) % len(self._rows))
            self._draw()

    def on_resize(self) -> None:
        """Choose the columns that fit anew."""
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row that was clicked; a second click opens it."""
        offset = event.get_content_offset(self)
        if offset is None or not 0 < offset.y <= len(self._rows) - self._first:
            return
        row = self._first + offset.y - 1
        if row == self._position():
            self.post_message(self.Opened())
        else:
            self.move_to(row)

    def render_line(self, y: int) -> Strip:
        """Return one line, the cursor's on a background of its own."""
        strip = super().render_line(y)
        position = self._position()
        if position is not None and y == position - self._first + 1:
            return strip.apply_style(self.get_component_rich_style("model-table--cursor", partial=True))
        return strip

    def _position(self) -> int | None:
        return next((index for index, row in enumerate(self._rows) if row.name == self._selected), None)

    def _select(self, index: int) -> None:
        name = self._rows[index].name
        if name != self._selected:
            self._selected = name
            self.post_message(self.Highlighted(name))

    def _draw(self) -> None:
        size = self.content_size
        if not size.width or size.height < 2:
            return
        self._scroll(size.height - 1)
        shown = layout.columns(size.width)
        lines = [_heading(shown, size.width)]
        visible = self._rows[self._first : self._first + size.height - 1]
        lines += [_line(row, shown, size.width, chosen=row.name == self._selected) for row in visible]
        hidden = len(self._rows) - len(visible)
        below = [f"{hidden} more"] if hidden else []
        below += [self._note] if self._note else []
        self.draw(lines, title=f"Models {len(self._rows)}", subtitle="   ".join(below))

    def _scroll(self, height: int) -> None:
        """Keep the cursor in sight."""
        position = self._position() or 0
        self._first = min(max(self._first, position - height + 1), position)
        self._first = max(0, min(self._first, len(self._rows) - height))


def _heading(shown: Sequence[layout.Column], width: int) -> Text:
    text = Text(" " * layout.PREFIX + f"{'MODEL':<{layout.model_width(width, shown)}}", "dim")
    for column in shown:
        text.append(" " + _cell(column.title, column))
    return text.append(f" {layout.STATE.title}")


def _line(row: ModelRow, shown: Sequence[layout.Column], width: int, *, chosen: bool) -> Text:
    name_width = layout.model_width(width, shown)
    name = Text(row.name)
    name.truncate(name_width, overflow="ellipsis", pad=True)
    text = Text.assemble(
        (">" if chosen else " ", "bold cyan"), " ", (row.health.glyph, row.health.colour), " ", name
    )
    for column in shown:
        value = row.cells.get(column.key, "")
        text.append(" " + _cell(value, column), STYLES.get(column.key, "dim" if value == "n/a" else ""))
    text.append(" ")
    state = Text(row.health.word, row.health.colour)
    state.truncate(layout.STATE.width, overflow="ellipsis")
    return text.append_text(state)


STYLES = {
    "interval": "dim",
    "trend": "cyan",
    "evaluated": "dim",
    "device": "dim",
    "format": "dim",
    "version": "dim",
}
"""What is looked at second stands back."""


def _cell(value: str, column: layout.Column) -> str:
    cut = value if len(value) <= column.width else value[: column.width - 1] + "…"
    return f"{cut:>{column.width}}" if column.right else f"{cut:<{column.width}}"
