"""The first line: where one is and how things stand, on the left; the time, on the right."""

from rich.text import Text
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.literal import literal


class Header(Widget):
    """One line that is repainted when what it says changes."""

    DEFAULT_CSS = """
    Header { height: 1; width: 1fr; background: $panel; padding: 0 1; }
    Header:ansi { background: ansi_default; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._left, self._right = Text(), Text()

    def show(self, left: Text, right: Text) -> None:
        """Show both parts; the left one gives way where there is no room for both."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the line."""
        width = self.content_size.width
        line = literal(self._left).copy() if y == 0 else Text()
        line.truncate(max(width - self._right.cell_len - 1, 0), overflow="ellipsis", pad=True)
        line.append(" ").append_text(self._right)
        return Strip(line.render(self.app.console)).adjust_cell_length(width).apply_style(self.rich_style)
