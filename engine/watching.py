"""The thread that keeps the record in step with the folders: woken by events, sure by listing.

It owns when to look; what is seen and recorded is the repository's.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Protocol

from engine.lanes import STOP_S, STORE_RETRY_S

log = logging.getLogger(__name__)

IDLE_SHARE = 0.002
"""Of a core, what listing takes where no event asks for it: ten thousand versions are listed every three minutes or so."""

LONGEST_S = 300.0
"""However large a workspace is, it is listed this often: an event that was lost without a trace costs no more."""

BUSY_SHARE = 0.25
"""Of a core, what listing takes while things are arriving that no event tells of, such as a file that grows."""


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
        self.effort_s = 0.0
        """Processor time that the last pass took."""
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
            began = time.thread_time()
            try:
                wanted = self._repository.scan()
            except (OSError, sqlite3.Error):
                # A folder or the disk failed in a way that the scan has no sentence for: the next scan may succeed.
                log.exception("the folders could not be scanned")
                wanted = STORE_RETRY_S
            # What arrived has a job now: the lanes need not wait for the next poll of the database.
            self._scanned()
            self.effort_s = time.thread_time() - began
            self._wake.wait(self._pause(wanted))

    def _pause(self, wanted: float | None) -> float:
        """Return how long to wait for an event: the larger the workspace, the longer, so that the share stays small."""
        regular = max(self._rescan_s, min(self.effort_s / IDLE_SHARE, LONGEST_S))
        if wanted is None or wanted >= self._rescan_s:
            return regular
        return min(regular, max(wanted, self.effort_s / BUSY_SHARE) if wanted > 0 else 0.0)
