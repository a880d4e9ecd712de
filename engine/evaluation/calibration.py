"""The batch size that suits a model on this machine, found on the examples themselves.

Owns the decision which size is tried next and when it is enough: pure, apart from asking the system how much
memory there is. It must not run a model.
"""

import math
import os
import resource

SIZES = (32, 128, 512, 1024)
"""Batches that are tried in turn: the first stays in a CPU's caches, the last fills a small accelerator."""

TRIES = 2
"""Batches of each size: the first of a size pays for what frameworks prepare for a new shape, so the faster counts."""

GAIN = 1.05
"""How much more throughput a larger batch must bring to be worth its memory."""

HOPELESS = 0.7
"""A size that reaches less than this share of the best rate ends the search: larger ones only get slower."""

LONGEST_BATCH_S = 1.0
"""No larger batch is tried when it would take longer: progress and cancelling should stay fluent."""

MEMORY_SHARE = 0.5
"""Of the memory that this process may use, what a larger batch may be expected to fill."""


class Calibration:
    """Says which size to try next; is told what came of it."""

    def __init__(self, memory_bytes: int | None = None) -> None:
        self.size = SIZES[0]
        self._rate = 0.0
        self._tried = 0
        self._seconds = math.inf
        self._waiting = list(SIZES)
        self._memory = memory_bytes or _usable_memory()
        self._used = peak_memory()

    def propose(self, left: int) -> int | None:
        """Return the size to try on the next of ``left`` examples, or ``None`` when the search is over."""
        if self._waiting and self._waiting[0] <= left:
            return self._waiting[0]
        return None

    def note(self, size: int, seconds: float) -> None:
        """Take in how long a batch of a proposed size took."""
        self._tried += 1
        self._seconds = min(self._seconds, seconds)
        rate = size / self._seconds
        if rate > self._rate * GAIN or size == self.size:
            self.size, self._rate = size, rate
        if self._tried < TRIES:
            return
        self._waiting.pop(0)
        grown, self._used = peak_memory() - self._used, peak_memory()
        if self._waiting:
            times = self._waiting[0] / size
            too_slow = self._seconds * times > LONGEST_BATCH_S
            too_large = self._used + grown * times > self._memory * MEMORY_SHARE
            if too_slow or too_large or rate < self._rate * HOPELESS:
                self.stop()
        self._tried, self._seconds = 0, math.inf

    def stop(self) -> None:
        """End the search: a larger size failed, or is not worth trying."""
        self._waiting.clear()


def peak_memory() -> int:
    """Return the largest resident size of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _usable_memory() -> int:
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return physical if limit == resource.RLIM_INFINITY else min(limit, physical)
