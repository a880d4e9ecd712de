"""How people write what model processes may take of the processor: cores as a number, or a part of them in percent."""

import re
from math import inf
from typing import Final

PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")

LEAST: Final = 0.01
"""The kernel divides a core into periods of 100 ms, and gives 1 ms of each at least."""

EXPECTED: Final = "expected cores from 0.01, such as 1.5, or a part of the machine's, such as '50%'"


def share(written: float | str, machine: int) -> float:
    """Return how many cores' worth of time is meant, of as many as the machine grants; never more than those.

    Raises:
        ValueError: it is neither a number of cores that the kernel can grant nor a percentage up to 100.
    """
    if not isinstance(written, str):
        if not LEAST <= written < inf:
            raise ValueError(f"{EXPECTED}, got {written:g}")
        return min(float(written), float(machine))
    found = PERCENT.fullmatch(written.strip())
    if found is None or not 0 < float(found[1]) <= 100:
        raise ValueError(f"{EXPECTED}, got '{written}'")
    return max(machine * float(found[1]) / 100, LEAST)
