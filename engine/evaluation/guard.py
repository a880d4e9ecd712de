"""A guard of the gate: which losses it looks for, and what it concludes from those that are clear among all guards'.

Owns the shape that guards share. A guard passes at the whole level by itself, and fails by what is clear among the losses
of all guards; between the two it holds. Why that is right is told in ``docs/gate.md``.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from engine.evaluation.paired import holm
from storage.promotion_records import GateCheck

BY_ITSELF: Final = "beyond chance by itself, but not among all losses that the guards look for"
"""What holds a candidate back without refusing it."""


class Guard(NamedTuple):
    """The losses that a guard looks for, one test each, and its check once it is known which of them are clear."""

    losses: tuple[holm.Test, ...]
    conclude: Callable[[Sequence[bool]], GateCheck]


def told(check: GateCheck) -> Guard:
    """Return a guard that can look for nothing, and says why."""
    return Guard((), lambda _: check)
