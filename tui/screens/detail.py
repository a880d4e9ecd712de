"""One model: why does it look like this, and what can be done? Its history, its versions, where it errs.

Puts what was read into the panels; what the figures say is `tui.rows`'.
"""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from storage.records import Version, Versions
from storage.snapshot import Detail as Facts
from tui import (
    about,
    allowance,
    detail_rows,
    footers,
    heading,
    health,
    layout,
    next_step,
    rows,
    sheets,
    values,
)
from tui import format as form
from tui.charts import UNREAD, show_accuracy, show_latency
from tui.console_screen import ConsoleScreen
from tui.footers import footer
from tui.key import Where
from tui.keys import bindings
from tui.notices import above
from tui.sheets import Sheet
from tui.values import Value
from tui.view import View
from tui.widgets.grid import Panels
from tui.widgets.header import Header
from tui.widgets.history_chart import HistoryChart
from tui.widgets.key_bar import KeyBar
from tui.widgets.line import Line
from tui.widgets.lines import Lines
from tui.widgets.panel import Panel

TITLES = {
    "versions": "Versions",
    "confusion": "Confusion",
    "figures": "Latency",
    "evaluations": "Evaluations",
    "about": "About",
}
"""What the panels are called while nothing of the model is read."""


class Detail(ConsoleScreen):
    """Everything about the selected model."""

    WHERE = Where.DETAIL
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.DETAIL)]

    class Compared(Message):
        """The selected version is to be held against what is deployed."""

    class Stepped(Message):
        """The model before or after this one is wanted."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self) -> None:
        super().__init__()
        self._number: int | None = None
        """The selected version; the cursor follows the version, not its row."""
        self._zoomed = False
        self._room_for = 0
        """Versions of the model that was read last: until another one is read the panels stay where they are."""
        self._plan = layout.zoomed(0, 0)

    def compose_room(self) -> ComposeResult:
        """Lay out every panel; the size decides which of them are shown."""
        yield Header(id="header")
        yield Line(id="notice")
        with Panels(id="panels"):
            yield HistoryChart(id="accuracy")
            yield HistoryChart(id="latency")
            yield Panel(id="versions")
            yield Panel(id="confusion")
            yield Panel(id="figures")
            yield Panel(id="evaluations")
            yield Panel(id="about")
        yield Line(id="sentence")
        yield KeyBar(id="keys")

    def begin(self) -> None:
        """Select the newest version, and give every panel its room."""
        self._number = None
        self._zoomed = False

    def let_go(self) -> None:
        """Have no points in the charts."""
        super().let_go()
        for chart in self.query(HistoryChart):
            chart.begin()

    def show(self, view: View) -> None:
        """Show the latest; another model begins with its newest version selected."""
        if self.latest is not None and self.latest.selected != view.selected:
            self._number = None
        super().show(view)

    def selected_version(self) -> Version | None:
        """Return the version under the cursor."""
        versions = self._versions()
        return versions.numbered(self._number) or (versions[0] if versions else None)

    def values(self) -> list[Value]:
        """Return what can be copied of the version under the cursor."""
        view = self.latest
        if view is None or view.model is None:
            return []
        return values.of_model(view.model, self.selected_version(), view.folder)

    def sheet(self) -> Sheet:
        """Return the model's versions as figures."""
        return sheets.of_versions(self._versions())

    async def action_back(self) -> None:
        """Take the chart back to its place, or go back to the overview."""
        if self._zoomed:
            self.action_zoom()
        else:
            await self.run_action("app.return")

    def action_compare(self) -> None:
        """Hold the selected version against what is deployed."""
        self.post_message(self.Compared())

    def action_step(self, step: int) -> None:
        """Go to the model before or after."""
        self.post_message(self.Stepped(step))

    def action_move(self, step: int) -> None:
        """Move the cursor among the versions."""
        self.action_move_to(max(0, self._row() + step))

    def action_move_to(self, row: int) -> None:
        """Move the cursor to a row, counted from the end where negative."""
        versions = self._versions()
        if versions:
            row = len(versions) - 1 if row < 0 else min(row, len(versions) - 1)
            self._number = versions.numbers[row]
            self.refill()

    def action_cursor(self, step: int) -> None:
        """Read the value measured before or after the one that is read now."""
        self.query_one("#accuracy", HistoryChart).move(step)

    def action_zoom(self) -> None:
        """Give the chart all the room, or take it back."""
        self._zoomed = not self._zoomed
        self.refill()

    def _facts(self) -> Facts | None:
        view = self.latest
        facts = view.news.detail if view else None
        return facts if view and facts and facts.model.name == view.selected else None

    def _versions(self) -> Versions:
        facts = self._facts()
        return facts.versions if facts else Versions()

    def _row(self) -> int:
        numbers = self._versions().numbers
        return numbers.index(self._number) if self._number in numbers else 0

    def fill(self, view: View, width: int, height: int) -> None:
        """Put the latest into the panels."""
        down = above(view, width)
        self.query_one("#notice", Line).show(down)
        self.query_one("#sentence", Line).show(rows.fit(Text(next_step.of_model(view)), width - 2))
        self.query_one(Header).show(heading.of_model(view, view.selected or "", width), heading.right(view))
        self.query_one(KeyBar).show(footer(Where.DETAIL, width, _labels(view, self.selected_version())))
        height -= 3 + (down is not None)
        if self._facts() is not None:
            self._room_for = len(self._versions())
        plan = layout.detail(width, height, self._room_for)
        self._plan = layout.zoomed(width, height) if self._zoomed else plan
        self.query_one(Panels).place(self._plan)
        self._fill_panels(view)

    def _fill_panels(self, view: View) -> None:
        show_accuracy(self.query_one("#accuracy", HistoryChart), view)
        if self._plan.room("latency")[0]:
            show_latency(self.query_one("#latency", HistoryChart), view)
        facts, version = self._facts(), self.selected_version()
        for lines_of_text in self.query(Lines):
            lines_of_text.stale = not view.news.engine_running
        for panel in self.query(Panel):
            width, height = self._plan.room(panel.id or "")
            if facts is None:
                panel.show([] if view.model is None else [Text(UNREAD, "dim")], title=TITLES[panel.id or ""])
            elif width:
                found = _of_broken(panel.id or "", version, width) or self._content(
                    panel.id or "", facts, version, (width, height), view.now
                )
                panel.show(found[1], title=found[0])

    def _content(
        self, name: str, facts: Facts, version: Version | None, room: tuple[int, int], now: float
    ) -> tuple[str, list[Text]]:
        width, height = room
        evaluation = version.evaluation if version else None
        of = f" v{version.number}" if version else ""
        if name == "versions":
            selected = version.number if version else None
            some = len(facts.versions) < facts.model.versions
            title = (
                form.counted("Versions", len(facts.versions), facts.model.versions) if some else "Versions"
            )
            return title, detail_rows.version_lines(facts, width, height, selected)
        if name == "confusion":
            if evaluation is not None and not evaluation.confusion:
                told = f"Figures{of}  n={evaluation.dataset_rows}"
                return told, detail_rows.figure_lines(evaluation, width, height)
            labels = about.labels(self.latest.news.settings if self.latest else None)
            return f"Confusion{of}{detail_rows.confused(evaluation, width)}", detail_rows.confusion_lines(
                evaluation, labels, width, height
            )
        if name == "figures":
            return f"Latency{of}", rows.latency_lines(evaluation.latency if evaluation else None, width)
        if name == "evaluations":
            return "Evaluations", detail_rows.evaluation_lines(facts, width, now)
        return f"About{of}", about.lines(facts, version, width)


def _of_broken(name: str, version: Version | None, width: int) -> tuple[str, list[Text]] | None:
    """Return why a version cannot be used, in the place of what was never measured of it."""
    if version is None or version.status not in health.BROKEN:
        return None
    if name == "confusion":
        return f"Why v{version.number} {version.status.fate}", about.refusal_lines(version, width)
    if name == "figures" and version.evaluation is None:
        return f"Latency v{version.number}", [Text("n/a: it cannot be loaded", "dim")]
    return None


def _labels(view: View, version: Version | None) -> dict[str, str]:
    """Return the footer's words that are other than usual."""
    labels = {"app.pause": ""}
    if version is not None and allowance.possible(version):
        labels["app.trust"] = f"trust v{version.number}"
    if version is not None:
        labels["app.evaluate"] = f"eval v{version.number}"
    return labels | footers.of_model(view) | footers.labels(view)
