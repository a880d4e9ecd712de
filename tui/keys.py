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
    ACT = "Act on what is selected"
    VIEW = "View"


class Where(StrEnum):
    """The screens that have keys."""

    OVERVIEW = "overview"
    DETAIL = "model"
    DEVICES = "devices"
    JOBS = "jobs"
    EVENTS = "events"
    COMPARE = "compare"
    SETTINGS = "settings"
    PROBLEM = "problem"


EVERYWHERE = frozenset(Where)
PANELS = EVERYWHERE - {Where.PROBLEM}
MODELS = frozenset({Where.OVERVIEW, Where.DETAIL})
CHARTS = MODELS | {Where.DEVICES}
OVERVIEW = frozenset({Where.OVERVIEW})
DETAIL = frozenset({Where.DETAIL})
DEVICES = frozenset({Where.DEVICES})
JOBS = frozenset({Where.JOBS})
EVENTS = frozenset({Where.EVENTS})
COMPARE = frozenset({Where.COMPARE})
SETTINGS = frozenset({Where.SETTINGS})
LISTS = frozenset({Where.DEVICES, Where.JOBS, Where.EVENTS, Where.COMPARE, Where.SETTINGS})
FILTERED = LISTS | OVERVIEW


class Explained(NamedTuple):
    """A line of the help."""

    shown: str
    words: str
    key: "Key"


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
    sign: str = ""
    """What the footer shows instead, where one entry stands for several keys."""
    engine: bool = False
    """Whether it asks the engine for work or changes a file, which a read-only console does not."""
    pair: str = ""
    """What the help says of it and of the next one in the table together, where a line does for both."""
    command: str = ""
    """What asks for the same in a shell, behind ``modeltender``; who knows that finds the key by it."""


