"""A question with two answers, made so that nothing is confirmed by accident.

The cancelling answer has the focus and Enter takes it. The other one is taken by its own key, and only after
the question has been on the screen and the keyboard silent for a moment: keys that were typed ahead over a
slow line, held down, or pasted without the terminal saying so, come in a burst and confirm nothing.
"""

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from tui.dialogs.framed import FRAME, Framed
from tui.widgets.literal import literal, printable

WIDEST, SIDES = 74, 6
"""Columns of a question, and those of them that its frame, its padding and a bar for scrolling take."""

Body = Callable[[int], Sequence[Text]]
"""What a question says, as lines of so many columns."""

FRAME_ROWS = 5
"""Of a question beside its body and its fields: the border, a gap, the answers and the note."""

ARMED_AFTER_S = 0.25
"""Longer than the gaps in a burst of keys, shorter than it takes to read the question."""


class Choice(Static, can_focus=True):
    """An answer that is taken by Enter while it has the focus, or by a click."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "take", show=False)]

    class Taken(Message):
        """This answer was given."""

        def __init__(self, choice: "Choice") -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> "Choice":
            """The answer."""
            return self.choice

    def action_take(self) -> None:
        """Give this answer."""
        self.post_message(self.Taken(self))

    def on_click(self) -> None:
        """Give this answer."""
        self.action_take()


class Confirm(Framed[bool]):
    """Asks a question; its result is whether the answer was yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", show=False),
        Binding("n,escape,q,ctrl+c", "no", show=False),
        Binding("down,pagedown", "further", show=False),
        Binding("up,pageup", "back", show=False),
    ]

    DEFAULT_CSS = """
    Confirm {
        #question {
            max-height: 100%;
            border: round $warning;
            border-title-color: $warning;
        }
        #body { height: auto; scrollbar-size-vertical: 1; }
        #text { height: auto; }
        #answers { height: 1; margin-top: 1; }
        Choice { width: auto; padding: 0 1; margin-right: 3; color: $text-muted; }
        Choice:focus { text-style: reverse bold; }
        #yes.-armed { color: $foreground; text-style: bold; }
        #note { height: auto; color: $warning; }
        #note.-empty { display: none; }
    }
    Confirm:ansi #question { background: ansi_default; border: round ansi_yellow; border-title-color: ansi_yellow; }
    """

    def __init__(self, title: str, body: Body, yes: str, *, subtitle: str = "") -> None:
        super().__init__()
        self._title = title
        self._subtitle = subtitle
        self._body = body
        self._columns = 0
        """Those for which it was broken into lines."""
        self._yes = yes
        self._quiet_since: float | None = None
        """When the last key came, or the question was first on the screen; ``None`` before that."""

    def compose(self) -> ComposeResult:
        """Lay out the question, its answers and a line for what is missing."""
        with Vertical(id="question", classes=FRAME) as question:
            question.styles.width = WIDEST
            question.border_title = Text(printable(self._title))
            question.border_subtitle = self._subtitle
            with VerticalScroll(id="body", can_focus=False):
                yield Static(self._broken(self.app.size.width), id="text")
            yield from self.compose_fields()
            with Horizontal(id="answers"):
                yield Choice(Text.assemble(("esc", "bold"), "  cancel"), id="no")
                yield Choice(Text(self._yes), id="yes")
            yield Static(id="note", classes="-empty")

    def compose_fields(self) -> ComposeResult:
        """Lay out what is to be filled in before the answer can be yes: nothing here."""
        yield from ()

    def on_mount(self) -> None:
        """Put the focus where Enter does no harm, and begin to count when the question has been painted."""
        if not self.is_laid_out:
            return
        self.query_one("#yes", Choice).can_focus = False
        self.query_one("#no", Choice).focus()
        self.call_after_refresh(self._painted)

    def on_resize(self, event: events.Resize) -> None:
        """Break the lines where the terminal ends, and leave the answers their rows: what does not fit above them is scrolled."""
        if not self.is_laid_out:
            return
        if self._columns != _columns(event.size.width):
            self.query_one("#text", Static).update(self._broken(event.size.width))
        left = event.size.height - FRAME_ROWS - len(self.query(".field"))
        self.query_one("#body").styles.max_height = max(left, 1)
        self.call_after_refresh(self._tell_of_more)

    def _broken(self, width: int) -> Text:
        """Return what the question says, in lines for a terminal of so many columns."""
        self._columns = _columns(width)
        return literal(Text("\n").join(self._body(self._columns)))

    def _tell_of_more(self) -> None:
        """Say in the frame how to see what does not fit."""
        if not self.is_current:
            return
        more = "↓ more" if self.query_one("#body").max_scroll_y else ""
        told = "  ".join(part for part in (self._subtitle, more) if part)
        self.query_one("#question").border_subtitle = told

    def action_further(self) -> None:
        """Show what lies below."""
        self.query_one("#body", VerticalScroll).scroll_page_down(animate=False)

    def action_back(self) -> None:
        """Show what lies above."""
        self.query_one("#body", VerticalScroll).scroll_page_up(animate=False)

    def on_key(self, event: events.Key) -> None:
        """Begin to count anew: whoever is still typing has not read the question."""
        del event
        if self._quiet_since is not None and not self.armed:
            self._painted()

    @property
    def armed(self) -> bool:
        """Whether a yes would be meant."""
        return self._quiet_since is not None and time.monotonic() - self._quiet_since >= ARMED_AFTER_S

    def action_yes(self) -> None:
        """Take the yes, if it is meant."""
        if self.armed:
            self.dismiss(True)
        elif self._quiet_since is not None:
            self._painted()

    def action_no(self) -> None:
        """Close without doing anything."""
        self.dismiss(False)

    @on(Choice.Taken, "#no")
    def _refused(self) -> None:
        self.action_no()

    @on(Choice.Taken, "#yes")
    def _accepted(self) -> None:
        self.action_yes()

    def say(self, note: str) -> None:
        """Show below the answers why the yes was not taken."""
        shown = self.query_one("#note", Static)
        shown.update(Text(printable(note)))
        shown.set_class(not note, "-empty")

    def _painted(self) -> None:
        if not self.is_current:
            return
        self._quiet_since = time.monotonic()
        self.query_one("#yes").remove_class("-armed")
        self.set_timer(ARMED_AFTER_S, self._show_armed)

    def _show_armed(self) -> None:
        self.query_one("#yes").set_class(self.armed, "-armed")


def _columns(width: int) -> int:
    """Return how many columns the lines of a question have in a terminal."""
    return max(min(width, WIDEST) - SIDES, 1)
