"""Nothing else is lost for the sake of the figure that decides: what the guards conclude, together.

Owns the list of the guards, and that all losses that they look for are one family: a candidate that is worse in none of
them is refused by any of them no more often than the level says (`engine.evaluation.paired.holm`). Passing needs no such
care, because every guard has to pass.
"""

from collections.abc import Callable, Sequence
from itertools import islice

from engine.evaluation.checks import anchor, calibration, classes
from engine.evaluation.facts import Facts
from engine.evaluation.guard import Guard
from engine.evaluation.paired import holm
from storage.promotion_records import GateCheck

GUARDS: Sequence[Callable[[Facts], Guard | None]] = (anchor.guard, classes.guard, calibration.guard)
"""In the order in which they are told; none where there is nothing to say."""


def check(facts: Facts) -> tuple[GateCheck, ...]:
    """Ask every guard for its losses, find those that are clear among all, and let each guard conclude."""
    return concluded(asked(facts), facts.level)


def asked(facts: Facts) -> list[Guard]:
    """Return the guards that have something to say."""
    return [made for guard in GUARDS if (made := guard(facts)) is not None]


def concluded(guards: Sequence[Guard], level: float) -> tuple[GateCheck, ...]:
    """Return the checks of guards whose losses are one family."""
    clear = iter(holm.found([loss for one in guards for loss in one.losses], level))
    return tuple(one.conclude(list(islice(clear, len(one.losses)))) for one in guards)
