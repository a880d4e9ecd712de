"""A line to type in that Esc leaves: what was typed right behind it is for what is seen then."""

from typing import Any

from textual import events
from textual.widgets import Input


class TypingLine(Input):
    """A line whose cursor rests: one that blinks would send bytes while nothing happens."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.cursor_blink = False
        self._is_left = False

    def on_key(self, event: events.Key) -> None:
        """Take no letter behind an Esc: it was handed over before anybody knew that this closes, and goes on from here."""
        if self._is_left:
            event.prevent_default()
        self._is_left = self._is_left or event.key == "escape"

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        """Leave what is no longer taken to whom it is for, though this has the focus for a moment longer."""
        return not self._is_left and super().check_consume_key(key, character)

    def begin(self) -> None:
        """Have the focus, and take letters from the next one on, be it on its way already."""
        self._is_left = False
        self.screen.set_focus(self)
