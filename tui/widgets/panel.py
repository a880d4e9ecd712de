"""A panel whose lines were made elsewhere: devices, jobs, events and the like."""

from collections.abc import Sequence

from rich.text import Text

from tui.widgets.lines import Lines


class Panel(Lines):
    """Finished lines in a frame."""

    def show(self, lines: Sequence[Text], *, title: str | None = None, subtitle: str | None = None) -> None:
        """Show ``lines``; a title or subtitle that is not given stays as it is."""
        self.draw(lines, title=title, subtitle=subtitle)