KEYS = (
    Key("question_mark,f1", "?", "app.help", "this help", Group.VIEW, EVERYWHERE, "help"),
    Key("escape", "esc", "back", "back, close", Group.MOVE, DETAIL | LISTS, "back"),
    Key("escape", "esc", "back", "show all, clear marks", Group.MOVE, OVERVIEW),
    Key("enter", "⏎", "open", "open the model", Group.MOVE, OVERVIEW | JOBS | EVENTS, "open"),
    Key("enter", "⏎", "compare", "compare with what is deployed", Group.VIEW, DETAIL, "compare"),
    Key(
        "r",
        "r",
        "app.evaluate",
        "evaluate now",
        Group.ACT,
        MODELS,
        "eval",
        engine=True,
        pair="evaluate now, all models",
        command="evaluate",
    ),
    Key(
        "R",
        "R",
        "app.evaluate_all",
        "evaluate all models",
        Group.ACT,
        MODELS,
        asks=True,
        engine=True,
        command="evaluate --all",
    ),
    Key(
        "p",
        "p",
        "app.promote",
        "promote the candidate",
        Group.ACT,
        MODELS | COMPARE,
        "promote",
        asks=True,
        engine=True,
        command="promote",
    ),
    Key(
        "u",
        "u",
        "app.roll_back",
        "roll back",
        Group.ACT,
        MODELS,
        "roll back",
        asks=True,
        engine=True,
        command="rollback",
    ),
    Key("slash", "/", "filter", "filter", Group.MOVE, FILTERED, "filter"),
    Key("1", "1", "app.go('overview')", "overview", Group.MOVE, PANELS, "views", sign="1-7"),
    Key(
        "left",
        "←",
        "turn_reading(-1)",
        "chart: another reading",
        Group.VIEW,
        DEVICES,
        pair="chart: another reading",
    ),
    Key("right", "→", "turn_reading(1)", "chart: the next reading", Group.VIEW, DEVICES, "reading"),
    Key(
        "r",
        "r",
        "app.compare_again",
        "compare now",
        Group.ACT,
        COMPARE,
        "compare",
        engine=True,
        command="compare",
    ),
    Key(
        "c",
        "c",
        "app.cancel",
        "cancel its job",
        Group.ACT,
        MODELS,
        "cancel",
        asks=True,
        engine=True,
        command="cancel",
    ),
    Key(
        "c",
        "c",
        "app.cancel",
        "cancel the job",
        Group.ACT,
        JOBS,
        "cancel",
        asks=True,
        engine=True,
        command="cancel",
    ),
    Key("r", "r", "app.run_again", "run the job again", Group.ACT, JOBS, "run again", engine=True),
    Key(
        "f",
        "f",
        "app.repair",
        "mend or restore",
        Group.ACT,
        MODELS,
        asks=True,
        engine=True,
        command="repair",
    ),
    Key(
        "f",
        "f",
        "app.repair",
        "mend the fault",
        Group.ACT,
        EVENTS,
        "mend",
        asks=True,
        engine=True,
        command="repair",
    ),
    Key(
        "a",
        "a",
        "app.acknowledge",
        "acknowledge a fault",
        Group.ACT,
        EVENTS,
        "ack",
        engine=True,
        command="acknowledge",
    ),
    Key(
        "v",
        "v",
        "app.check",
        "check now",
        Group.ACT,
        MODELS,
        engine=True,
        pair="check, measure the speed",
        command="check",
    ),
    Key("l", "l", "app.latency", "measure the speed", Group.ACT, MODELS, engine=True, command="latency"),
    Key(
        "t",
        "t",
        "app.train",
        "train a new version",
        Group.ACT,
        MODELS,
        asks=True,
        engine=True,
        pair="train, export",
        command="train",
    ),
    Key(
        "x",
        "x",
        "app.export",
        "export to another format",
        Group.ACT,
        MODELS,
        asks=True,
        engine=True,
        command="export",
    ),
    Key("m", "m", "mark", "mark, or unmark", Group.ACT, OVERVIEW, "mark", pair="mark one, all listed"),
    Key("M", "M", "mark_all", "mark all listed", Group.ACT, OVERVIEW),
    Key(
        "e",
        "e",
        "app.write_settings",
        "write model.toml",
        Group.ACT,
        MODELS,
        asks=True,
        engine=True,
        pair="new settings, trust",
    ),
    Key(
        "a",
        "a",
        "app.trust",
        "trust what was refused",
        Group.ACT,
        MODELS,
        asks=True,
        engine=True,
        command="trust",
    ),
    Key(
        "s",
        "s",
        "app.start_engine",
        "start the engine",
        Group.ACT,
        EVERYWHERE,
        engine=True,
        command="engine start",
    ),
    Key("n", "n", "turn(1)", "next match", Group.MOVE, FILTERED, pair="next, previous match"),
    Key("N", "N", "turn(-1)", "previous match", Group.MOVE, FILTERED),
    Key("up,k", "↑ k", "move(-1)", "row up", Group.MOVE, PANELS, pair="row up, down"),
    Key("down,j", "↓ j", "move(1)", "row down", Group.MOVE, PANELS),
    Key("pageup", "pg↑", "page(-1)", "page up", Group.MOVE, FILTERED, pair="page up, down"),
    Key("pagedown", "pg↓", "page(1)", "page down", Group.MOVE, FILTERED),
    Key("g,home", "g", "move_to(0)", "first row", Group.MOVE, PANELS, pair="first, last row"),
    Key("G,end", "G", "move_to(-1)", "last row", Group.MOVE, PANELS - EVENTS),
    Key("G", "G", "move_to(-1)", "last row", Group.MOVE, EVENTS),
    Key("end", "end", "follow", "follow the newest", Group.MOVE, EVENTS, "follow"),
    Key("tab,shift+tab", "tab", "other", "the other list", Group.MOVE, EVENTS, "other list"),
    Key("left", "←", "step(-1)", "previous model", Group.MOVE, DETAIL, pair="previous, next model"),
    Key("right", "→", "step(1)", "next model", Group.MOVE, DETAIL),
    Key(
        "left",
        "←",
        "turn_after(-1)",
        "another version",
        Group.MOVE,
        COMPARE,
        pair="compare another version",
    ),
    Key("right", "→", "turn_after(1)", "compare the next one", Group.MOVE, COMPARE, "version"),
    Key(
        "left_square_bracket",
        "[",
        "turn_before(-1)",
        "against another version",
        Group.MOVE,
        COMPARE,
        pair="against another version",
    ),
    Key(
        "right_square_bracket",
        "]",
        "turn_before(1)",
        "against the next one",
        Group.MOVE,
        COMPARE,
        "against",
    ),
    Key("2", "2", "app.go('model')", "the selected model", Group.MOVE, PANELS, pair="the model, devices"),
    Key("3", "3", "app.go('devices')", "devices", Group.MOVE, PANELS),
    Key("4", "4", "app.go('jobs')", "jobs", Group.MOVE, PANELS, pair="jobs, faults and events"),
    Key("5", "5", "app.go('events')", "faults and events", Group.MOVE, PANELS),
    Key("6", "6", "app.go('compare')", "compare two versions", Group.MOVE, PANELS, pair="compare, settings"),
    Key("7", "7", "app.go('settings')", "settings", Group.MOVE, PANELS),
    Key(
        "left_curly_bracket",
        "{",
        "app.replay_step(-1)",
        "replay: back",
        Group.VIEW,
        PANELS,
        pair="replay: back, forward",
    ),
    Key("right_curly_bracket", "}", "app.replay_step(1)", "replay: forward", Group.VIEW, PANELS),
    Key(
        "left_parenthesis",
        "(",
        "app.replay_hours(-1)",
        "replay: an hour back",
        Group.VIEW,
        PANELS,
        pair="replay: by an hour",
    ),
    Key("right_parenthesis", ")", "app.replay_hours(1)", "replay: an hour on", Group.VIEW, PANELS),
    Key(
        "at",
        "@",
        "app.replay_at",
        "replay: go to a time",
        Group.VIEW,
        PANELS,
        pair="replay: to a time, live again",
    ),
    Key("L", "L", "app.replay_end", "live again", Group.VIEW, PANELS),
    Key("space", "space", "app.pause", "pause the display", Group.VIEW, PANELS, "pause"),
    Key("z", "z", "zoom", "zoom the chart", Group.VIEW, MODELS, "zoom"),
    Key("z", "z", "zoom", "zoom the chart, the details", Group.VIEW, DEVICES, "zoom"),
    Key("z", "z", "zoom", "read the details in full", Group.VIEW, LISTS - DEVICES, "zoom"),
    Key(
        "left_square_bracket",
        "[",
        "app.span(-1)",
        "chart: less time",
        Group.VIEW,
        CHARTS,
        pair="chart: less, more time",
    ),
    Key("right_square_bracket", "]", "app.span(1)", "chart: more time", Group.VIEW, CHARTS),
    Key(
        "comma",
        ",",
        "cursor(-1)",
        "chart: previous value",
        Group.VIEW,
        CHARTS,
        pair="chart: previous, next value",
    ),
    Key("full_stop", ".", "cursor(1)", "chart: next value", Group.VIEW, CHARTS),
    Key(
        "o",
        "o",
        "app.order",
        "sort by the next column",
        Group.VIEW,
        OVERVIEW,
        "sort",
        pair="sort by column, reverse",
    ),
    Key("O", "O", "app.reverse", "reverse the order", Group.VIEW, OVERVIEW),
    Key("colon,ctrl+p", ":", "app.palette", "find an action", Group.VIEW, EVERYWHERE, "actions"),
    Key("y", "y", "app.copy", "copy a value", Group.VIEW, PANELS, "copy", pair="copy a value, save the view"),
    Key("w", "w", "app.keep", "save this view", Group.VIEW, EVERYWHERE, "save"),
    Key("T", "T", "app.theme", "next theme", Group.VIEW, EVERYWHERE),
    Key("ctrl+l", "^l", "app.redraw", "redraw the screen", Group.VIEW, EVERYWHERE, pair="redraw, suspend"),
    Key("ctrl+z", "^z", "app.suspend_process", "suspend", Group.VIEW, EVERYWHERE),
    Key("enter", "⏎", "app.retry", "look again", Group.VIEW, frozenset({Where.PROBLEM}), "retry"),
    Key("q,ctrl+c", "q", "app.leave", "quit; the engine runs on", Group.VIEW, EVERYWHERE, "quit"),
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


def explained(where: Where) -> list[Explained]:
    """Return the lines of the help for a screen: one a key, or one for two keys that belong together."""
    lines, keys = [], iter(of(where))
    for key in keys:
        other = next(keys) if key.pair else None
        shown = f"{key.shown} {other.shown}" if other else key.shown
        lines.append(Explained(shown, key.pair or key.help, key))
    return lines


def footer(where: Where, width: int, labels: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """Return the (key, label) pairs that fit into a footer.

    ``labels`` (by action) replace the usual ones; an empty one leaves its key out, and the others stay the longest,
    because they say what is special now.
    """
    replaced = labels or {}
    shown = [key for key in of(where) if replaced.get(key.action, key.label)]
    pairs = {key: (key.sign or key.shown, replaced.get(key.action, key.label)) for key in shown}
    usual = [key for key in shown[1:-1] if key.action not in replaced]
    special = [key for key in shown[1:-1] if key.action in replaced]
    droppable = [*special, *usual]
    while droppable and _width(pairs.values()) > width - BAR_PADDING:
        del pairs[droppable.pop()]
    return list(pairs.values())


def _width(pairs: Iterable[tuple[str, str]]) -> int:
    return sum(len(key) + len(label) + 3 for key, label in pairs)
