"""Model processes that are kept warm between jobs.

It owns which process may be lent and which must go, and must not know how one is made. A process is lent to
one job at a time; a second job for the same model gets a process of its own.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from typing import NamedTuple

from engine.processes.model_process import ModelProcess
from storage.settings import LimitSettings

Key = tuple[Hashable, ...]
"""The model, the SHA-256 of what is loaded, a runtime's name, a device and options: what makes two processes interchangeable."""

Content = tuple[Hashable, ...]
"""The first two of a key: what a model has loaded, however."""


class Resting(NamedTuple):
    """A process that waits for its next job."""

    key: Key
    process: ModelProcess
    since: float


class Pool:
    """Lends warm processes; keeps the most recently used ones, for a while."""

    def __init__(
        self, limits: LimitSettings, *, wanted: Callable[[], Collection[Content]] = frozenset
    ) -> None:
        """``wanted`` tells what goes last where there are too many, but for what was lent a moment ago."""
        self._limits = limits
        self._wanted = wanted
        self._lock = threading.Lock()
        self._resting: list[Resting] = []
        """The longest unused first."""
        self._lent: list[Resting] = []
        self._closed = False

    def __len__(self) -> int:
        return len(self._resting)

    @contextlib.contextmanager
    def borrow(self, key: Key, open_: Callable[[], ModelProcess]) -> Iterator[ModelProcess]:
        """Lend a process for ``key``, a warm one or what ``open_`` makes; dead ones are not kept."""
        process = self._take(key)
        if process is None:
            process = open_()
        lent = Resting(key, process, time.monotonic())
        with self._lock:
            self._lent.append(lent)
        try:
            yield process
        finally:
            with self._lock:
                self._lent.remove(lent)
            self._give_back(key, process)

    def discard(self, model: str) -> int:
        """Close the resting processes of a model, and return how many those were."""
        with self._lock:
            ending = [rest for rest in self._resting if rest.key[:1] == (model,)]
            self._resting = [rest for rest in self._resting if rest not in ending]
        _close(ending)
        return len(ending)

    def holds(self, key: Key) -> bool:
        """Whether a process for ``key`` lives, be it lent or at rest."""
        with self._lock:
            known = [*self._lent, *self._resting]
        return any(each.process.alive for each in known if each.key == key)

    def models(self) -> dict[int, str]:
        """Return which model each process runs that is lent or at rest, by the process' number."""
        with self._lock:
            known = [*self._lent, *self._resting]
        return {each.process.pid: str(each.key[0]) for each in known}

    def renew(self, model: str) -> None:
        """Let the time that the processes of a model have rested begin anew."""
        with self._lock:
            own = [rest for rest in self._resting if rest.key[0] == model]
            others = [rest for rest in self._resting if rest.key[0] != model]
            now = time.monotonic()
            self._resting = [*others, *(rest._replace(since=now) for rest in own)]

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
        mine = Resting(key, process, time.monotonic())
        with self._lock:
            self._resting.append(mine)
            if not self._closed and len(self._resting) <= self._limits.warm_processes:
                return
        wanted = self._wanted()
        with self._lock:
            surplus = len(self._resting) if self._closed else len(self._resting) - self._limits.warm_processes
            # Sorting keeps the longest unused first among equals; who was lent a moment ago is likely to be wanted again.
            order = sorted(self._resting, key=lambda rest: (rest is mine, rest.key[:2] in wanted))
            going = order[: max(surplus, 0)]
            self._resting = [rest for rest in self._resting if rest not in going]
        _close(going)


def _close(ending: Iterable[Resting]) -> None:
    for rest in ending:
        rest.process.close()
