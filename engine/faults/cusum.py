"""A sum that grows when figures fall: whether a series is still about what it was before. Pure, and without numpy.

Page's one-sided CUSUM (1954, Biometrika 41:100) of the standardised differences between each figure and the mean of all
before it: Hawkins' self-starting form (1987, The Statistician 36:299), in which no reference has to be estimated first.
While nothing changes, the differences are independent and about standard normal, however few there are, so that the
chance of a false alarm is known: Siegmund's approximation (1985, Sequential Analysis) gives one alarm in
``(exp(2k(h + 1.166)) - 2k(h + 1.166) - 1) / 2k²`` figures.
"""

from collections.abc import Iterable
from math import sqrt
from typing import NamedTuple

ALLOWANCE = 0.5
"""k: half of the smallest fall, in standard errors of one figure, that is looked for."""

LIMIT = 12.0
"""h: one false alarm in about a million figures; a fall of three standard errors is mostly seen within six of them (simulated, docs/maintenance.md)."""

WINSOR = 5.0
"""A single figure counts at most this much: one odd data set is no trend."""


class Figure(NamedTuple):
    """One figure and its standard error."""

    value: float
    error: float


class Trend(NamedTuple):
    """What a series of figures says."""

    sum: float
    """Of the differences beyond the allowance; 0 where nothing falls."""
    since: int
    """The place of the first figure of the present fall."""
    before: float
    """The mean of the figures before that, weighted by their precision."""


def falling(figures: Iterable[Figure]) -> Trend:
    """Return how far a series, of which larger is better, has fallen; the oldest comes first."""
    weight = mean = total = before = 0.0
    since = 0
    for place, figure in enumerate(figures):
        own = 1 / figure.error**2
        if weight:
            z = (figure.value - mean) / sqrt(figure.error**2 + 1 / weight)
            z = max(-WINSOR, min(WINSOR, z))
            if not total:
                since, before = place, mean
            total = max(0.0, total - z - ALLOWANCE)
        weight, mean = weight + own, (weight * mean + own * figure.value) / (weight + own)
    return Trend(total, since, before)
