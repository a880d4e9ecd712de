"""The batch size that suits a model on this machine, found on the examples themselves.

Owns the decision which size is tried next and when it is enough: pure, apart from asking the system how much
memory there is. It must not run a model.
"""

import os
import resource

SIZES = (32, 128, 256, 512, 1024)
"""Batches that are tried in turn: the first stays in a CPU's caches, the last fills a small accelerator."""

IN_A_ROW = 2
"""Tries of a turn. What ran before has left another size's numbers in the processor's caches, and the first try pays for
what frameworks prepare for a new shape: only the second is as quick as all those that follow it will be."""

PREPARING = 2
"""Runs of a model that say nothing of any size. TorchScript takes note of what it meets in the first and translates the
network in the second, others trace or allocate in the first: the smallest size alone would pay for all of it."""

TRIES = 6
"""How often each size is tried, in turns, so that a moment's disturbance meets them all; the fastest try counts."""

GAIN = 1.01
"""How much more throughput a larger batch must bring to be worth its memory."""

HOPELESS = 0.8
"""A size that reaches less than this share of the best rate in its turn is not tried again."""

LONGEST_BATCH_S = 1.0
"""No larger batch is tried when it would take longer: progress and cancelling should stay fluent."""

MEMORY_SHARE = 0.5
"""Of the memory that this process may use, what a larger batch may be expected to fill."""


class Calibration:
    """Says which size to try next; is told what came of it."""

    def __init__(self, memory_bytes: int | None = None) -> None:
        self._preparing = PREPARING
        self._rates: dict[int, float] = {}
        self._tries = dict.fromkeys(SIZES, 0)
        self._over = False
        self._memory = memory_bytes or _usable_memory()
        self._used = peak_memory()

    @property
    def size(self) -> int:
        """The size that is best by what is known."""
        best = SIZES[0]
        for size, rate in self._rates.items():
            if rate > self._rates[best] * GAIN:
                best = size
        return best

    def propose(self, left: int) -> int | None:
        """Return the size to try on the next of ``left`` examples, or ``None`` when the search is over."""
        if self._over:
            return None
        waiting = [size for size, tries in self._tries.items() if size <= left and tries < TRIES]
        return min(waiting, key=lambda size: (self._tries[size] // IN_A_ROW, size), default=None)

    def note(self, size: int, seconds: float) -> None:
        """Take in how long a batch of a proposed size took."""
        if self._preparing:
            self._preparing -= 1
            return
        self._tries[size] += 1
        self._rates[size] = max(self._rates.get(size, 0.0), size / seconds)
        if self._tries[size] == IN_A_ROW:
            self._limit(size)
        best = max(self._rates.values())
        for tried, rate in self._rates.items():
            if self._tries[tried] >= IN_A_ROW and rate < best * HOPELESS:
                self._tries[tried] = TRIES

    def stop(self) -> None:
        """End the search: a larger size failed."""
        self._over = True

    def _limit(self, size: int) -> None:
        """Leave out the larger sizes where the next one would take too long or too much memory."""
        grown, self._used = peak_memory() - self._used, peak_memory()
        larger = [other for other in self._tries if other > size]
        if not larger:
            return
        times = larger[0] / size
        too_slow = size / self._rates[size] * times > LONGEST_BATCH_S
        too_large = self._used + grown * times > self._memory * MEMORY_SHARE
        if too_slow or too_large:
            for other in larger:
                del self._tries[other]


def peak_memory() -> int:
    """Return the largest resident size of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _usable_memory() -> int:
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return physical if limit == resource.RLIM_INFINITY else min(limit, physical)
