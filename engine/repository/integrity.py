"""The identity of an artefact, and moving its bytes without losing or mixing any.

Owns hashing, copying and the calls that make both last through a power cut. Every file is opened once, below
its folder and through no link, and everything is done with that descriptor. It must not know what the bytes
mean, nor record anything.
"""

import ctypes
import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from engine.runtimes import recognise

CHUNK = 1024 * 1024
"""Bytes that are read at a time: large enough for the disk, small enough for the processor's cache."""

OWN = 0o600
READABLE = 0o644

RENAME_NOREPLACE = 1
AT_FDCWD = -100

_renameat2 = ctypes.CDLL(None, use_errno=True).renameat2


class Content(NamedTuple):
    """What identifies an artefact: the hash of its bytes, and how many they are."""

    sha256: str
    bytes: int


class ChangedError(Exception):
    """A file changed while it was read: whoever reads starts over."""


def digest(folder: Path, files: Sequence[str]) -> Content:
    """Return the identity of the files at these paths below ``folder``.

    One file has the SHA-256 of its bytes, whatever its name. Several have that of the lines which
    ``sha256sum`` prints for them, sorted by name, so that a person can check it.

    Raises:
        ChangedError: a file changed meanwhile.
        OSError: a file cannot be read, or is reached through a link.
    """
    return _combine([(name, *_digest_one(folder, name)) for name in files])


def artefact_sha256(artefact: Path) -> str:
    """Return the identity of an artefact together with the files that belong to it.

    Raises:
        ChangedError: a file changed meanwhile.
        OSError: a file cannot be read.
    """
    companions = (str(path.relative_to(artefact.parent)) for path in recognise(artefact).companions)
    return digest(artefact.parent, [artefact.name, *companions]).sha256


def copy(folder: Path, files: Sequence[str], target: Path) -> Content:
    """Copy files below ``folder`` into ``target``, make them last, and return the identity of what was read.

    Raises:
        ChangedError: a file changed meanwhile.
        OSError: something cannot be read or written.
    """
    found = []
    for name in files:
        written = target / name
        make_folder(written.parent)
        with opened(folder, name) as source:
            before = os.fstat(source)
            found.append((name, *_copy_one(source, written)))
            _check_still(source, before)
    for path in sorted({(target / name).parent for name in files} | {target}, reverse=True):
        fsync_folder(path)
    return _combine(found)


def make_folder(path: Path) -> None:
    """Make a folder with the rights of the one that it lies in, and those above it; it may exist."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        path.chmod(stat.S_IMODE(path.parent.stat().st_mode))


def fsync_folder(path: Path) -> None:
    """Make the names in a folder last through a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename_new(source: Path, target: Path) -> None:
    """Give a folder its final name, which nothing may have yet, and make that last.

    Raises:
        FileExistsError: something has the name.
        OSError: the rename failed.
    """
    if _renameat2(AT_FDCWD, os.fsencode(source), AT_FDCWD, os.fsencode(target), RENAME_NOREPLACE):
        number = ctypes.get_errno()
        if number not in {errno.ENOSYS, errno.EINVAL}:
            raise OSError(number, os.strerror(number), str(target))
        # A file system without the flag: rename refuses to replace a folder that holds anything.
        source.rename(target)
    fsync_folder(target.parent)


@contextmanager
def opened(folder: Path, name: str) -> Iterator[int]:
    """Open the regular file at the path ``name`` below ``folder``, no step of it through a link."""
    descriptor = _open_below(folder, name)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Not a regular file", name)
        yield descriptor
    finally:
        os.close(descriptor)


def _open_below(folder: Path, name: str) -> int:
    *folders, last = name.split("/")
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    # Without O_NONBLOCK a pipe would keep us waiting for its other end.
    for part, flag in [*((part, os.O_DIRECTORY) for part in folders), (last, os.O_NONBLOCK)]:
        above = descriptor
        try:
            descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | flag, dir_fd=above)
        finally:
            os.close(above)
    return descriptor


def _digest_one(folder: Path, name: str) -> tuple[str, int]:
    with opened(folder, name) as descriptor:
        before = os.fstat(descriptor)
        found = hashlib.sha256()
        size = 0
        for chunk in _chunks(descriptor):
            found.update(chunk)
            size += len(chunk)
        _check_still(descriptor, before)
        return found.hexdigest(), size


def _copy_one(source: int, written: Path) -> tuple[str, int]:
    found = hashlib.sha256()
    size = 0
    target = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, OWN)
    try:
        # Whoever serves the model may be another user: it keeps the rights that its maker gave it, minus running.
        os.fchmod(target, os.fstat(source).st_mode & READABLE | OWN)
        for chunk in _chunks(source):
            found.update(chunk)
            size += len(chunk)
            _write(target, chunk)
        os.fsync(target)
    finally:
        os.close(target)
    return found.hexdigest(), size


def _write(descriptor: int, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[os.write(descriptor, left) :]


def _chunks(descriptor: int) -> Iterator[bytes]:
    while chunk := os.read(descriptor, CHUNK):
        yield chunk


def _check_still(descriptor: int, before: os.stat_result) -> None:
    now = os.fstat(descriptor)
    if (now.st_size, now.st_mtime_ns, now.st_ctime_ns) != (
        before.st_size,
        before.st_mtime_ns,
        before.st_ctime_ns,
    ):
        raise ChangedError


def _combine(found: Iterable[tuple[str, str, int]]) -> Content:
    rows = sorted(found)
    size = sum(row[2] for row in rows)
    if len(rows) == 1:
        return Content(rows[0][1], size)
    lines = "".join(f"{sha256}  {name}\n" for name, sha256, _ in rows)
    return Content(hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest(), size)
