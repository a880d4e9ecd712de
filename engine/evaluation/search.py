"""The most queries a second that keep an objective: bisection over rates, within a bounded number of tries.

Pure: whether a rate keeps the objective is asked of the caller, who measures. As LoadGen's own search for peak
performance it looks for the highest rate that passes; every try has the same seed, so that the arrivals of two
rates differ in nothing but their distance.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

TRIES: Final = 12
"""Of the whole range the first twelve halvings leave a 4096th: a rate below that is no service."""

CLOSE_ENOUGH: Final = 1.05
"""Two rates this near to each other are told apart by noise: windows within 10 % count as stable."""


class Found(NamedTuple):
    """Between which rates the most that keeps the objective lies."""

    kept: float | None
    """The highest rate that was seen to keep it, or ``None`` where none was."""
    lost: float
    """The lowest rate that was seen to lose it, or the highest that there can be."""
    tries: int

    @property
    def settled(self) -> bool:
        """Whether the two lie close together."""
        return self.kept is not None and self.lost <= self.kept * CLOSE_ENOUGH


def highest(keeps: Callable[[float], bool | None], capacity: float) -> Found:
    """Search below ``capacity`` for the highest rate that keeps an objective.

    Args:
        keeps: whether a rate does; ``None`` where that cannot be told or time is over, which ends the search.
        capacity: what can be answered back to back; a higher rate cannot last, whatever a short try shows.
    """
    found = Found(None, capacity, 0)
    while not found.settled and found.tries < TRIES:
        rate = ((found.kept or 0.0) + found.lost) / 2
        kept = keeps(rate)
        if kept is None:
            break
        low, high = (rate, found.lost) if kept else (found.kept, rate)
        found = Found(low, high, found.tries + 1)
    return found
