"""Which variants of a model are worth a choice, which one to recommend, and the sentence that says why.

Pure. A variant is dominated where another one is at least as good in quality, speed and size, and better in one of them:
nobody would choose it. Memory and load time are told and do not decide: they hang on the framework more than on the model.
"""

from collections.abc import Sequence
from typing import NamedTuple

from engine.evaluation.turns import Ratio
from storage.vocabulary import Verdict

AS_SMALL = 1.1
"""How many times the smallest one's bytes still count as as small: nobody gives quality away for a tenth of a file."""

NOT_WORSE = frozenset({Verdict.SUPERIOR, Verdict.NON_INFERIOR})
"""Verdicts of a variant that may stand in for the original."""


class Rated(NamedTuple):
    """What a variant is judged by; the original is one of them."""

    name: str
    quality: float
    """Larger is better."""
    bytes: int
    faster: Ratio = Ratio(1.0, 1.0, 1.0)
    """How many times as fast as the original, with its interval, measured in turns."""
    verdict: Verdict = Verdict.NON_INFERIOR
    """Of its quality against the original's, at the gate's margin."""
    missed: tuple[str, ...] = ()
    """Objectives that it was seen to miss."""

    @property
    def eligible(self) -> bool:
        """Whether it may be recommended."""
        return self.verdict in NOT_WORSE and not self.missed


def front(rated: Sequence[Rated]) -> frozenset[str]:
    """Return the names of those that no other one dominates."""
    return frozenset(one.name for one in rated if not any(_dominates(other, one) for other in rated))


def recommended(original: Rated, variants: Sequence[Rated]) -> Rated | None:
    """Return the best of the smallest of the fastest variants that may stand in for the original and gain something.

    The fastest are all whose speed is not told apart from that of the fastest one: their intervals meet. ``None`` where
    no variant is faster, or smaller and as fast.
    """
    better = [one for one in variants if one.eligible and _gains(original, one)]
    if not better:
        return None
    fastest = max(better, key=lambda one: one.faster.value)
    tied = [one for one in better if one.faster.high >= fastest.faster.low]
    small = [one for one in tied if one.bytes <= AS_SMALL * min(other.bytes for other in tied)]
    return max(small, key=lambda one: (one.quality, -one.bytes, one.faster.value))


def _gains(original: Rated, one: Rated) -> bool:
    """Whether a variant is faster beyond chance, or smaller and not slower beyond chance."""
    return one.faster.low > 1 or (one.bytes < original.bytes and one.faster.high >= 1)


def times(ratio: float, more: str, less: str) -> str:
    """Return a ratio in words: ``11x faster``, or ``1.3x slower`` where it is below 1."""
    if ratio >= 1:
        return f"{_digits(ratio)}x {more}"
    return f"{_digits(1 / ratio)}x {less}"


def _digits(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}" if ratio >= 1.95 else f"{ratio:.2f}"


def _dominates(one: Rated, other: Rated) -> bool:
    mine, others = ((rated.quality, rated.faster.value, -rated.bytes) for rated in (one, other))
    return mine != others and all(a >= b for a, b in zip(mine, others, strict=True))
