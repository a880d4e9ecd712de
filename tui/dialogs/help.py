"""The help: the keys of the screen below, from the table that binds them, and what the signs mean."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from tui.dialogs.framed import FRAME, Framed
from tui.key import Group, Where
from tui.keys import Explained, explained

SIGNS = (
    ("●", "ok"),
    ("◐", "working"),
    ("▲", "ready"),
    ("!", "needs you"),
    ("△", "held"),
    ("○", "no figures"),
    ("✗", "error"),
)

KEY_CELLS = 8


class Help(Framed[None]):
    """Shows the keys until any of the closing ones is pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter,space,ctrl+c", "close", show=False),
        Binding("down,j,pagedown", "scroll(1)", show=False),
        Binding("up,k,pageup", "scroll(-1)", show=False),
    ]

    DEFAULT_CSS = """
    Help {
        #help {
            width: 78;
            max-height: 100%;
            overflow-y: auto;
            scrollbar-size-vertical: 1;
        }
        #columns { height: auto; }
        #columns Static { width: 1fr; height: auto; }
        #signs { height: auto; margin-top: 1; }
    }
    """

    def __init__(self, where: Where, *, read_only: bool) -> None:
        super().__init__()
        self._where = where
        self._read_only = read_only

    def compose(self) -> ComposeResult:
        """Lay out the keys in two columns."""
        keys = explained(self._where)
        with Vertical(id="help", classes=FRAME) as frame:
            frame.border_title = f"Keys: {self._where}"
            frame.border_subtitle = self._foot()
            with Horizontal(id="columns"):
                for column in _columns(keys, read_only=self._read_only):
                    yield Static(Text("\n").join(column))
            yield Static(_signs(), id="signs")

    def on_resize(self) -> None:
        """Say in the frame how to see what does not fit."""
        self.call_after_refresh(self._tell_of_more)

    def _tell_of_more(self) -> None:
        frame = self.query_one("#help")
        frame.border_subtitle = f"↓ more   {self._foot()}" if frame.max_scroll_y else self._foot()

    def _foot(self) -> str:
        """Return what the frame says; a line for it would be one too many on a small terminal."""
        return f"{'read-only: the keys that act are off   ' if self._read_only else ''}esc closes"

    def action_scroll(self, step: int) -> None:
        """Show what lies below or above, where not every line fits."""
        self.query_one("#help").scroll_relative(y=step, animate=False)

    def action_close(self) -> None:
        """Close the help."""
        self.dismiss()


def _columns(keys: Sequence[Explained], *, read_only: bool) -> tuple[list[Text], list[Text]]:
    """Return the keys of every group, in two columns of the same height."""
    groups = [_group(group, keys, read_only=read_only) for group in Group]
    lines = [line for group in groups if group for line in (*group, Text())][:-1]
    half = (len(lines) + 1) // 2
    # A heading at the foot of a column, or a gap at the head of one, would belong to nothing.
    while any(_is_heading(line) for line in lines[half - 2 : half]) or not lines[half].plain:
        half += 1
    return lines[:half], lines[half:]


def _is_heading(line: Text) -> bool:
    return line.plain.isupper() and len(line.plain) > KEY_CELLS


def _group(group: Group, keys: Sequence[Explained], *, read_only: bool) -> list[Text]:
    lines = [
        Text.assemble(
            (f"{line.shown:<{KEY_CELLS}}", "bold"),
            line.words,
            (" (asks)" if line.key.asks else "", "dim"),
            style="dim" if read_only and line.key.engine else "",
        )
        for line in keys
        if line.key.group is group
    ]
    return [Text(group.upper(), "bold dim"), *lines] if lines else []


def _signs() -> Text:
    return Text("  ").join(Text.assemble((sign, "bold"), f" {word}") for sign, word in SIGNS)
