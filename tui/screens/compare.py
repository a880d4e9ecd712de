"""Two versions beside each other: is the newer one better, by how much, and is it safe to promote?

Puts what was read into the panels; what the figures say is `tui.compare_rows`'.
"""

from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.message import Message

from storage.paired import Pair
from storage.records import Version
from tui import compare_rows, layout, sheets, values
from tui import format as form
from tui.compare_rows import Line
from tui.key import Where
from tui.keys import bindings
from tui.layout import Plan
from tui.list_screen import ListScreen
from tui.matching import kept
from tui.sheets import Sheet
from tui.values import Value
from tui.view import View

ABOUT = 11
"""Rows, with the frame, of what the difference comes to."""


class Compare(ListScreen):
    """Every figure of two versions, and the verdict."""

    WHERE = Where.COMPARE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.COMPARE)]

    class Turned(Message):
        """Another version is wanted on one side."""

        def __init__(self, *, after: int = 0, before: int = 0) -> None:
            super().__init__()
            self.after = after
            self.before = before

    def selected_version(self) -> Version | None:
        """Return the version that is judged."""
        pair = self.latest.pair if self.latest else None
        return pair.after if pair else None

    def values(self) -> list[Value]:
        """Return what can be copied of the versions, and of the figure under the cursor."""
        view = self.latest
        return values.of_comparison(view.pair, self._chosen(view)) if view and view.pair else []

    def sheet(self) -> Sheet:
        """Return the listed figures; none before the versions are read."""
        pair = self.latest.pair if self.latest else None
        return sheets.of_comparison(pair, self._listed(pair)) if pair else Sheet(("figure",), ())

    def plan(self, view: View, width: int, height: int) -> Plan:
        """Give the figures what the verdict leaves; beside each other where there is room."""
        lines = len(compare_rows.lines(view.pair)) if view.pair else 0
        below = min(max(ABOUT, height - lines - 1 - layout.FRAME), height // 2)
        return layout.beside(width, height, "rows", about=below)

    def fill_lists(self, view: View) -> None:
        """Put the figures into the list."""
        pair, width = view.pair, self.room("rows")
        if pair is None:
            self.show_list("rows", Text(), [], nothing=_nothing(view), title="Figures")
            return
        known, found = compare_rows.lines(pair), self._listed(pair)
        self.show_list(
            "rows",
            compare_rows.heading(pair, width),
            compare_rows.rows(found, width),
            nothing="there are no figures yet",
            title=form.counted("Figures", len(found), len(known)),
        )

    def known(self, view: View) -> tuple[str, list[Text]]:
        """Return what the difference comes to."""
        pair = view.pair
        if pair is None:
            return "Verdict", []
        title = f"v{pair.after.number} against v{pair.before.number}, on the same examples"
        return title, compare_rows.about(view, pair, self._chosen(view))

    def told(self, view: View) -> str:
        """Return which versions are compared, and what came of it."""
        wanted, pair = view.compared, view.pair
        if wanted is None:
            return ""
        verdict = f"  {pair.answer.verdict}" if pair and pair.answer else ""
        return f"{wanted.model}  v{wanted.after} against v{wanted.before}{verdict}"

    def labels(self, view: View) -> dict[str, str]:
        """Return the footer's words that are other than usual."""
        candidate = view.model.candidate if view.model else None
        promotes = (
            candidate is not None and view.compared is not None and candidate.number == view.compared.after
        )
        own = {
            "app.promote": f"promote v{candidate.number}" if candidate and promotes else "",
            "app.pause": "",
        }
        return own | super().labels(view)

    def action_turn_after(self, step: int) -> None:
        """Judge another version."""
        self.post_message(self.Turned(after=step))

    def action_turn_before(self, step: int) -> None:
        """Hold it against another version."""
        self.post_message(self.Turned(before=step))

    def _listed(self, pair: Pair) -> list[Line]:
        return kept(compare_rows.lines(pair), compare_rows.parts, self.typed)

    def _chosen(self, view: View) -> Line | None:
        lines = compare_rows.lines(view.pair) if view.pair else []
        return next((line for line in lines if line.name == self.chosen("rows")), None)


def _nothing(view: View) -> str:
    wanted, detail = view.compared, view.news.detail
    if wanted is None or detail is None or detail.model.name != wanted.model:
        return "the two versions are being read"
    there = set(detail.versions.numbers)
    # Of very many versions the oldest are not listed: whether one is gone is known when the two were read.
    listed = len(there) >= detail.model.versions
    gone = [f"v{number}" for number in (wanted.before, wanted.after) if listed and number not in there]
    when = " then" if view.replay is not None else ""
    return f"there was no {' and no '.join(gone)}{when}" if gone else "the two versions are being read"
