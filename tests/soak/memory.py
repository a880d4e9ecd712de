"""How much memory an engine holds over time, and whether that grows.

Pure but for one look at ``/proc``: samples go in, a slope comes out.
"""

import os
from pathlib import Path
from statistics import linear_regression, median
from typing import Final

MIB: Final = 1024**2

WARM_S: Final = 30.0
"""A young engine fills its caches; only what comes later tells of growth."""

TELLING_S: Final = 45.0
"""A slope over less time says nothing."""

GROWTH_MIB: Final = 16.0
"""What the later half of a life may hold more than the earlier one: allocators round, SQLite caches pages."""


class Memory:
    """The memory of the engine that lived last, and of those before it only the peak."""

    def __init__(self) -> None:
        self._pid = 0
        self._samples: list[tuple[float, float]] = []
        self._peak = 0.0
        self._longest: list[tuple[float, float]] = []

    def look(self, pid: int | None, now: float) -> None:
        """Take a sample of the engine with this number."""
        size = _resident(pid) if pid else None
        if pid is None or size is None:
            return
        if pid != self._pid:
            self._pid, self._samples = pid, []
        self._samples.append((now, size))
        self._peak = max(self._peak, size)
        if len(self._samples) >= len(self._longest):
            self._longest = self._samples

    def problems(self) -> list[str]:
        """Return what is wrong with it."""
        late = self._late()
        if not late:
            return []
        half = len(late) // 2
        growth = median(size for _, size in late[half:]) - median(size for _, size in late[:half])
        if growth <= GROWTH_MIB:
            return []
        return [f"the engine's memory grew by {growth:.1f} MiB: {self.account()}"]

    def account(self) -> str:
        """Return a sentence about it."""
        said = f"engine memory: {self._longest[-1][1]:.1f} MiB at the end, {self._peak:.1f} MiB at most"
        late = self._late()
        if not late:
            return f"{said}; its life was too short to tell a slope"
        slope = linear_regression(*zip(*late, strict=True)).slope * 3600
        return f"{said}; {slope:+.1f} MiB an hour over the last {late[-1][0] - late[0][0]:.0f} s of its longest life"

    def _late(self) -> list[tuple[float, float]]:
        """Return the samples of the longest life that tell of growth, none where it was too short."""
        if not self._longest:
            return []
        late = [sample for sample in self._longest if sample[0] - self._longest[0][0] > WARM_S]
        return late if late and late[-1][0] - late[0][0] > TELLING_S else []


def _resident(pid: int) -> float | None:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        # It has just been killed.
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB
