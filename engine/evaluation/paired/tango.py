"""How much more often one version is right than another on the same examples: Tango's score test and interval.

With b examples that only the candidate gets right, c that only the current version gets right, and n in all, the
advantage is d = (b - c) / n. The test asks whether the true advantage may be t or less; the interval holds every t
that it does not refuse. Both stand with b = c = 0, where a textbook interval has no width (Tango 1998, Statistics
in Medicine 17:891). Pure Python: it is asked for every candidate.
"""

from math import inf, sqrt
from statistics import NormalDist
from typing import NamedTuple

HALVINGS = 60
"""Of the range in which a limit lies: enough for every digit of a float."""


class Discordance(NamedTuple):
    """On how many of ``n`` examples two versions differ, and which of them is right there."""

    gained: int
    """Only the candidate is right: b."""
    lost: int
    """Only the current version is right: c."""
    n: int

    @property
    def advantage(self) -> float:
        """How much more often the candidate is right."""
        return (self.gained - self.lost) / self.n

    @property
    def share(self) -> float:
        """The share of examples on which the two differ."""
        return (self.gained + self.lost) / self.n


def score(seen: Discordance, advantage: float) -> float:
    """Return how many standard deviations the seen advantage lies above a supposed true one."""
    b, c, n = seen
    distance = b - c - n * advantage
    linear = (2 * n - b + c) * advantage - b - c
    constant = -c * advantage * (1 - advantage)
    # The chance that only the current version is right, were the true advantage as supposed.
    lost = (sqrt(max(linear * linear - 8 * n * constant, 0.0)) - linear) / (4 * n)
    variance = n * (2 * lost + advantage * (1 - advantage))
    if variance <= 0:
        return 0.0 if distance == 0 else inf if distance > 0 else -inf
    return distance / sqrt(variance)


def p_not_inferior(seen: Discordance, margin: float) -> float:
    """Return the chance of an advantage as good as this one, were the candidate worse by the margin."""
    return NormalDist().cdf(-score(seen, -margin))


def interval(seen: Discordance, confidence: float) -> tuple[float, float]:
    """Return the limits of the advantage, two-sided."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    return _limit(seen, -1.0, z), _limit(seen, 1.0, -z)


def _limit(seen: Discordance, end: float, z: float) -> float:
    """Return where the score passes ``z`` between one end of all advantages and the seen one."""
    outer, inner = end, seen.advantage
    for _ in range(HALVINGS):
        middle = (outer + inner) / 2
        beyond = score(seen, middle) > z if z > 0 else score(seen, middle) < z
        outer, inner = (middle, inner) if beyond else (outer, middle)
    return inner
