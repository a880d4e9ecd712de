"""The settings: what holds for the selected model and for all of them, where is that said, and what is wrong with it?

Puts what was read into the panels; what a setting says is `tui.settings_rows`'.
"""

from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType

from storage.settings_listing import DEFAULT, Entry
from tui import format as form
from tui import layout, settings_rows, sheets, values
from tui.key import Where
from tui.keys import bindings
from tui.layout import Plan
from tui.list_screen import ListScreen
from tui.matching import kept
from tui.sheets import Sheet
from tui.values import Value
from tui.view import View

ABOUT = 9
"""Rows, with the frame, of the sentences about one setting."""


class Settings(ListScreen):
    """Every setting, and where it comes from."""

    WHERE = Where.SETTINGS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Where.SETTINGS)]

    def values(self) -> list[Value]:
        """Return what can be copied of the setting under the cursor."""
        chosen = self._selected(self.latest) if self.latest else None
        return values.of_setting(chosen, path(chosen)) if chosen else []

    def sheet(self) -> Sheet:
        """Return the listed settings."""
        return sheets.of_settings(self._listed(self.latest) if self.latest else ())

    def plan(self, view: View, width: int, height: int) -> Plan:
        """Give the list what the sentences about one setting leave."""
        return layout.listing(
            width, height, ("rows", len(self._entries(view))), about=layout.share(height, ABOUT)
        )

    def fill_lists(self, view: View) -> None:
        """Put the settings into the list."""
        known, found = self._entries(view), self._listed(view)
        width = self.room("rows")
        self.show_list(
            "rows",
            settings_rows.heading(width),
            settings_rows.rows(found, width),
            nothing="the settings are being read",
            title=form.counted("Settings", len(found), len(known)) + _as_now(view),
        )

    def known(self, view: View) -> tuple[str, list[Text]]:
        """Return everything about the setting under the cursor."""
        chosen = self._selected(view)
        if chosen is None:
            return "Setting", []
        return "Setting", settings_rows.about(chosen, path(chosen))

    def told(self, view: View) -> str:
        """Return whose settings they are, and how many are wrong."""
        entries = self._entries(view)
        wrong = sum(bool(entry.problem) for entry in entries)
        said = sum(entry.origin != DEFAULT for entry in entries)
        state = f"{wrong} problem{'' if wrong == 1 else 's'}" if wrong else f"{said} set"
        return f"{view.selected}  {state}" if view.selected else state

    def _entries(self, view: View) -> tuple[Entry, ...]:
        listed = view.news.listed
        return listed.entries if listed is not None and listed.model == view.selected else ()

    def _listed(self, view: View) -> list[Entry]:
        return kept(self._entries(view), settings_rows.parts, self.typed)

    def _selected(self, view: View) -> Entry | None:
        chosen = self.chosen("rows")
        return next((one for one in self._entries(view) if (one.scope, one.key) == chosen), None)


def path(entry: Entry) -> str:
    """Return the file in which a setting can be said."""
    return f"models/{entry.scope}/model.toml" if entry.scope else "modeltender.toml"


def _as_now(view: View) -> str:
    """Return that these are not the settings of the past moment that everything else is of."""
    return "" if view.replay is None else "  as they are now: their past is not recorded"
