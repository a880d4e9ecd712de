"""Keys that were typed ahead of the line that they are for: over a network ``/mnist`` comes all at once.

Textual hands a key to what is in focus when it comes. Where a key before it, which is still on its way, opens a line to type
in, that is the wrong place, and the letter would be lost.
"""

from collections import deque
from typing import Any, Final
from weakref import ReferenceType, ref

from textual import events
from textual.app import App
from textual.widget import Widget
from textual.widgets import Input

AHEAD: Final = 256
"""Keys of which it is known whom they were handed to: more are never on their way."""


class TypedAhead(App[int]):
    """An application in which letters reach the line that a key before them opens."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        self._handed: deque[tuple[events.Key, ReferenceType[Widget] | None]] = deque(maxlen=AHEAD)

    async def on_event(self, event: events.Event) -> None:
        """Remember whom a key is handed to."""
        if isinstance(event, events.Key) and not event.is_forwarded and self.screen_stack:
            self._remember(event, self.focused)
        await super().on_event(event)

    def on_key(self, event: events.Key) -> None:
        """Hand a key that nobody took to the line that has the focus by now, if it was handed to something else.

        Or to this line when nobody typed in it any more; no line lets a letter pass otherwise.
        """
        # When the console ends, no screen is left.
        line = self.focused if self.screen_stack else None
        if isinstance(line, Input) and (
            self._was_handed_elsewhere(event, line) or line.check_consume_key(event.key, event.character)
        ):
            event.prevent_default()
            again = events.Key(event.key, event.character)
            self._remember(again, line)
            line._forward_event(again)  # noqa: SLF001 - posted to the application it would come after keys that are later

    def _remember(self, key: events.Key, to: Widget | None) -> None:
        # Who had it may be a dialog's, which is to be gone with the dialog.
        self._handed.append((key, None if to is None else ref(to)))

    def _was_handed_elsewhere(self, event: events.Key, line: Input) -> bool:
        return any(key is event and (to is None or to() is not line) for key, to in self._handed)
