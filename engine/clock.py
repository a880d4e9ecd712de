"""Whether the machine's clock was set while the engine ran: decided from two looks at both clocks, pure.

Durations are measured with the monotonic clock, and no file's time is ever compared with now; the wall clock is for
showing. People who see ages that make no sense should find the reason in the log.
"""

from typing import NamedTuple

JUMP_S = 5.0
"""A clock that gained or lost this much between two beats was set, or the machine slept; slewing is far slower."""

UNITS = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))


class Look(NamedTuple):
    """What both clocks showed at one moment."""

    wall: float
    monotonic: float


def change(before: Look, now: Look) -> str:
    """Return a sentence where the wall clock moved otherwise than time did, else nothing."""
    jumped = (now.wall - before.wall) - (now.monotonic - before.monotonic)
    if abs(jumped) < JUMP_S:
        return ""
    if jumped > 0:
        return f"the clock went ahead by {_amount(jumped)}: it was set, or the machine slept"
    return f"the clock was set back by {_amount(-jumped)}; what is on record from before may look newer than it is"


def _amount(seconds: float) -> str:
    length, unit = next((length, unit) for length, unit in UNITS if seconds >= length)
    whole = round(seconds / length)
    return f"{whole} {unit}" if whole == 1 else f"{whole} {unit}s"
