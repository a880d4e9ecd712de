"""The help: the keys of the screen below, from the table that binds them, and what the signs mean."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.keys import Group, Key, Where, of

SIGNS = (
    ("●", "ok"),
    ("◐", "working"),
    ("▲", "candidate ready"),
    ("!", "attention"),
    ("○", "stale, waiting"),
    ("✗", "error"),
)

KEY_CELLS = 8


class Help(ModalScreen[None]):
    """Shows the keys until any of the closing ones is pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter,space,ctrl+c", "close", show=False)
    ]

    DEFAULT_CSS = """
    Help {
        align: center middle;
        #help {
            width: 78;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            padding: 0 1;
            border: round $primary;
            border-title-color: $primary;
            border-title-style: bold;
            border-subtitle-color: $text-muted;
            background: $surface;
        }
        #columns { height: auto; }
        #columns Static { width: 1fr; height: auto; }
        #foot { height: auto; margin-top: 1; color: $text-muted; }
    }
    Help:ansi #help { background: ansi_default; border: round ansi_cyan; border-title-color: ansi_cyan; }
    """

    def __init__(self, where: Where, *, read_only: bool) -> None:
        super().__init__()
        self._where = where
        self._read_only = read_only

    def compose(self) -> ComposeResult:
        """Lay out the keys in two columns."""
        keys = of(self._where)
        with Vertical(id="help") as frame:
            frame.border_title = f"Keys: {self._where}"
            frame.border_subtitle = "esc closes"
            with Horizontal(id="columns"):
                left = [
                    *_group(Group.MOVE, keys, read_only=False),
                    Text(),
                    *_group(Group.VIEW, keys, read_only=False),
                ]
                right = [*_group(Group.ACT, keys, read_only=self._read_only), Text(), *_signs()]
                yield Static(Text("\n").join(left))
                yield Static(Text("\n").join(right))
            yield Static(_foot(read_only=self._read_only), id="foot")

    def action_close(self) -> None:
        """Close the help."""
        self.dismiss()


def _group(group: Group, keys: Sequence[Key], *, read_only: bool) -> list[Text]:
    lines = [
        Text.assemble(
            (f"{key.shown:<{KEY_CELLS}}", "bold"),
            key.help,
            (" (asks)" if key.asks else "", "dim"),
            style="dim" if read_only and key.engine else "",
        )
        for key in keys
        if key.group is group
    ]
    return [Text(group.upper(), "bold dim"), *lines] if lines else []


def _signs() -> list[Text]:
    return [
        Text("SIGNS", "bold dim"),
        *(Text.assemble((f"{sign:<{KEY_CELLS}}", "bold"), word) for sign, word in SIGNS),
    ]


def _foot(*, read_only: bool) -> Text:
    if read_only:
        return Text("This console is read-only: the keys that act are off.")
    return Text("The same in the shell: modeltender --help. No mouse is needed.")
