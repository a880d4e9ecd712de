"""The thread that keeps the record in step with the folders: woken by events, sure by listing.

It owns when to look; what is seen and recorded is the repository's.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable
from typing import Protocol

from engine.service import STOP_S, STORE_RETRY_S

log = logging.getLogger(__name__)


class Scans(Protocol):
    """What looks at the folders."""

    def scan(self) -> float | None:
        """Record what changed; return in how many seconds it wants to look again, or ``None``."""
        ...


class Watching:
    """A part of the engine: scans at the start, at every wake-up, and every so often regardless."""

    def __init__(self, repository: Scans, *, rescan_s: float, scanned: Callable[[], None]) -> None:
        self._repository = repository
        self._scanned = scanned
        self._rescan_s = rescan_s
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="watching", daemon=True)

    def start(self) -> None:
        """Begin with a scan of everything."""
        self._thread.start()

    def wake(self) -> None:
        """Look now; safe to call from any thread, as often as events come."""
        self._wake.set()

    def stop(self) -> None:
        """End, and return when the present scan has ended."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(STOP_S)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            # Cleared before the scan: an event during the scan means another one.
            self._wake.clear()
            pause = self._rescan_s
            try:
                wanted = self._repository.scan()
            except (OSError, sqlite3.Error):
                # A folder or the disk failed in a way that the scan has no sentence for: the next scan may succeed.
                log.exception("the folders could not be scanned")
                wanted = STORE_RETRY_S
            # What arrived has a job now: the lanes need not wait for the next poll of the database.
            self._scanned()
            if wanted is not None:
                pause = min(pause, wanted)
            self._wake.wait(pause)
