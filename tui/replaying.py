"""Walking through the recorded past: which moment a key means, and what is said where there is none.

Asks the records when something happened. It neither reads what the screens show of a moment nor draws.
"""

import math
import sqlite3
from enum import StrEnum
from typing import NamedTuple

from storage import moments
from tui.moments import written

HOUR_S = 3600.0
"""A larger step."""


class Way(StrEnum):
    """How a moment is chosen."""

    BACK = "back"
    """To when something was recorded before."""
    FORTH = "forth"
    """To when something was recorded next."""
    BY = "by"
    """Some seconds back or forth."""
    TO = "to"
    """To a moment."""
    LIVE = "live"


class Wish(NamedTuple):
    """What a person wants to see."""

    way: Way
    now: float
    value: float = 0.0
    """Of `Way.BY` the seconds, of `Way.TO` the moment."""


class Replay(NamedTuple):
    """What is shown of the past."""

    at: float
    """A whole second: what was recorded up to its beginning is shown."""
    missing: tuple[str, ...] = ()
    """What is not recorded of it."""
    said: str = ""
    """Why it is not the moment that was asked for, or empty."""
    turn: int = 0
    """Counts the wishes, so that the same answer to the next one is news, too."""


def chosen(connection: sqlite3.Connection, at: float | None, wish: Wish) -> tuple[float | None, str]:
    """Return the moment that a wish means, as seen from another one (``None``: now), and what is to be said of it."""
    here = wish.now if at is None else at
    if wish.way is Way.LIVE:
        return None, ""
    if wish.way is Way.BACK:
        # Moments of one second are one stop: stepping goes to its end, from before its beginning.
        return _back(at, moments.last_moment(connection, here if at is None else here - 1.0))
    if wish.way is Way.FORTH:
        found = None if at is None else moments.next_moment(connection, here)
    else:
        found = here + wish.value if wish.way is Way.BY else wish.value
    if found is None or math.ceil(found) >= wish.now:
        return None, ""
    return _not_before_the_first(connection, found)


def _back(at: float | None, found: float | None) -> tuple[float | None, str]:
    if found is not None:
        return math.ceil(found), ""
    return at, "Nothing was recorded yet." if at is None else f"Nothing was recorded before {written(at)}."


def _not_before_the_first(connection: sqlite3.Connection, found: float) -> tuple[float | None, str]:
    first = moments.next_moment(connection)
    if first is None:
        return None, "Nothing was recorded yet."
    if found < first:
        return math.ceil(
            first
        ), f"Nothing was recorded before {written(math.ceil(first))}: this is the first moment."
    return math.ceil(found), ""
