"""The frame of every dialog: centred over what it is about, as wide as its text, never wider than the terminal."""

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

from tui import keeping_less

Result = TypeVar("Result")

FRAME = "frame"
"""The class of the one widget that has the frame."""


class Framed(ModalScreen[Result]):
    """A dialog; what is in the frame is its own."""

    DEFAULT_CSS = """
    Framed {
        align: center middle;
        .frame {
            width: 60;
            max-width: 100%;
            height: auto;
            padding: 0 1;
            border: round $primary;
            border-title-color: $primary;
            border-title-style: bold;
            border-subtitle-color: $text-muted;
            background: $surface;
        }
    }
    Framed:ansi .frame { background: ansi_default; border: round ansi_cyan; border-title-color: ansi_cyan; }
    """

    @property
    def is_laid_out(self) -> bool:
        """Whether there is anything in it: one that is closed in the moment in which it opens never is."""
        return bool(self.children)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Do nothing for a key that comes when this is closed: it was typed ahead, and the widgets go one by one."""
        return super().check_action(action, parameters) if self.is_current else False

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close, once: of keys that were typed ahead a second one may come, and would close what is below, or comes next."""
        if not self.is_current:
            return AwaitComplete()
        keeping_less.look_for_waste(self.app)
        return super().dismiss(result)
