"""Readings of a device as a curve: which are joined, within which bounds, and what is said of them. Pure."""

import math
from collections.abc import Sequence

from storage.tables.rollups import DAY, Bucket
from tui import format as form
from tui.commands.figures import size
from tui.widgets.braille import Point

GAP_STEPS = 1.5
"""Points that are further apart than this many steps have a gap between them, and are not joined."""

GAP_RAW_S = 60.0
"""The same for single readings: the longest time between two that the settings allow."""

WHOLE = {"utilisation": (0.0, 1.0)}
"""Readings that are shares: drawn from nothing to all, so that a busy device does not look like a swaying one."""

NAMES = {
    "utilisation": "use",
    "memory_used_bytes": "memory",
    "temperature_c": "temperature",
    "power_w": "power",
}
"""What the console calls each reading, in the order in which it offers them."""

STEPS = {60.0: "minute", 3600.0: "hour", float(DAY): "day"}


def curve(buckets: Sequence[Bucket], step_s: float | None) -> list[Point]:
    """Return the means as points, from least to greatest as their band, which single readings have none of.

    Over a silence none is joined to the one before.
    """
    longest = max(GAP_RAW_S, GAP_STEPS * (step_s or 0.0))
    found, before = list[Point](), -math.inf
    for bucket in buckets:
        low, high = (None, None) if bucket.n == 1 else (bucket.least, bucket.greatest)
        found.append(Point(bucket.at, bucket.mean, low, high, joined=bucket.at - before <= longest))
        before = bucket.at
    return found


def steps(step_s: float) -> str:
    """Return how long the buckets are: ``by the minute``."""
    if step_s in STEPS:
        return f"by the {STEPS[step_s]}"
    return f"in steps of {step_s / 60:g} min" if step_s % 60 == 0 else f"in steps of {step_s:g} s"


def value(reading: str, told: float) -> str:
    """Return a value with its unit."""
    if reading in WHOLE:
        return f"{told:.1%}"
    if reading == "memory_used_bytes":
        return size(round(told))
    return f"{told:.1f} {'°C' if reading == 'temperature_c' else 'W'}"


def beside(reading: str, told: float) -> str:
    """Return a value in the six cells that it has beside a curve."""
    if reading in WHOLE:
        return f"{told:.0%}"
    if reading == "memory_used_bytes":
        return f"{form.gibibytes(round(told))}G" if told else "0G"
    return f"{told:.1f}°" if reading == "temperature_c" else f"{told:.0f}W" if told >= 100 else f"{told:.1f}W"
