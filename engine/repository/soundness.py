"""Which copies were hashed lately and found sound, and have not been touched since.

Owns what tells a file that was written from one that was not: its device, inode, size and both its times, of which the
time of change cannot be set by who writes. Damage of the disk itself leaves no such trace, so nothing is believed for
longer than a day. It must not know what a copy is for; what is deployed is hashed anew whatever is known here.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

HOLDS_S = 86400.0
"""For how long a copy is believed to be what it was."""

STILL_S = 2.0
"""What changed this shortly before it was hashed is not believed: the kernel's clock ticks some hundred times a second, on
some file systems once in two, and a second change within a tick would not show."""

MOST = 10_000
"""Copies that are remembered: beyond that it begins anew, which costs one hash each."""

Marks = tuple[tuple[int, ...], ...]


class _Seen(NamedTuple):
    files: tuple[str, ...]
    marks: Marks
    at: float


class Soundness:
    """Remembers in memory only, so that each engine hashes everything once. Safe for threads."""

    def __init__(
        self, *, now: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._seen: dict[tuple[Path, str], _Seen] = {}

    def files(self, folder: Path, name: str) -> tuple[str, ...] | None:
        """Return the files of the copy of ``name`` where they were sound not long ago and are the same, else ``None``."""
        with self._lock:
            seen = self._seen.get((folder, name))
        if seen is None or self._monotonic() - seen.at > HOLDS_S:
            return None
        return seen.files if seen.marks == marks(folder, seen.files) else None

    def note(self, folder: Path, files: Sequence[str], before: Marks | None) -> None:
        """Remember that a copy, the artefact first, is sound; ``before`` are its marks from before it was hashed."""
        if before is None or before != marks(folder, files):
            return
        if any(max(mark[-2:]) / 1e9 > self._now() - STILL_S for mark in before):
            # Also where the clock was set back since: what changed in the future is not believed either.
            return
        with self._lock:
            if len(self._seen) >= MOST:
                self._seen.clear()
            self._seen[folder, files[0]] = _Seen(tuple(files), before, self._monotonic())


def marks(folder: Path, files: Sequence[str]) -> Marks | None:
    """Return what tells the present state of files and of the folders that they lie in from any other one.

    ``None`` where one of them cannot be looked at.
    """
    folders = {path for name in files for path in (folder / name).parents if path.is_relative_to(folder)}
    try:
        found = [os.lstat(path) for path in (*sorted(folders), *(folder / name for name in files))]
    except OSError:
        # Gone or unreadable: nothing is known of it, so that it is hashed, which says what is wrong.
        return None
    return tuple((one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns) for one in found)
