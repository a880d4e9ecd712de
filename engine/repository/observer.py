"""When to look at the folders: events of the kernel become wake-ups, and nothing more.

Owns the watching itself: which folders, what happens when they vanish or come back, when events were lost,
when the system has no watches left, and when a folder lies where no events come from. Besides `inotify_watches`
the only module that knows watchdog. It never says what changed, because events lie and listings do not.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.observers.inotify import InotifyObserver

from engine.repository import inotify_watches
from engine.repository.mounts import is_remote
from engine.repository.scanner import DEPTH
from storage.text import clean
from storage.workspace import Workspace

log = logging.getLogger(__name__)

EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    DirCreatedEvent,
    FileMovedEvent,
    DirMovedEvent,
    FileDeletedEvent,
    DirDeletedEvent,
    FileClosedEvent,
]
"""Everything that a listing could show, except growing: a file in the middle of its writing is no news, and
its end is. Without opening and reading, or our own looks would wake us."""

CHECK_S = 1.0
"""How often it is made sure that the watched folders are still the ones that have these names."""

COVERAGE_S = 30.0
"""How often, while things change, it is made sure that no folder was left without a watch; the listing every so often
helps meanwhile."""

POLL_S = 1.0
"""How often the folders are listed where events cannot be had."""

POLL_SHARE = 0.05
"""Of a core, what listing may take there: a workspace of ten thousand versions is listed every six seconds."""

QUIET_S = 0.02
"""Wake-ups in a burst come at most this often: too short to notice, long enough not to list without end."""

RECURSION = 5_000
"""watchdog lists new folders with `os.walk`, which in Python 3.11 calls itself once a level. The system's longest path
(PATH_MAX, 4,096 bytes) has 2,048 levels: with Python's own limit of 1,000 calls, one folder could end all watching."""

LOST = "events-lost"
POLLING = "polling"

OVERFLOW_LOGGER = "watchdog.observers.inotify_c"
"""Where watchdog says that the kernel's queue overflowed; it tells nobody else."""


class Armed(NamedTuple):
    """A folder that is watched: which one it was when it was armed."""

    watch: ObservedWatch
    identity: tuple[int, int]


