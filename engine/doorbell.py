"""What the main loop waits at: it hears that somebody wrote to the database, or that another thread wants it to look.

Owns the kernel's watch over the database's write-ahead log, and what is done where there is none. Whoever writes calls
nobody: the log itself tells, also of programs that know nothing of an engine. It must not know what was written.
"""

import ctypes
import logging
import math
import os
import select
import time
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

IN_MODIFY: Final = 0x2
"""The kernel's word for "something was written"."""

EVENTS_BYTES: Final = 4096
"""Of events that are read at once. Those of one file are alike, and the kernel keeps one of several that nobody has read."""

POLL_S: Final = 0.05
"""How often the log is looked at where the kernel has no watch left: half of it is what a key waits on average."""


class Doorbell:
    """Waits for a write or a ring; any thread and any signal handler may ring."""

    def __init__(self) -> None:
        self._rung = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._watch: int | None = None
        self._polled: Path | None = None
        self._seen: tuple[int, int] | None = None
        self._poll = select.poll()
        self._poll.register(self._rung, select.POLLIN)

    def listen(self, written: Path) -> None:
        """Hear from now on of every write to a file that exists and is never replaced."""
        try:
            self._watch = _watch(written)
        except OSError as error:
            # This user's other programs have taken all that the kernel gives: as sure as before, and not as cheap.
            log.warning(
                "the kernel does not tell of writes (%s): the log is looked at instead", error.strerror
            )
            self._polled, self._seen = written, _mark(written)
        else:
            self._poll.register(self._watch, select.POLLIN)

    def ring(self) -> None:
        """End the present wait, or the next one where nobody waits."""
        os.eventfd_write(self._rung, 1)

    def wait(self, seconds: float) -> bool:
        """Wait for that long at most; return whether somebody rang or wrote since the last wait."""
        ends = time.monotonic() + seconds
        while True:
            left = max(0.0, ends - time.monotonic())
            if self._heard(left if self._polled is None else min(left, POLL_S)) or self._looks_otherwise():
                return True
            if left <= 0:
                return False

    def close(self) -> None:
        """Let go of the descriptors."""
        for descriptor in (self._rung, self._watch):
            if descriptor is not None:
                os.close(descriptor)

    def _heard(self, seconds: float) -> bool:
        ready = self._poll.poll(math.ceil(seconds * 1000))
        for descriptor, _events in ready:
            # Taken before anybody looks: what is written from here on is heard of by the next wait.
            os.read(descriptor, EVENTS_BYTES)
        return bool(ready)

    def _looks_otherwise(self) -> bool:
        if self._polled is None:
            return False
        seen, self._seen = self._seen, _mark(self._polled)
        return seen != self._seen


def _watch(file: Path) -> int:
    """Return a descriptor that can be read when something was written to a file."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
    if descriptor < 0:
        raise _error()
    if libc.inotify_add_watch(descriptor, os.fsencode(file), IN_MODIFY) < 0:
        error = _error()
        os.close(descriptor)
        raise error
    return int(descriptor)


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))


def _mark(file: Path) -> tuple[int, int] | None:
    """Return what tells one state of a file from another, as far as its time is fine enough."""
    try:
        status = file.stat()
    except OSError:
        # Not to be seen at the moment: the main loop looks by itself every second.
        return None
    return status.st_size, status.st_mtime_ns
