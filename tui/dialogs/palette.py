"""Every action of the screen below, found by its words: made from the table that binds the keys."""

from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from tui.dialogs.framed import FRAME, Framed
from tui.key import Key, Where
from tui.keys import of
from tui.matching import kept
from tui.widgets.table import Row, RowList, Table
from tui.widgets.typing_line import TypingLine

KEY_CELLS = 8

ROWS = 14
"""Actions in sight, with the frame and the heading."""


class Palette(Framed[str]):
    """Finds an action; its result is the action, or ``None``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c,ctrl+p", "close", show=False),
        Binding("down,tab", "move(1)", show=False),
        Binding("up,shift+tab", "move(-1)", show=False),
    ]

    DEFAULT_CSS = """
    Palette {
        #palette { width: 74; }
        Input > .input--placeholder { color: $text-muted; }
        Input, Input:focus { height: 1; border: none; padding: 0; background: $primary 12%; color: $foreground; }
        RowList { border: none; }
    }
    Palette:ansi Input, Palette:ansi Input:focus { background: ansi_default; text-style: underline; }
    """

    def __init__(self, where: Where, *, read_only: bool) -> None:
        super().__init__()
        self._where = where
        self._read_only = read_only
        self._keys = [key for key in of(where) if key.action != "app.palette"]

    def compose(self) -> ComposeResult:
        """Lay out the line to type in above the actions."""
        with Vertical(id="palette", classes=FRAME) as frame:
            frame.border_title = f"Actions: {self._where}"
            yield TypingLine(placeholder="words of the action", max_length=100)
            found = ActionList(id="found")
            found.styles.height = min(len(self._keys) + 1, ROWS)
            yield found

    def on_mount(self) -> None:
        """Show every action."""
        if not self.is_laid_out:
            return
        self.set_focus(self.query_one(Input))
        self._list("")

    def action_close(self) -> None:
        """Do nothing."""
        self.dismiss(None)

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self.query_one(ActionList).move(step)

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        self._list(message.value)
        self.query_one(ActionList).move_to(0)

    @on(Input.Submitted)
    @on(Table.Opened)
    def _taken(self) -> None:
        place = self.query_one(ActionList).key
        if isinstance(place, int):
            self.dismiss(self._keys[place].action)

    def _list(self, typed: str) -> None:
        found = [
            Row(place, (partial(self._line, key),))
            for place, key in kept(enumerate(self._keys), _parts, typed)
        ]
        count = "1 action" if len(found) == 1 else f"{len(found)} actions"
        self.query_one("#palette").border_subtitle = f"{count}   ⏎ does it   esc closes"
        self.query_one(ActionList).show(
            Text("KEY     ACTION", "dim"), found, nothing="no such action", title=""
        )

    def _line(self, key: Key) -> Text:
        return Text.assemble(
            (f"{key.shown:<{KEY_CELLS}}", "bold"),
            key.help,
            (" (asks)" if key.asks else "", "dim"),
            (" (read-only)" if self._read_only and key.engine else "", "dim"),
            (f"  modeltender {key.command}" if key.command else "", "dim"),
            style="dim" if self._read_only and key.engine else "",
        )


def _parts(placed: tuple[int, Key]) -> dict[str, str]:
    """Return what a filter looks at."""
    _, key = placed
    return {"words": f"{key.help} {key.label} {key.command}", "key": key.shown}


class ActionList(RowList):
    """The actions; the cursor is shown while the keys go to the line above."""

    def _shows_cursor(self) -> bool:
        return True
