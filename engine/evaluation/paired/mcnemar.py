"""Whether two versions differ at all on the same examples: McNemar's test, exact and mid-p.

Only the examples on which exactly one of the two is right tell anything; were the versions equally good, each of
these would go either way with chance one half (McNemar 1947, Psychometrika 12:153). The mid-p counts the seen outcome
by half: it kept its level in 9,595 scenarios and finds more than the exact test (Fagerland, Lydersen and Laake 2013,
BMC Medical Research Methodology 13:91). The exact p stands beside it for who wants the guarantee.
"""

from typing import NamedTuple

from engine.evaluation.chances import at_least
from engine.evaluation.paired.tango import Discordance


class PValues(NamedTuple):
    """Chances of what was seen, or of something as extreme, were the two equally good."""

    exact: float
    mid: float


def two_sided(seen: Discordance) -> PValues:
    """Return the p values of a difference in either direction; 1 where the two balance."""
    more, fewer = max(seen.gained, seen.lost), min(seen.gained, seen.lost)
    if more == fewer:
        # Nothing is less extreme than a balance, so that every outcome counts in full.
        return PValues(1.0, 1.0)
    exact, mid = _tail(more, more + fewer)
    return PValues(min(1.0, 2 * exact), min(1.0, 2 * mid))


def better(seen: Discordance) -> PValues:
    """Return the p values of an advantage of the candidate."""
    return _tail(seen.gained, seen.gained + seen.lost)


def _tail(successes: int, n: int) -> PValues:
    """Return the chance of at least so many heads in ``n`` throws of a coin, and that with the last counted by half."""
    exact = at_least(successes, n)
    return PValues(exact, (exact + at_least(successes + 1, n)) / 2)
