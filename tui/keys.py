"""The keys: one table that makes the bindings, the footer and the help.

A key that is not in the table does nothing, and one that is in it works, is shown and is explained. What an
action does is the screen's or the application's own; nothing is decided here.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from textual.binding import Binding


class Group(StrEnum):
    """The headings of the help, in its order."""

    MOVE = "Move"
    ACT = "Act on the selected model"
    VIEW = "View"


class Where(StrEnum):
    """The screens that have keys."""

    OVERVIEW = "overview"
    DETAIL = "detail"
    PROBLEM = "problem"


EVERYWHERE = frozenset(Where)
MODELS = frozenset({Where.OVERVIEW, Where.DETAIL})
OVERVIEW = frozenset({Where.OVERVIEW})
DETAIL = frozenset({Where.DETAIL})


class Key(NamedTuple):
    """One thing that a person can do by a key."""

    keys: str
    """Textual's names, separated by commas; the first is the one that is shown."""
    shown: str
    action: str
    help: str
    group: Group
    screens: frozenset[Where]
    label: str = ""
    """What the footer says, or empty for a key that only the help mentions."""
    asks: bool = False
    """Whether a dialog asks before anything happens."""
    engine: bool = False
    """Whether it asks the engine for work, which a read-only console does not."""


KEYS = (
    Key("question_mark,f1", "?", "app.help", "this help", Group.VIEW, EVERYWHERE, "help"),
    Key("escape", "esc", "back", "back, close", Group.MOVE, DETAIL, "back"),
    Key("enter", "⏎", "open", "open the model", Group.MOVE, OVERVIEW, "open"),
    Key("r", "r", "app.evaluate", "evaluate now", Group.ACT, MODELS, "re-eval", engine=True),
    Key(
        "p", "p", "app.promote", "promote the candidate", Group.ACT, MODELS, "promote", asks=True, engine=True
    ),
    Key("u", "u", "app.roll_back", "roll back", Group.ACT, MODELS, "roll back", asks=True, engine=True),
    Key("c", "c", "app.cancel", "cancel its job", Group.ACT, MODELS, "cancel", asks=True, engine=True),
    Key("R", "R", "app.evaluate_all", "evaluate all models", Group.ACT, MODELS, asks=True, engine=True),
    Key("s", "s", "app.start_engine", "start the engine", Group.ACT, EVERYWHERE, engine=True),
    Key("up,k", "↑ k", "move(-1)", "row up", Group.MOVE, MODELS),
    Key("down,j", "↓ j", "move(1)", "row down", Group.MOVE, MODELS),
    Key("g,home", "g", "move_to(0)", "first row", Group.MOVE, MODELS),
    Key("G,end", "G", "move_to(-1)", "last row", Group.MOVE, MODELS),
    Key("left", "←", "step(-1)", "the model before", Group.MOVE, DETAIL),
    Key("right", "→", "step(1)", "the model after", Group.MOVE, DETAIL),
    Key("1", "1", "app.overview", "overview", Group.MOVE, MODELS),
    Key("2", "2", "app.detail", "the selected model", Group.MOVE, MODELS),
    Key("space", "space", "app.pause", "pause the display", Group.VIEW, MODELS, "pause"),
    Key("z", "z", "zoom", "zoom the chart", Group.VIEW, MODELS, "zoom"),
    Key("enter", "⏎", "app.retry", "look again", Group.VIEW, frozenset({Where.PROBLEM}), "retry"),
    Key("q,ctrl+c", "q", "app.leave", "leave; the engine goes on", Group.VIEW, EVERYWHERE, "quit"),
)
"""Every key, the most wanted first: a narrow footer ends where there is no more room, and always with the last."""


NO_ACTIONS = {key.action: "" for key in KEYS if key.engine}
"""The footer's words where the engine cannot be asked for anything."""

BAR_PADDING = 2
"""Columns that the footer leaves free at its ends."""


def bindings(where: Where) -> list[Binding]:
    """Return what Textual binds on a screen."""
    return [Binding(key.keys, key.action, key.help, show=bool(key.label)) for key in of(where)]


def of(where: Where) -> list[Key]:
    """Return the keys of a screen."""
    return [key for key in KEYS if where in key.screens]


def footer(where: Where, width: int, labels: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """Return the (key, label) pairs that fit into a footer.

    ``labels`` (by action) replace the usual ones; an empty one leaves its key out, and the others stay the longest,
    because they say what is special now.
    """
    replaced = labels or {}
    shown = [key for key in of(where) if replaced.get(key.action, key.label)]
    pairs = {key: (key.shown, replaced.get(key.action, key.label)) for key in shown}
    usual = [key for key in shown[1:-1] if key.action not in replaced]
    special = [key for key in shown[1:-1] if key.action in replaced]
    droppable = [*special, *usual]
    while droppable and _width(pairs.values()) > width - BAR_PADDING:
        del pairs[droppable.pop()]
    return list(pairs.values())


def _width(pairs: Iterable[tuple[str, str]]) -> int:
    return sum(len(key) + len(label) + 3 for key, label in pairs)
