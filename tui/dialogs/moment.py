"""The line behind ``@``: a moment of the past, written as people write one."""

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from tui.dialogs.framed import FRAME, Framed
from tui.moments import moment
from tui.widgets.literal import printable
from tui.widgets.typing_line import TypingLine

EXAMPLES = "03:10   15m   2d   2025-01-31 03:10   (UTC)"


class AskMoment(Framed[float]):
    """Asks for a moment; its result is that one, or ``None``."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,ctrl+c", "close", show=False)]

    DEFAULT_CSS = """
    AskMoment {
        Input, Input:focus { height: 1; border: none; padding: 0; background: $primary 12%; color: $foreground; }
        #note { height: auto; color: $text-muted; }
    }
    AskMoment:ansi Input, AskMoment:ansi Input:focus { background: ansi_default; text-style: underline; }
    """

    def __init__(self, now: float, written: str) -> None:
        super().__init__()
        self._now = now
        self._written = written

    def compose(self) -> ComposeResult:
        """Lay out the line to type in, and below it what may be typed."""
        with Vertical(id="moment", classes=FRAME) as frame:
            frame.border_title = "Show how things stood at"
            frame.border_subtitle = "⏎ shows it   esc closes"
            yield TypingLine(self._written, max_length=40, select_on_focus=True)
            yield Static(Text(EXAMPLES), id="note")

    def on_mount(self) -> None:
        """Take the keys."""
        if not self.is_laid_out:
            return
        self.set_focus(self.query_one(Input))

    def action_close(self) -> None:
        """Stay where one is."""
        self.dismiss(None)

    @on(Input.Submitted)
    def _typed(self, message: Input.Submitted) -> None:
        try:
            found = moment(message.value, self._now)
        except ValueError as error:
            self.query_one("#note", Static).update(Text(printable(f"{error}.")))
            return
        if found >= self._now:
            self.query_one("#note", Static).update(Text("That is not over yet."))
        else:
            self.dismiss(found)
