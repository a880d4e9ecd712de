"""How people write a length of time, in settings and on the command line: ``90s``, ``15m``, ``12h``, ``7d``, ``2w``."""

import re
from math import ceil

WRITTEN = re.compile(r"(\d{1,6}(?:\.\d+)?)([smhdw])")

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}

EXAMPLES = "90s, 15m, 12h, 7d, 2w"
"""What a person is shown who wrote something else."""


def seconds(text: str) -> float:
    """Return the length of time that a text stands for, in seconds.

    Raises:
        ValueError: it is no number with one of the units s, m, h, d, w.
    """
    written = WRITTEN.fullmatch(text.strip())
    if written is None:
        raise ValueError(f"expected a length of time ({EXAMPLES}), got '{text}'")
    return float(written[1]) * SECONDS[written[2]]


def written(length_s: float) -> str:
    """Return a length of time as people write it, in its largest unit that leaves a whole number: ``90s``, ``15m``."""
    whole = max(0, round(length_s))
    unit = next(unit for unit in reversed(SECONDS) if whole % SECONDS[unit] == 0 and (whole or unit == "s"))
    return f"{whole // SECONDS[unit]}{unit}"


def rough(length_s: float) -> str:
    """Return a length of time in whole units, rounded up, of which the last tenth matters to nobody: ``42m``, ``3h``."""
    whole = max(0, ceil(length_s))
    if whole < 2 * SECONDS["m"]:
        return f"{whole}s"
    if whole < 2 * SECONDS["h"]:
        return f"{ceil(whole / SECONDS['m'])}m"
    return f"{ceil(whole / SECONDS['h'])}h" if whole < 2 * SECONDS["d"] else f"{ceil(whole / SECONDS['d'])}d"
