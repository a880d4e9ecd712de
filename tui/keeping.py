"""What a person takes away from the console: a value for the clipboard, or the present view as a file.

Nothing is ever overwritten, nothing is written among the models and data that the engine watches, and it is always
said where something went.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from storage.errors import Error
from storage.text import clean
from tui import terminal, views
from tui.console_screen import ConsoleScreen
from tui.looking import Looking
from tui.sheets import Sheet
from tui.values import Value

COPIED_S = 8.0
"""How long a copied value is shown: long enough to copy it by hand where the terminal does not."""

MOST_COPIED = 8192
"""Characters: what every terminal takes by OSC 52; a longer one is for a file."""


@runtime_checkable
class HasValues(Protocol):
    """A screen of which something can be copied."""

    def values(self) -> Sequence[Value]:
        """Return what can be copied of what is selected."""


@runtime_checkable
class HasSheet(Protocol):
    """A screen whose table can be kept as figures."""

    def sheet(self) -> Sheet:
        """Return every row that is listed."""


class Keeping(Looking):
    """The part of the application that hands things out."""

    def action_copy(self) -> None:
        """Offer what can be copied of what is selected, and hand it to the terminal."""
        values = self.screen.values() if isinstance(self.screen, HasValues) else ()
        if not values:
            self.say("Nothing is selected that could be copied.")
            return
        from tui.dialogs.choose import Choose

        def chosen(place: int | None) -> None:
            if place is not None:
                self._copy(values[place].text)

        self.push_screen(Choose("Copy", values, heading=("WHAT", "VALUE"), does="copies"), chosen)

    def action_keep(self) -> None:
        """Ask in which form, and keep what the screen shows as a file."""
        screen = self.screen
        if not isinstance(screen, ConsoleScreen):
            return
        from tui.dialogs.choose import Choose

        forms = [views.TEXT, views.PICTURE, *([views.FIGURES] if isinstance(screen, HasSheet) else [])]
        folder = views.place(self.workspace)
        offered = [(form.label, form.words) for form in forms]

        def chosen(place: int | None) -> None:
            if place is not None:
                # The dialog is still on its way out: it is no part of the view.
                self.call_after_refresh(self._keep, screen, forms[place], folder)

        self.push_screen(
            Choose(
                f"Save this view in {clean(str(folder), 50)}",
                offered,
                heading=("FORMAT", "WHAT IT HOLDS"),
                does="saves it",
            ),
            chosen,
        )

    def copy_to_clipboard(self, text: str) -> None:
        """Hand a text to the terminal, through GNU screen too."""
        super().copy_to_clipboard(text)
        if self._driver is not None and terminal.is_gnu_screen(os.environ):
            self._driver.write(terminal.through_gnu_screen(text))

    def _copy(self, text: str) -> None:
        if len(text) > MOST_COPIED:
            self.say(f"This is too long for a clipboard ({len(text):,} characters).")
            return
        self.copy_to_clipboard(text)
        # No terminal answers whether it took it.
        self.notify(text, title="Handed to the terminal's clipboard:", timeout=COPIED_S, markup=False)

    def _keep(self, screen: ConsoleScreen, form: views.Form, folder: Path) -> None:
        if form is views.FIGURES and isinstance(screen, HasSheet):
            content = screen.sheet().as_csv()
        elif form is views.PICTURE:
            content = views.without_fonts(
                self.export_screenshot(title=f"modeltender {self.workspace.root.name}")
            )
        else:
            content = views.plain(screen.lines())
        try:
            file = views.write(folder, screen.WHERE.value, form, content, self.now())
        except Error as error:
            self.say(f"{error.message} {error.hint}".strip(), failed=True)
        else:
            self.say(f"Saved: {file}", failed=False)
