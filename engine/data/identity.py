"""What tells one state of the data on the disk from another, without reading them.

Owns two marks: a full one that a prepared copy is kept under, and a quick one by which a change is noticed.
No numerical library is loaded, since the engine's main process asks.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from engine.data.naming import members
from storage.errors import JobError
from storage.text import clean

ENTRIES: Final = 10_000_000
"""Files of a folder of images: more than any file system likes in one place."""


def identity(path: Path) -> str:
    """Return a mark that differs whenever a size, a time or an inode of any file of a data set does.

    Raises:
        JobError: a companion is missing, or the data cannot be looked at.
    """
    try:
        return _digest(_marks(path))
    except OSError as error:
        raise JobError(f"{clean(path.name)} cannot be read ({error.strerror}).", "Check the file.") from None


def stamp(path: Path) -> str:
    """Return a mark that a look at a few entries gives; empty where there is nothing to look at.

    Of a folder only the folders in it are looked at: adding, removing or renaming a file changes them, writing
    into one does not. `identity` notices that too, when the data are used.
    """
    try:
        if path.is_dir():
            return _digest(_folder_marks(path))
        return _digest(_mark(file.name, file.stat()) for file in _files(path))
    except OSError:
        # It went, or cannot be looked at: whoever uses it says which.
        return ""


def size(path: Path) -> int:
    """Return how many bytes the files of data that can be mapped have: arrays, or a folder of prepared ones."""
    try:
        files = path.iterdir() if path.is_dir() else _files(path)
        return sum(file.stat().st_size for file in files)
    except OSError:
        # It went, or cannot be looked at: whoever opens it says which.
        return 0


def volume(path: Path) -> int:
    """Return how many bytes all files of a data set have, however deep they lie; 0 where they cannot be looked at."""
    try:
        if not path.is_dir():
            return sum(file.stat().st_size for file in _files(path))
        return sum(
            os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118 - a hundred thousand times
            for parent, _folders, files in os.walk(path)
            for name in files
        )
    except OSError:
        # It went, or cannot be looked at: whoever uses it says which.
        return 0


def _files(path: Path) -> Iterable[Path]:
    try:
        return members(path).values()
    except JobError:
        # A companion is missing as yet: what is there is looked at, and it changes when the rest comes.
        return [path]


def _marks(path: Path) -> Iterator[str]:
    if not path.is_dir():
        yield from (_mark(file.name, file.stat()) for file in members(path).values())
        return
    count = 0
    for parent, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            count += 1
            if count > ENTRIES:
                raise JobError(f"{clean(path.name)} has more than {ENTRIES} files.", "Use fewer examples.")
            relative = os.path.relpath(os.path.join(parent, name), path)  # noqa: PTH118 - a hundred thousand times
            yield _mark(relative, os.lstat(os.path.join(parent, name)))  # noqa: PTH118 - as above


def _folder_marks(path: Path) -> Iterator[str]:
    yield _mark(".", path.stat())
    with os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                yield _mark(entry.name, status)


def _mark(name: str, status: os.stat_result) -> str:
    # The inode's own time catches what restores a file's time, as copy programs do.
    return f"{name}\0{status.st_size:x}\0{status.st_mtime_ns:x}\0{status.st_ctime_ns:x}\0{status.st_ino:x}"


def _digest(marks: Iterable[str]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for mark in marks:
        digest.update(mark.encode(errors="surrogateescape") + b"\n")
    return digest.hexdigest()
