"""Model processes that are kept warm between jobs.

It owns which process may be lent and which must go, and must not know how one is made. A process is lent to
one job at a time; a second job for the same model gets a process of its own.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import NamedTuple

from engine.processes.model_process import ModelProcess
from storage.settings import LimitSettings

Key = tuple[Hashable, ...]
"""A model's name, its artefact's SHA-256, a runtime's name, a device and options: what makes two interchangeable."""


class Resting(NamedTuple):
    """A process that waits for its next job."""

    key: Key
    process: ModelProcess
    since: float


class Pool:
    """Lends warm processes; keeps the most recently used ones, for a while."""

    def __init__(self, limits: LimitSettings) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._resting: list[Resting] = []
        """The longest unused first."""
        self._closed = False

    def __len__(self) -> int:
        return len(self._resting)

    @contextlib.contextmanager
    def borrow(self, key: Key, open_: Callable[[], ModelProcess]) -> Iterator[ModelProcess]:
        """Lend a process for ``key``, a warm one or what ``open_`` makes; dead ones are not kept."""
        process = self._take(key)
        if process is None:
            process = open_()
        try:
            yield process
        finally:
            self._give_back(key, process)

    def discard(self, model: str) -> int:
        """Close the resting processes of a model, and return how many those were."""
        with self._lock:
            ending = [rest for rest in self._resting if rest.key[:1] == (model,)]
            self._resting = [rest for rest in self._resting if rest not in ending]
        _close(ending)
        return len(ending)

    def expire(self, now: float) -> None:
        """Close the processes that died or have rested for too long at monotonic time ``now``."""
        with self._lock:
            ending = [
                rest
                for rest in self._resting
                if now - rest.since > self._limits.process_idle_s or not rest.process.alive
            ]
            self._resting = [rest for rest in self._resting if rest not in ending]
        _close(ending)

    def close(self) -> None:
        """Close every process that rests; those that are lent are closed when they come back."""
        with self._lock:
            self._closed = True
            ending, self._resting = self._resting, []
        _close(reversed(ending))

    def _take(self, key: Key) -> ModelProcess | None:
        """Return the most recently used warm process for ``key``; close the dead ones that lie on the way."""
        dead: list[Resting] = []
        found = None
        with self._lock:
            for rest in [rest for rest in reversed(self._resting) if rest.key == key]:
                self._resting.remove(rest)
                if rest.process.alive:
                    found = rest.process
                    break
                dead.append(rest)
        _close(dead)
        return found

    def _give_back(self, key: Key, process: ModelProcess) -> None:
        if not process.alive:
            process.close()
            return
        with self._lock:
            self._resting.append(Resting(key, process, time.monotonic()))
            surplus = len(self._resting) if self._closed else len(self._resting) - self._limits.warm_processes
            ending, self._resting = self._resting[: max(surplus, 0)], self._resting[max(surplus, 0) :]
        _close(ending)


def _close(ending: Iterable[Resting]) -> None:
    for rest in ending:
        rest.process.close()
