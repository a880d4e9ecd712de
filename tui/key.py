"""What a key is: what it does, on which screens, and how it is told of. Which there are is `tui.keys`'."""

from enum import StrEnum
from typing import NamedTuple


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
