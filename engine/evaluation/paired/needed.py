"""How many labelled examples a comparison would take to decide, were the two versions equally good.

With level a and power 0.8, n = (z_a + z_0.8)^2 v / margin^2, where v is the variance of what one example says: for right
and wrong answers the share of examples on which the versions differ. Where hardly any differ the binomial's own
variance at the margin counts, which Tango's test has in it.
"""

from math import ceil
from statistics import NormalDist

POWER = 0.8
"""How often so many examples are to decide, if the two are equally good."""


def examples(variance: float, margin: float, level: float, *, bounded: bool) -> int | None:
    """Return how many examples are needed, or ``None`` where no number is enough.

    Args:
        variance: of one example's difference.
        margin: how much worse the candidate may be.
        level: one-sided.
        bounded: whether examples are right or wrong, so that a difference that was never seen may still occur.
    """
    if margin <= 0:
        return None
    z_level, z_power = (NormalDist().inv_cdf(chance) for chance in (1 - level, POWER))
    n = (z_level + z_power) ** 2 * variance / margin**2
    if bounded and margin < 1:
        n = max(n, z_level**2 * (1 - margin) / margin)
    return ceil(n)
