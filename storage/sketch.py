"""How values were distributed, in a few bytes: quantiles with a bounded relative error, and parts that add up.

The buckets are those of DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees", VLDB 2019): bucket i holds what lies in (g^(i-1), g^i] with g = (1 + a) / (1 - a), so that
its middle, 2 g^i / (g + 1), is at most the share a away from everything in it. Two sketches are merged by adding
counts: a month's is exactly the one that all its seconds would have made. Pure; see docs/decisions/0016.
"""

from collections.abc import Iterable
from math import ceil, log

import msgspec

RELATIVE_ERROR = 0.01
"""A quantile is at most this share of itself away from a true one."""

GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
LOG_GAMMA = log(GAMMA)

SMALLEST = 1e-9
"""What is nearer to zero counts as zero: less than any reading tells, and it bounds how many buckets there can be."""


class Sketch(msgspec.Struct, array_like=True):
    """Counts of values by bucket, those below zero and those that are zero apart."""

    zero: int = 0
    above: dict[int, int] = msgspec.field(default_factory=dict)
    below: dict[int, int] = msgspec.field(default_factory=dict)

    @property
    def n(self) -> int:
        """How many values were counted."""
        return self.zero + sum(self.above.values()) + sum(self.below.values())

    def add(self, value: float) -> None:
        """Count a value, which must be finite."""
        if abs(value) < SMALLEST:
            self.zero += 1
            return
        counts = self.above if value > 0 else self.below
        bucket = ceil(log(abs(value)) / LOG_GAMMA)
        counts[bucket] = counts.get(bucket, 0) + 1

    def merge(self, other: "Sketch") -> None:
        """Count every value of another sketch, too."""
        self.zero += other.zero
        for mine, theirs in ((self.above, other.above), (self.below, other.below)):
            for bucket, count in theirs.items():
                mine[bucket] = mine.get(bucket, 0) + count

    def quantile(self, share: float) -> float:
        """Return the value that the given share of all values does not exceed.

        Raises:
            ValueError: nothing was counted.
        """
        rank, seen = share * (self.n - 1), 0
        for value, count in self._ascending():
            seen += count
            if seen > rank:
                return value
        raise ValueError("a sketch without values has no quantile")

    def encode(self) -> bytes:
        """Return the sketch as it is stored."""
        return msgspec.msgpack.encode(self)

    def _ascending(self) -> Iterable[tuple[float, int]]:
        for bucket in sorted(self.below, reverse=True):
            yield -_middle(bucket), self.below[bucket]
        if self.zero:
            yield 0.0, self.zero
        for bucket in sorted(self.above):
            yield _middle(bucket), self.above[bucket]


def of(values: Iterable[float]) -> Sketch:
    """Return the sketch of values."""
    sketch = Sketch()
    for value in values:
        sketch.add(value)
    return sketch


def decode(data: bytes) -> Sketch:
    """Return a sketch that was stored."""
    return msgspec.msgpack.decode(data, type=Sketch)


def _middle(bucket: int) -> float:
    return float(2 * GAMMA**bucket / (GAMMA + 1))
