"""The line behind ``/``: what is typed there chooses rows at once, Enter keeps the choice and Esc drops it."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from tui.widgets.typing_line import TypingLine

MOST = 100
"""Characters of a filter: more than a person types."""


class FilterLine(Horizontal):
    """Hidden until something is to be filtered."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "drop", show=False)]

    DEFAULT_CSS = """
    FilterLine {
        display: none;
        height: 1;
        padding: 0 1;
        color: $primary;
        Input > .input--placeholder { color: $text-muted; }
        Input, Input:focus { margin-left: 2; width: 1fr; height: 1; border: none; padding: 0; background: $primary 12%; color: $foreground; }
    }
    FilterLine:ansi Input, FilterLine:ansi Input:focus { background: ansi_default; text-style: underline; }
    """

    class Changed(Message):
        """Other rows are wanted."""

        def __init__(self, typed: str) -> None:
            super().__init__()
            self.typed = typed

    class Left(Message):
        """The keys are to go to the rows again, if this was not opened anew by then."""

    def render(self) -> Content:
        """Return what stands before the words: the key."""
        return Content("/")

    def compose(self) -> ComposeResult:
        """Lay out the line."""
        yield TypingLine(max_length=MOST, select_on_focus=False, placeholder="words; !not  model:name")

    @property
    def typed(self) -> str:
        """What chooses the rows."""
        return self.query_one(Input).value.strip()

    def open(self) -> None:
        """Take the keys, from the next one on: what is typed ahead belongs to the filter."""
        # A class would show it a moment later, and what is hidden cannot have the keys.
        self.display = True
        self.query_one(TypingLine).begin()

    def drop(self) -> bool:
        """Choose every row again; return whether some were left out."""
        was = bool(self.typed)
        self.query_one(Input).value = ""
        self.display = False
        return was

    def action_drop(self) -> None:
        """Choose every row again, and leave."""
        self.drop()
        self._leave()

    @on(Input.Changed)
    def _typing(self, message: Input.Changed) -> None:
        message.stop()
        self.post_message(self.Changed(message.value.strip()))

    @on(Input.Submitted)
    def _kept(self, message: Input.Submitted) -> None:
        message.stop()
        self.display = False
        self._leave()

    def _leave(self) -> None:
        # At once: a key that opens this again may be the next one.
        self.screen.set_focus(None)
        self.post_message(self.Left())
