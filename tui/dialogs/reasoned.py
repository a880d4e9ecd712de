"""A question whose yes takes more than a key: what is typed into its fields is kept with what is done.

Owns the fields and the difference between a person's Enter and one that was pasted or typed ahead. What the fields
must say is each question's own.
"""

import time
from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label

from tui.dialogs.confirm import Body, Confirm

TYPED_GAP_S = 0.05
"""A person's Enter comes later after the key before it; one that was pasted or typed ahead does not."""

LONGEST = 200
"""Characters of a field: a sentence or two."""

REASON = ("reason", "Reason (kept in the log)")
"""The field that every such question ends with."""


class Reasoned(Confirm):
    """Asks a question that is answered in fields; its `reason` is set where the answer was yes."""

    DEFAULT_CSS = """
    Reasoned {
        .field { height: 1; }
        .field Label { width: 28; color: $text-muted; }
        .field Input { width: 1fr; height: 1; border: none; padding: 0; background: $primary 12%; color: $foreground; }
        .field Input:focus { background: $primary 30%; }
    }
    Reasoned:ansi .field Input { background: ansi_default; text-style: underline; }
    """

    BINDINGS: ClassVar = []

    def __init__(
        self,
        title: str,
        body: Body,
        yes: str,
        *,
        fields: Sequence[tuple[str, str]] = (REASON,),
        note: str = "tab goes to the field",
        subtitle: str = "",
    ) -> None:
        super().__init__(title, body, yes, subtitle=subtitle)
        self._fields = fields
        self._note = note
        self._key_at = 0.0
        self._gap = 0.0
        self.reason = ""

    def compose_fields(self) -> ComposeResult:
        """Lay out the fields."""
        for id_, label in self._fields:
            with Horizontal(classes="field"):
                yield Label(label)
                yield Input(id=id_, select_on_focus=False, max_length=LONGEST)

    def on_key(self, event: events.Key) -> None:
        """Remember how long ago the key before this one came."""
        super().on_key(event)
        now = time.monotonic()
        self._gap, self._key_at = now - self._key_at, now

    def on_mount(self) -> None:
        """Say how the fields are reached."""
        if self._fields and self.is_laid_out:
            self.say(self._note)

    def action_yes(self) -> None:
        """Take a yes from a key only where there is nothing to fill in."""
        if not self._fields:
            super().action_yes()

    def typed(self, field: str) -> str:
        """Return what stands in a field."""
        return self.query_one(f"#{field}", Input).value.strip()

    def objection(self) -> str:
        """Return what is wrong with what was typed beside the reason; nothing here."""
        return ""

    @on(Input.Submitted, "#reason")
    def _insisted(self) -> None:
        reason = self.typed("reason")
        if not self.armed or self._gap < TYPED_GAP_S:
            self.say("That came too fast to be meant: press ⏎ once more.")
        elif objection := self.objection():
            self.say(objection)
        elif not reason:
            self.say("A reason is needed; it is kept in the history.")
        else:
            self.reason = reason
            self.dismiss(True)
