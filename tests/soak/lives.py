"""What a process takes while it lives (memory, descriptors, threads), and whether that grows.

Pure but for one look at ``/proc``: looks go in, sentences come out. Of several lives the longest tells of growth.
"""

import os
from collections.abc import Callable
from pathlib import Path
from statistics import linear_regression, median
from typing import Final, NamedTuple

MIB: Final = 1024**2

WARM: Final = 0.2
"""The part of a life in which caches fill; only what comes later tells of growth."""

TELLING_S: Final = 300.0
"""Less than that after its youth says nothing: a host that starts or a list that is read moves more than a leak."""


class Look(NamedTuple):
    """What a process took at one moment."""

    at: float
    mib: float
    """Resident memory."""
    descriptors: float
    threads: float


class Promise(NamedTuple):
    """What is promised of a process."""

    name: str
    most_mib: float
    growth: float
    """By which part of itself its memory may grow from the earlier half of its life to the later one, youth left out."""
    more_descriptors: float
    more_threads: float


class Lives:
    """The lives of processes of one kind, one after another."""

    def __init__(self, promise: Promise) -> None:
        self.promise = promise
        self.longest: list[Look] = []
        self.peak = 0.0
        self._pid = 0
        self._looks: list[Look] = []

    def look(self, pid: int | None, now: float) -> None:
        """Look at the process with this number."""
        found = look(pid, now) if pid else None
        if pid is None or found is None:
            return
        if pid != self._pid:
            self._pid, self._looks = pid, []
        self._looks.append(found)
        self.peak = max(self.peak, found.mib)
        if len(self._looks) >= len(self.longest):
            self.longest = self._looks

    def problems(self) -> list[str]:
        """Return what is not as promised; a short life says nothing, as what it took depends on the machine and its load."""
        if not self._late():
            return []
        name, promise, found = self.promise.name, self.promise, list[str]()
        if self.peak > promise.most_mib:
            found.append(f"{name} took {self.peak:.1f} MiB, and {promise.most_mib:g} are promised")
        memory = self._halves(_mib)
        if memory[1] > memory[0] * (1 + promise.growth):
            found.append(f"{name} grew by {memory[1] / memory[0] - 1:.1%}: {self.account()}")
        for more, what, of in (
            (promise.more_descriptors, "descriptors", _descriptors),
            (promise.more_threads, "threads", _threads),
        ):
            before, after = self._halves(of)
            if after > before + more:
                found.append(f"{name} has {after:.0f} {what} where it had {before:.0f}")
        return found

    def account(self) -> str:
        """Return a sentence about it."""
        if not self.longest:
            return f"{self.promise.name}: never seen"
        last = self.longest[-1]
        said = (
            f"{self.promise.name}: {last.mib:.1f} MiB, {last.descriptors:.0f} descriptors and {last.threads:.0f} threads at the "
            f"end, {self.peak:.1f} MiB at most"
        )
        late = self._late()
        if not late:
            return f"{said}; its life was too short to tell growth"
        slope = linear_regression([one.at for one in late], [one.mib for one in late]).slope * 3600
        memory, descriptors, threads = (self._halves(of) for of in (_mib, _descriptors, _threads))
        return (
            f"{said}; after {WARM:.0%} of its life, medians of the first and the second half of the other {late[-1].at - late[0].at:.0f} s: "
            f"{memory[0]:.1f} and {memory[1]:.1f} MiB ({memory[1] / memory[0] - 1:+.2%}, slope {slope:+.1f} MiB an hour), "
            f"{descriptors[0]:.0f} and {descriptors[1]:.0f} descriptors, {threads[0]:.0f} and {threads[1]:.0f} threads"
        )

    def _late(self) -> list[Look]:
        """Return the looks of the longest life that tell of growth, none where it was too short."""
        late = self.longest[int(len(self.longest) * WARM) :]
        return late if late and late[-1].at - late[0].at >= TELLING_S else []

    def _halves(self, of: Callable[[Look], float]) -> tuple[float, float]:
        late = self._late()
        half = len(late) // 2
        return median(map(of, late[:half])), median(map(of, late[half:]))


def look(pid: int, now: float) -> Look | None:
    """Look at a process; ``None`` where it has just ended."""
    home = Path(f"/proc/{pid}")
    try:
        pages = int((home / "statm").read_text().split()[1])
        descriptors, threads = len(os.listdir(home / "fd")), len(os.listdir(home / "task"))  # noqa: PTH208 - names alone
    except (OSError, IndexError):
        # It has just been killed.
        return None
    return Look(now, pages * os.sysconf("SC_PAGE_SIZE") / MIB, descriptors, threads)


def _mib(one: Look) -> float:
    return one.mib


def _descriptors(one: Look) -> float:
    return one.descriptors


def _threads(one: Look) -> float:
    return one.threads
