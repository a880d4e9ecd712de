"""When a fault opens and when it is over: so many of so many looks, so that none flaps. Pure.

Looks that were judged from the same figures count once: to repeat a check is no new evidence.
"""

from enum import Enum, auto
from typing import NamedTuple

from engine.faults.finding import FaultSpec, Finding
from storage.fault_records import CheckAnswer
from storage.vocabulary import Answer

REMEMBERED = 8
"""Looks that are remembered: as many as any fault needs."""

WELL, ILL = "0", "1"


class Step(Enum):
    """What is to be done about a fault after a look."""

    NOTHING = auto()
    OPEN = auto()
    """Open it, or count it once more."""
    CLOSE = auto()


class Decided(NamedTuple):
    """What follows from a look."""

    step: Step
    recent: str
    """The looks to remember."""


def decide(
    spec: FaultSpec, finding: Finding, before: CheckAnswer | None, *, is_open: bool, verifying: bool = False
) -> Decided:
    """Decide what follows from a look.

    Args:
        spec: of the fault.
        finding: what the look said.
        before: what the one before said; ``None`` where there was none.
        is_open: whether the fault is open already.
        verifying: whether the look is to tell if a repair has helped, which a single one does.
    """
    recent = before.recent if before is not None and before.version == finding.version else ""
    if finding.answer is Answer.UNKNOWN:
        return Decided(Step.NOTHING, recent)
    if before is not None and finding.basis and before.basis == finding.basis:
        # The same figures: the look takes the place of the one before, which other settings may have judged otherwise.
        recent = recent[:-1]
    recent = (recent + (ILL if finding.answer is Answer.FAULT else WELL))[-REMEMBERED:]
    if finding.answer is Answer.FAULT:
        needed, looks = spec.opens
        opens = is_open or recent[-looks:].count(ILL) >= needed
        return Decided(Step.OPEN if opens else Step.NOTHING, recent)
    calm = len(recent) - len(recent.rstrip(WELL))
    closes = is_open and (verifying or calm >= spec.closes)
    return Decided(Step.CLOSE if closes else Step.NOTHING, recent)
