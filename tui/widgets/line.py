"""A line of text that is painted only when it says something else, and takes no room when it says nothing."""

from rich.text import Text
from textual.widgets import Static

from tui.widgets.literal import literal


class Line(Static):
    """Shows a text."""

    DEFAULT_CSS = """
    Line { height: 1; padding: 0 1; }
    """

    _text: Text | None = None

    def show(self, text: Text | None) -> None:
        """Show a text; nothing at all for ``None``."""
        if self.display != (text is not None):
            self.display = text is not None
        if text is not None and (self._text is None or (text, text.style) != (self._text, self._text.style)):
            self.update(literal(text))
        self._text = text
