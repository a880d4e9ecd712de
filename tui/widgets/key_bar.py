"""The last line: which keys do what here, made from the same table as the keys themselves."""

from collections.abc import Sequence

from rich.text import Text
from textual.strip import Strip
from textual.widget import Widget


class KeyBar(Widget):
    """One line of keys and what they do."""

    DEFAULT_CSS = """
    KeyBar { height: 1; width: 1fr; background: $panel; padding: 0 1; }
    KeyBar:ansi { background: ansi_default; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._pairs: tuple[tuple[str, str], ...] = ()

    def show(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Show (key, what it does) pairs, which are chosen to fit."""
        if tuple(pairs) != self._pairs:
            self._pairs = tuple(pairs)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the line."""
        line = Text()
        for key, label in self._pairs if y == 0 else ():
            line.append(key, "bold cyan").append(f" {label}  ")
        width = self.content_size.width
        return Strip(line.render(self.app.console)).adjust_cell_length(width).apply_style(self.rich_style)
