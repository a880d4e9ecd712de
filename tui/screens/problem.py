"""The page that stands for the panels where there is nothing to put into them: first run, no engine yet, no database.

What it says is `tui.notices`'; it leaves by itself as soon as there is something to show.
"""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tui import heading, notices
from tui.console_screen import ConsoleScreen
from tui.footers import footer
from tui.key import Where
from tui.keys import bindings
from tui.view import View
from tui.widgets.header import Header
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import Line


class Problem(ConsoleScreen):
    """Says what is missing, and what to do."""

    WHERE = Where.PROBLEM
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.PROBLEM)]

    DEFAULT_CSS = """
    Problem {
        #page {
            height: auto;
            max-height: 1fr;
            margin: 1 2;
            padding: 1 2;
            border: round $border;
            border-title-color: $accent;
            border-title-style: bold;
            scrollbar-size: 0 0;
        }
        #text { height: auto; padding: 0; }
        #space { height: 1fr; }
    }
    """

    def compose_room(self) -> ComposeResult:
        """Lay out the page between the header and the footer."""
        yield Header(id="header")
        with VerticalScroll(id="page", can_focus=False):
            yield Line(id="text")
        yield Static(id="space")
        yield KeyBar(id="keys")

    def fill(self, view: View, width: int, height: int) -> None:
        """Put the page's words into their places."""
        del height
        title, lines = notices.problem(view)
        self.query_one("#page").border_title = Text(title)
        self.query_one("#text", Line).show(Text("\n").join(lines))
        self.query_one(Header).show(heading.left(view, width, needing=0), heading.right(view))
        labels = {} if view.read_only or view.news.engine_running else {"app.start_engine": "start engine"}
        if view.news.error is None:
            # A workspace without models was read: to look again finds no other.
            labels["app.retry"] = ""
        self.query_one(KeyBar).show(footer(Where.PROBLEM, width, labels))
