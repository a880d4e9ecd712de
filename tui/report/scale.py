"""Where the lines of a chart's grid lie, and what is written beside them: pure."""

from datetime import UTC, datetime
from math import ceil, floor, log10
from typing import NamedTuple

STEPS_S = (
    *(1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200),
    *(86_400 * days for days in (1, 2, 4, 7, 14, 28, 91, 182, 364, 728, 1820, 3640, 18_200)),
)
"""Lengths of time that people count in."""

LEAST_SHARE = 1e-9
"""Of a value: a range that is narrower has no round values that floating point could tell apart."""

MOST_MOMENTS = 6
"""Labels that fit below a chart without touching each other."""

DAY_S = 86_400
YEAR_S = 364 * DAY_S


class Tick(NamedTuple):
    """A place on an axis and what is written there."""

    at: float
    label: str


def values(low: float, high: float, *, most: int = 5) -> list[Tick]:
    """Return round values from ``low`` to ``high``, ``most`` of them at most, all with the same places."""
    if high - low <= max(abs(low), abs(high)) * LEAST_SHARE:
        return [Tick(low, f"{low:.4g}")]
    step = _round_step((high - low) / most)
    places = max(0, -floor(log10(step) + 1e-9))
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [Tick(number * step, f"{number * step:,.{places}f}") for number in range(first, last + 1)]


def moments(start: float, end: float) -> list[Tick]:
    """Return round moments (UTC) from ``start`` to ``end``."""
    step = next((step for step in STEPS_S if (end - start) / step <= MOST_MOMENTS), STEPS_S[-1])
    told = (
        "%H:%M:%S"
        if step < 60
        else "%H:%M"
        if step < DAY_S
        else "%m-%d"
        if end - start < YEAR_S
        else "%Y-%m-%d"
    )
    found = []
    for number in range(ceil(start / step), floor(end / step) + 1):
        then = datetime.fromtimestamp(number * step, UTC)
        midnight = step < DAY_S and (then.hour, then.minute, then.second) == (0, 0, 0)
        found.append(Tick(number * step, f"{then:%m-%d}" if midnight else then.strftime(told)))
    return found


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below ``least``."""
    power = 10.0 ** floor(log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
