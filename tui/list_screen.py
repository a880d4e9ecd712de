"""What the screens with a list have in common: a first line, rows to choose from, all that is known of one, a filter.

Owns the cursor's keys and the filter; which rows there are and what they say is each screen's own.
"""

from collections.abc import Hashable
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.message import Message

from tui import about, footers, heading, layout
from tui.console_screen import ConsoleScreen
from tui.footers import footer
from tui.layout import Plan
from tui.notices import above
from tui.view import View
from tui.widgets.filter_line import FilterLine
from tui.widgets.grid import Panels
from tui.widgets.header import Header
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import Line
from tui.widgets.lines import Lines
from tui.widgets.panel import Panel
from tui.widgets.table import Row, RowList, Table


class ListScreen(ConsoleScreen):
    """A screen whose rows are chosen by a cursor and by a filter."""

    LISTS: ClassVar[tuple[str, ...]] = ("rows",)
    """The ids of its lists."""
    TALL: ClassVar[int] = 1
    """Lines of a row."""
    ZOOMS: ClassVar[dict[str, str]] = {"about": "read all"}
    """The panels that take all the room one after the other, by their ids, and what the footer calls it."""
    INDENT: ClassVar[int] = 2
    """Cells that the lines of a sentence behind its first are set to the right."""

    class Wanted(Message):
        """The screen of a model is wanted."""

        def __init__(self, model: str) -> None:
            super().__init__()
            self.model = model

    def __init__(self) -> None:
        super().__init__()
        self.typed = ""
        self._plan = layout.zoomed(0, 0)
        self._zoomed = ""
        """The id of the panel that has all the room, or empty."""
        self._used = self.LISTS[0]
        """The id of the list that had the keys last."""
        self._first = 0
        """Of what is known, the first line in sight."""
        self._cut = False
        """Whether there are lines out of sight."""

    def compose_room(self) -> ComposeResult:
        """Lay out the lists above what is known of the chosen row."""
        yield Header(id="header")
        yield Line(id="notice")
        with Panels(id="panels"):
            for name in self.LISTS:
                yield RowList(id=name, tall=self.TALL)
            yield from self.compose_beside()
            yield Panel(id="about")
        yield FilterLine()
        yield KeyBar(id="keys")

    def compose_beside(self) -> ComposeResult:
        """Lay out what else is shown of the chosen row; most screens have nothing."""
        yield from ()

    def plan(self, view: View, width: int, height: int) -> Plan:
        """Return where the panels go."""
        raise NotImplementedError

    def fill_lists(self, view: View) -> None:
        """Put the rows into the lists."""
        raise NotImplementedError

    def fill_beside(self, view: View) -> None:
        """Put what else is shown of the chosen row into its place."""

    def known(self, view: View) -> tuple[str, list[Text]]:
        """Return the title and the sentences of what is known of the chosen row."""
        raise NotImplementedError

    def told(self, view: View) -> str:
        """Return what stands in the first line behind the screen's name."""
        raise NotImplementedError

    def model_of_row(self) -> str:
        """Return the model that the chosen row is about, or nothing."""
        return ""

    def on_mount(self) -> None:
        """Put the cursor into a list."""
        if self.children:
            self.set_focus(self.list_of(self.first_list()))

    def begin(self) -> None:
        """Choose every row again, with the cursor on the first."""
        self.typed, self._zoomed, self._first = "", "", 0
        self.query_one(FilterLine).drop()
        self.set_focus(self.list_of(self.first_list()))

    def let_go(self) -> None:
        """Have no rows: those of events alone are two thousand."""
        super().let_go()
        for rows in self.query(RowList):
            rows.begin()

    def on_descendant_focus(self) -> None:
        """Show what is known of what the cursor is on now."""
        if isinstance(self.focused, RowList) and self.focused.id:
            self._used = self.focused.id
        self.refill()

    def first_list(self) -> str:
        """Return the id of the list that has the keys when the screen opens."""
        return self.LISTS[0]

    def list_of(self, name: str) -> RowList:
        """Return one of the screen's lists."""
        return self.query_one(f"#{name}", RowList)

    @property
    def focused_list(self) -> RowList:
        """The list that the keys go to."""
        return self.focused if isinstance(self.focused, RowList) else self.list_of(self._used)

    def chosen(self, name: str) -> Hashable:
        """Return the key of the row under a list's cursor."""
        return self.list_of(name).key

    def fill(self, view: View, width: int, height: int) -> None:
        """Put the latest into the panels."""
        down = above(view, width)
        self.query_one("#notice", Line).show(down)
        self.query_one(Header).show(
            heading.of_screen(view, self.WHERE.value, self.told(view)), heading.right(view)
        )
        filtering = self.query_one(FilterLine).display
        height -= 2 + (down is not None) + filtering
        zoomed = self._zoomed
        self._plan = layout.zoomed(width, height, zoomed) if zoomed else self.plan(view, width, height)
        self.query_one(Panels).place(self._plan)
        self.fill_lists(view)
        self._fill_chosen(view)
        for lines in self.query(Lines):
            lines.stale = not view.news.engine_running

    def room(self, name: str) -> int:
        """Return the cells that a list's finished lines may take."""
        return self._plan.room(name)[0] - 2

    def show_list(self, name: str, heading_line: Text, rows: list[Row], *, nothing: str, title: str) -> None:
        """Put rows into a list, and how they were chosen into its frame."""
        subtitle = f"/ {self.typed}" if self.typed else ""
        if self.latest is not None and self.latest.replay is not None:
            nothing = "nothing was recorded then"
        nothing = f"nothing matches {self.typed}: esc shows all" if self.typed else nothing
        self.list_of(name).show(heading_line, rows, nothing=nothing, title=title, subtitle=subtitle)

    def labels(self, view: View) -> dict[str, str]:
        """Return the footer's words that are other than usual."""
        panel = self._next_zoom()
        needless = panel == "about" and not self._cut and not self._zoomed
        zoom = "" if needless else self.ZOOMS.get(panel, "all panels")
        own = {"zoom": zoom} if self.model_of_row() else {"zoom": zoom, "open": ""}
        return own | footers.labels(view)

    async def action_back(self) -> None:
        """Take the room back, or show every row again, or go back to the screen below."""
        if self._zoomed:
            self._zoom("")
        elif not self.query_one(FilterLine).drop():
            await self.run_action("app.return")
        else:
            self.focused_list.focus()

    def action_filter(self) -> None:
        """Ask which rows are wanted."""
        if self._zoomed:
            self._zoom("")
        self.query_one(FilterLine).open()
        self.refill()

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self.focused_list.move(step)

    def action_move_to(self, row: int) -> None:
        """Move the cursor to a row, counted from the end where negative."""
        self.focused_list.move_to(row)

    def action_page(self, step: int) -> None:
        """Move the cursor by a page; where what is known has all the room, go through that."""
        if self._zoomed == "about":
            self._first += step * max(self._plan.room("about")[1] - 1, 1)
            self.refill()
        else:
            self.focused_list.page(step)

    def action_turn(self, step: int) -> None:
        """Go to the next or the previous match, round the ends."""
        self.focused_list.turn(step)

    def action_zoom(self) -> None:
        """Give the next of the panels that can have it all the room, or take it back."""
        self._zoom(self._next_zoom())

    def _next_zoom(self) -> str:
        panels = ["", *self.ZOOMS, ""]
        return panels[panels.index(self._zoomed) + 1]

    def _zoom(self, panel: str) -> None:
        self._zoomed, self._first = panel, 0
        self.refill()
        # What is hidden loses the keys.
        self.set_focus(None if panel else self.list_of(self._used))

    def use(self, name: str) -> None:
        """Give the keys to a list."""
        self._used = name
        if self._zoomed:
            self.refill()
        else:
            self.list_of(name).focus()

    def action_open(self) -> None:
        """Open the screen of the model that the chosen row is about."""
        self.post_message(self.Wanted(self.model_of_row()))

    def follow(self) -> None:
        """Show that the cursor is on another row: of a screen that shows the rest already, only what is told of the chosen one."""
        view = self.latest
        shown = not self._is_old() and self.app.is_running and self._is_visible()
        if view is None or not shown or layout.too_small(*self.app.size):
            self.refill()
        else:
            self._fill_chosen(view)

    def _fill_chosen(self, view: View) -> None:
        """Put what is known of the chosen row into its place, and what its keys do."""
        self._fill_about(view)
        self.fill_beside(view)
        # What the footer offers depends on what has room.
        self.query_one(KeyBar).show(footer(self.WHERE, self.app.size.width, self.labels(view)))

    def _fill_about(self, view: View) -> None:
        width, height = self._plan.room("about")
        if not width:
            return
        title, said = self.known(view)
        lines = about.wrapped(said, width, self.INDENT)
        self._cut = len(lines) > height
        self._first = min(max(self._first, 0), max(len(lines) - height, 0))
        below = len(lines) - height - self._first
        if self._zoomed == "about":
            lines = lines[self._first : self._first + height]
        elif self._cut:
            key = " ".join("z" * (list(self.ZOOMS).index("about") + 1))
            lines = [*lines[: height - 1], Text(f"… {below + 1} more lines: {key} shows them", "dim")]
        more = f"{below} more lines: pg↓" if self._zoomed and below > 0 else ""
        self.query_one("#about", Panel).show(lines, title=title, subtitle=more)

    @on(FilterLine.Changed)
    def _filtered(self, message: FilterLine.Changed) -> None:
        message.stop()
        self.typed = message.typed
        self.refill()

    @on(FilterLine.Left)
    def _filter_left(self, message: FilterLine.Left) -> None:
        message.stop()
        if not self.query_one(FilterLine).display:
            self.focused_list.focus()
        self.refill()

    @on(Table.Highlighted)
    def _highlighted(self, message: Table.Highlighted) -> None:
        message.stop()
        self._first = 0
        self.follow()

    @on(Table.Opened)
    def _opened(self, message: Table.Opened) -> None:
        message.stop()
        self.action_open()
