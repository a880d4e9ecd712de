"""Whether a series of sizes grows: a trend that neither a jump nor an odd reading makes. Pure, and without numpy.

Mann's test (1945, Econometrica 13:245; Kendall 1975) counts how many pairs of readings rise and fall, so that it knows
the order only: memory that was taken once and kept is a step, and a step in twelve readings counts 36 of 66 pairs at most.
By how much is Theil's and Sen's slope (Sen 1968, Journal of the American Statistical Association 63:1379): the median of
the slopes of all pairs, which up to 29 % of the readings cannot move however wrong they are.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise
from math import sqrt
from statistics import median
from typing import NamedTuple

NEEDED = 12
"""Readings that a trend needs; of more the latest are looked at."""

LIMIT = 3.9
"""Standard deviations: of twelve readings 62 of the 66 pairs have to rise for that. By chance alone, where nothing grows,
that happens less than three times in a million; the size that a check asks for besides makes it rarer."""


class Reading(NamedTuple):
    """How much memory there was after so much work, or at such a time."""

    at: float
    bytes: float


class Growth(NamedTuple):
    """What the latest readings say."""

    z: float
    """Mann's statistic in standard deviations, corrected for readings that are the same."""
    bytes: float
    """By how much they grow from the first to the last, by the median slope."""
    per: float
    """The median slope: bytes for each unit of what they are counted by."""
    lately: float
    """The same of the latter half alone."""
    jump: float
    """The largest rise from one reading to the next, beyond that slope."""
    rise: float
    """From the first reading to the last, whatever lies between."""

    def steady(self, least: float) -> bool:
        """Whether it is a trend of so many bytes at least that still goes on.

        What fills up grows less and less, and what was taken once is much of the whole: neither is a leak.
        """
        return (
            self.z >= LIMIT
            and self.bytes >= least
            and self.lately >= self.per / 2
            and self.jump <= min(self.bytes, self.rise) / 3
        )


def growth(readings: Sequence[Reading]) -> Growth:
    """Return how the last `NEEDED` readings grow; there must be as many, each at a place of its own."""
    last = readings[-NEEDED:]
    rising = sum(
        (later.bytes > earlier.bytes) - (later.bytes < earlier.bytes)
        for earlier, later in combinations(last, 2)
    )
    slope = _slope(last)
    return Growth(
        z=_deviations(rising, last),
        bytes=slope * (last[-1].at - last[0].at),
        per=slope,
        lately=_slope(last[NEEDED // 2 :]),
        jump=max(
            later.bytes - earlier.bytes - slope * (later.at - earlier.at) for earlier, later in pairwise(last)
        ),
        rise=last[-1].bytes - last[0].bytes,
    )


def _slope(readings: Sequence[Reading]) -> float:
    return median(
        (later.bytes - earlier.bytes) / (later.at - earlier.at)
        for earlier, later in combinations(readings, 2)
    )


def _deviations(rising: int, readings: Sequence[Reading]) -> float:
    n = len(readings)
    alike = Counter(reading.bytes for reading in readings).values()
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in alike)) / 18
    if not rising or variance <= 0:
        return 0.0
    # One nearer to nothing: a sum of signs moves in steps of two.
    return (rising - (1 if rising > 0 else -1)) / sqrt(variance)