class Observer:
    """A part of the engine: calls ``wake`` whenever there may be something new, from a thread of its own."""

    def __init__(
        self,
        workspace: Workspace,
        wake: Callable[[], None],
        *,
        renamed: Callable[[Path], None],
        notice: Callable[[str, str], None],
        effort_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Watch; ``effort_s`` tells how much processor time the latest listing took."""
        self._effort_s = effort_s
        self._folders = {workspace.train: True, workspace.models: True, workspace.test: True}
        self._wake = wake
        self._renamed = renamed
        self._notice = notice
        self._stirred = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="observer", daemon=True)
        self._handler = _Handler(self)
        self._overflows = _OverflowHandler(self)
        self._observer: BaseObserver | None = None
        self._armed: dict[Path, Armed] = {}
        self._doubtful: set[Path] = set()
        self._covered_at = time.monotonic() - COVERAGE_S
        self._unchecked = True
        self.polling = ""
        """Why the folders are listed every second instead of waiting for events, or empty."""
        self.overflows = 0
        """How often the kernel dropped events because there were too many."""

    def start(self) -> None:
        """Begin to watch, then wake: what came before the first watch must not be missed."""
        sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION))
        inotify_watches.forgive()
        logger = logging.getLogger(OVERFLOW_LOGGER)
        logger.addHandler(self._overflows)
        self._begin()
        self._stirred.set()
        self._thread.start()

    def stop(self) -> None:
        """End, and return when ended."""
        self._stopping.set()
        self._stirred.set()
        self._thread.join()
        self._end_events()
        logging.getLogger(OVERFLOW_LOGGER).removeHandler(self._overflows)

    def stir(self) -> None:
        """Take note that something happened."""
        self._stirred.set()

    def moved_to(self, path: Path) -> None:
        """Take note that something got this name by a rename."""
        self._renamed(path)
        self._stirred.set()

    def overflowed(self) -> None:
        """Take note that the kernel dropped events."""
        self.overflows += 1
        self._notice(
            LOST, "too many files changed at once and events were lost; all folders were listed again"
        )
        self._stirred.set()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            stirred = self._stirred.wait(self._poll_s() if self.polling else CHECK_S)
            self._stirred.clear()
            if self._stopping.is_set():
                return
            if stirred or self.polling:
                self._unchecked = True
                self._wake()
                self._stopping.wait(QUIET_S)
            else:
                # Only when it is quiet: a burst of events shows well enough that the watches work.
                self._keep_armed()

    def _poll_s(self) -> float:
        return max(POLL_S, self._effort_s() / POLL_SHARE)

    def _begin(self) -> None:
        remote = next((folder for folder in self._folders if is_remote(folder)), None)
        if remote is not None:
            self._poll(f"{remote.name}/ lies on a network file system, which tells nobody about changes")
            return
        try:
            self._observer = InotifyObserver(generate_full_events=True)
            self._observer.start()
        except OSError as error:
            self._poll(f"the system gives no file events ({error.strerror or error})")
            return
        self._keep_armed()

    def _keep_armed(self) -> None:
        """Watch each folder that has its name now; wake where one came, went or was replaced."""
        for folder, recursive in self._folders.items():
            if self._observer is None:
                return
            identity = _identity(folder)
            armed = self._armed.get(folder)
            if armed is not None and armed.identity == identity:
                continue
            if armed is not None:
                del self._armed[folder]
                self._observer.unschedule(armed.watch)
                self._stirred.set()
            if identity is not None:
                self._arm(self._observer, folder, identity, recursive=recursive)
        self._check_coverage()

    def _arm(
        self, observer: BaseObserver, folder: Path, identity: tuple[int, int], *, recursive: bool
    ) -> None:
        try:
            watch = observer.schedule(self._handler, str(folder), recursive=recursive, event_filter=EVENTS)
        except FileNotFoundError:
            # It went in this moment; the next check sees it come back.
            return
        except (OSError, RuntimeError) as error:
            # The second is what Python says where the system starts no more threads; watchdog has one for every watch.
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            self._poll(f"{folder.name}/ cannot be watched ({reason})")
            return
        self._armed[folder] = Armed(watch, identity)
        self._stirred.set()

    def _check_coverage(self) -> None:
        """Poll where folders stay unwatched: watchdog passes over those for which the kernel has no watch left."""
        now = time.monotonic()
        # Without an event there is no new folder.
        due = self._unchecked and now - self._covered_at >= COVERAGE_S
        if self._observer is None or not (self._doubtful or due):
            return
        try:
            watched = _watched_inodes()
        except OSError:
            # No descriptor is free, say: without the kernel's list nothing is known, and the next check asks for it again.
            return
        self._covered_at, self._unchecked = now, False
        missed = {
            folder
            for top, recursive in self._folders.items()
            if recursive and top in self._armed
            for folder, inode in _folders_below(top)
            if inode not in watched
        }
        # A folder that was made in this moment has its watch a moment later.
        if missed & self._doubtful:
            self._poll("the system is out of file watches (fs.inotify.max_user_watches)")
        self._doubtful = missed

    def _poll(self, reason: str) -> None:
        self.polling = reason
        self._end_events()
        self._notice(POLLING, f"the folders are listed every second: {clean(reason)}")
        self._stirred.set()

    def _end_events(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None
            self._armed.clear()


class _Handler(FileSystemEventHandler):
    """Hands watchdog's events on."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def on_any_event(self, event: FileSystemEvent) -> None:
        if isinstance(event, FileMovedEvent | DirMovedEvent) and event.dest_path:
            self._observer.moved_to(Path(os.fsdecode(event.dest_path)))
        else:
            self._observer.stir()


class _OverflowHandler(logging.Handler):
    """Hears from watchdog's log that events were lost."""

    def __init__(self, observer: Observer) -> None:
        super().__init__(logging.WARNING)
        self._observer = observer

    def emit(self, record: logging.LogRecord) -> None:
        if "overflow" in record.getMessage():
            self._observer.overflowed()


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        # Gone, or out of reach: either way there is nothing to watch.
        return None
    return status.st_dev, status.st_ino


def _watched_inodes() -> set[int]:
    """Return the inodes that this process watches, as the kernel counts them.

    Raises:
        OSError: the kernel's list cannot be read as a whole.
    """
    found = set()
    for entry in os.scandir("/proc/self/fd"):
        try:
            if str(Path(entry.path).readlink()) != "anon_inode:inotify":
                continue
            lines = Path("/proc/self/fdinfo", entry.name).read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            # A descriptor that was closed while we looked, the one of this very listing for instance.
            continue
        for line in lines:
            if line.startswith("inotify "):
                fields = dict(field.split(":", 1) for field in line.split()[1:] if ":" in field)
                found.add(int(fields["ino"], 16))
    return found


def _folders_below(top: Path) -> Iterator[tuple[Path, int]]:
    """Yield every folder from ``top`` down that may be watched, with its inode."""
    try:
        yield top, top.stat().st_ino
    except OSError:
        # Gone meanwhile, or out of reach: nothing in it could be watched anyway.
        return
    folders = [(str(top), 0)]
    while folders:
        folder, level = folders.pop()
        try:
            with os.scandir(folder) as entries:
                below = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            # As above.
            continue
        for entry in below:
            if level >= DEPTH or not os.access(entry.path, os.R_OK):
                continue
            try:
                # Not the listing's own inode: of a mounted folder that is another one.
                inode = entry.stat(follow_symlinks=False).st_ino
            except OSError:
                # As above.
                continue
            yield Path(entry.path), inode
            folders.append((entry.path, level + 1))
