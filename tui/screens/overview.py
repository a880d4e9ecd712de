"""The main screen: is any model in trouble, and what happens right now?

Puts what was read into the panels, each of which repaints only what differs. It reads nothing itself, and
what the figures say is `tui.rows`', `tui.model_rows`' and `tui.health`'s.
"""

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from storage.snapshot import Snapshot
from tui import footers, heading, layout, next_step, rows, sheets, values
from tui.activity import job_lines, with_jobs
from tui.charts import show_accuracy, show_latency
from tui.console_screen import ConsoleScreen
from tui.footers import footer
from tui.key import Where
from tui.keys import bindings
from tui.listing import Listing, ModelRows
from tui.model_rows import ModelRow
from tui.notices import above
from tui.sheets import Sheet
from tui.values import Value
from tui.view import View
from tui.widgets.filter_line import FilterLine
from tui.widgets.grid import Panels
from tui.widgets.header import Header
from tui.widgets.history_chart import HistoryChart
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import Line
from tui.widgets.lines import Lines
from tui.widgets.model_table import ModelTable
from tui.widgets.panel import Panel


class Overview(ConsoleScreen):
    """All models at a glance, and the selected one's figures over time."""

    WHERE = Where.OVERVIEW
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.OVERVIEW)]

    class Selected(Message):
        """The cursor went to another model, or to none where the filter leaves none."""

        def __init__(self, name: str | None) -> None:
            super().__init__()
            self.name = name

    class Filtered(Message):
        """Other models are wanted in the table."""

        def __init__(self, typed: str) -> None:
            super().__init__()
            self.typed = typed

    class Marked(Message):
        """A model is to be marked or unmarked, or every one in the list."""

        def __init__(self, name: str | None) -> None:
            super().__init__()
            self.name = name

    class Unmarked(Message):
        """No model is to be marked."""

    class Opened(Message):
        """The selected model's own screen is wanted."""

    def __init__(self) -> None:
        super().__init__()
        self._zoomed = False
        self._plan = layout.zoomed(0, 0)
        self._rows = ModelRows()

    def compose_room(self) -> ComposeResult:
        """Lay out every panel; the size decides which of them are shown."""
        yield Header(id="header")
        yield Line(id="notice")
        with Panels(id="panels"):
            yield ModelTable(id="models")
            yield HistoryChart(id="accuracy")
            yield HistoryChart(id="latency")
            yield Panel(id="devices")
            yield Panel(id="jobs")
            yield Panel(id="events")
        yield FilterLine()
        yield KeyBar(id="keys")

    def on_mount(self) -> None:
        """Put the cursor into the table."""
        super().on_mount()
        self.query_one(ModelTable).focus()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Put the cursor on the model that was looked at meanwhile."""
        super().on_screen_resume(event)
        if self.latest is not None and self.latest.news.snapshot is not None:
            found = self.listed(self.latest.news.snapshot, self.latest.now, self.latest.listing)
            listed = [row.name for row in found]
            if self.latest.selected in listed:
                self.query_one(ModelTable).move_to(listed.index(self.latest.selected))

    def values(self) -> list[Value]:
        """Return what can be copied of the model under the cursor."""
        view = self.latest
        model = view.model if view else None
        if view is None or model is None:
            return []
        return values.of_model(model, model.current or model.candidate or model.newest, view.folder)

    def sheet(self) -> Sheet:
        """Return the listed models as figures."""
        view = self.latest
        if view is None or view.news.snapshot is None:
            return sheets.of_models((), (), 0.0)
        known = {model.name: model for model in view.models}
        listed = self.listed(view.news.snapshot, view.now, view.listing)
        return sheets.of_models([known[row.name] for row in listed], view.jobs, view.now)

    def action_open(self) -> None:
        """Open the selected model's screen."""
        self.post_message(self.Opened())

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self.query_one(ModelTable).move(step)

    def action_move_to(self, row: int) -> None:
        """Move the cursor to a row, counted from the end where negative."""
        self.query_one(ModelTable).move_to(row)

    def action_page(self, step: int) -> None:
        """Move the cursor by a page."""
        self.query_one(ModelTable).page(step)

    def action_turn(self, step: int) -> None:
        """Go to the next or the previous match, round the ends."""
        self.query_one(ModelTable).turn(step)

    def action_filter(self) -> None:
        """Ask which models are wanted."""
        self.query_one(FilterLine).open()
        self.refill()

    def action_mark(self) -> None:
        """Mark the model under the cursor, or take its mark away, and go on to the next one."""
        table = self.query_one(ModelTable)
        if table.selected is not None:
            self.post_message(self.Marked(table.selected))
            table.move(1)

    def action_mark_all(self) -> None:
        """Mark every model in the list; where all of them are, take their marks away."""
        self.post_message(self.Marked(None))

    def action_back(self) -> None:
        """Show every model again; where all are shown, take the marks away."""
        if not self.query_one(FilterLine).drop():
            self.post_message(self.Unmarked())
        self.query_one(ModelTable).focus()
        self.refill()

    def action_cursor(self, step: int) -> None:
        """Read the value measured before or after the one that is read now."""
        self.query_one("#accuracy", HistoryChart).move(step)

    def action_zoom(self) -> None:
        """Give the chart all the room, or take it back."""
        self._zoomed = not self._zoomed
        self.refill()

    @on(FilterLine.Changed)
    def _filtered(self, message: FilterLine.Changed) -> None:
        self.post_message(self.Filtered(message.typed))

    @on(FilterLine.Left)
    def _filter_left(self) -> None:
        if not self.query_one(FilterLine).display:
            self.query_one(ModelTable).focus()
        self.refill()

    @on(ModelTable.Highlighted)
    def _highlighted(self, message: ModelTable.Highlighted) -> None:
        self.post_message(self.Selected(None if message.key is None else str(message.key)))

    @on(ModelTable.Opened)
    def _opened(self) -> None:
        self.action_open()

    def fill(self, view: View, width: int, height: int) -> None:
        """Put the latest into the panels."""
        down = above(view, width)
        self.query_one("#notice", Line).show(down)
        filtering = self.query_one(FilterLine).display
        self._arrange(view, width, height - 2 - (down is not None) - filtering)
        if view.news.snapshot is not None:
            self._fill_panels(view, view.news.snapshot)
        self._fill_selected(view)
        self.query_one(Header).show(
            heading.left(view, width, needing=self._rows.needing), heading.right(view)
        )

    def follow(self, view: View) -> None:
        """Show that the cursor is on another model: of a screen that shows the rest already, only what is told of the selected one."""
        shown = self.latest if self._filled == self.app.size else None
        same = shown is not None and shown._replace(selected=view.selected, now=view.now) == view
        if not same or layout.too_small(*self.app.size) or not self._is_visible():
            self.show(view)
            return
        self.latest = view
        self._fill_selected(view)

    def listed(self, snapshot: Snapshot, now: float, listing: Listing) -> tuple[ModelRow, ...]:
        """Return the models as rows, as they are wanted; of a snapshot that was seen already none is made anew."""
        return self._rows.read(snapshot, now, listing)

    def _arrange(self, view: View, width: int, height: int) -> None:
        if self._zoomed:
            self._plan = layout.zoomed(width, height)
        else:
            self._plan = layout.overview(width, height, len(view.models), len(view.devices))
        self.query_one(Panels).place(self._plan)

    def _fill_selected(self, view: View) -> None:
        """Put what is told of the model under the cursor into its places."""
        footed = footer(Where.OVERVIEW, self.app.size.width, _labels(view, zoomed=self._zoomed))
        self.query_one(KeyBar).show(footed)
        self.query_one(ModelTable).note(next_step.of_model(view))
        show_accuracy(self.query_one("#accuracy", HistoryChart), view)
        if self._plan.room("latency")[0]:
            show_latency(self.query_one("#latency", HistoryChart), view)

    def _fill_panels(self, view: View, snapshot: Snapshot) -> None:
        room = self._plan.room
        table = self.query_one(ModelTable)
        listed = self.listed(snapshot, view.now, view.listing)
        table.show(
            listed,
            listing=view.listing.words(len(listed), len(snapshot.models)),
            nothing=f"nothing matches {view.listing.typed}: esc shows all" if view.listing.typed else "",
            marked=view.marked,
            longest=self._rows.longest,
        )
        devices = rows.device_lines(snapshot.devices, room("devices")[0])
        width, height = room("jobs")
        if width:
            lines = job_lines(snapshot.jobs[:height], width, view.as_of)
            self._panel("jobs").show(
                lines, title="Jobs", subtitle=f"{snapshot.running} running, {snapshot.queued} queued"
            )
        else:
            devices = with_jobs(devices, snapshot.jobs, *room("devices"))
        title = "Devices" if room("jobs")[0] else "Devices and jobs"
        self._panel("devices").show(devices, title=title)
        width, height = room("events")
        events_shown = rows.event_lines(snapshot.events[:height], width, view.now)
        self._panel("events").show(events_shown, title="Events")
        for panel in self.query(Lines):
            panel.stale = not view.news.engine_running

    def _panel(self, name: str) -> Panel:
        return self.query_one(f"#{name}", Panel)


def _labels(view: View, *, zoomed: bool) -> dict[str, str]:
    """Return the footer's words that are other than usual."""
    # Words that change with every row are for the model's own screen; a key that few models need is not left out for want of room.
    own = {
        action: word
        for action, word in footers.of_model(view).items()
        if not word or action == "app.quarantine"
    }
    return ({"zoom": "all panels"} if zoomed else {}) | own | footers.labels(view)
