"""What a check for faults says, and what is known about the fault that it looks for.

Owns the three answers: healthy, a fault, and that not enough is known yet. It decides nothing.
"""

from typing import NamedTuple

import msgspec

from storage.vocabulary import Answer, RepairKind, Severity


class FaultSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a fault without looking for it."""

    code: str
    severity: Severity
    """``error``: people get wrong answers or none. ``warning``: somebody should look soon. ``info``: worth knowing."""
    means: str
    """What it means, for the documentation."""
    advice: str
    """What to do, with ``{model}`` where its name belongs: it stands behind the fault's sentence."""
    urgent: str
    """How soon somebody has to look at it, and why, for who is woken by it."""
    otherwise: str
    """What to do where the advice, or the repair, did not end it."""
    repair: RepairKind | None = None
    """What would end it; ``None`` where only a person can."""
    second: RepairKind | None = None
    """What may end it where the first one cannot be done."""
    opens: tuple[int, int] = (1, 1)
    """How many of how many looks in a row must find it before it is one."""
    closes: int = 1
    """How many looks in a row must not find it before it is over."""
    ends: str = ""
    """What ends it, where that is no look; it stands behind "closes"."""
    source: str = ""
    """Where its statistics come from, for the documentation."""

    @property
    def repairs(self) -> tuple[RepairKind, ...]:
        """What may end it, the first choice first."""
        return tuple(kind for kind in (self.repair, self.second) if kind is not None)


class Finding(NamedTuple):
    """What a check says."""

    answer: Answer
    detail: str
    """One sentence with its figures, without its full stop."""
    version: int | None = None
    """The version that it is about, or ``None`` where it is about the model as a whole."""
    basis: str = ""
    """What it was judged from: a later look at the same counts as the same look. Empty: each look is a new one."""
    severity: Severity | None = None
    """Where it is less, or more, than what its fault mostly is."""


def healthy(detail: str, *, version: int | None = None, basis: str = "") -> Finding:
    """Say that there is no such fault."""
    return Finding(Answer.HEALTHY, detail, version, basis)


def found(
    detail: str, *, version: int | None = None, basis: str = "", severity: Severity | None = None
) -> Finding:
    """Say that there is one."""
    return Finding(Answer.FAULT, detail, version, basis, severity)


def unknown(missing: str, *, version: int | None = None) -> Finding:
    """Say that it is not known yet, and what is missing."""
    return Finding(Answer.UNKNOWN, missing, version)
