"""The identity of an artefact, and moving its bytes without losing or mixing any.

Owns hashing, copying and the calls that make both last through a power cut. Every file is opened once, below
its folder and through no link, and everything is done with that descriptor. It must not know what the bytes
mean, nor record anything.
"""

import ctypes
import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

CHUNK = 1024 * 1024
"""Bytes that are read at a time: large enough for the disk, small enough for the processor's cache."""

OWN = 0o600
READABLE = 0o644

RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2
AT_FDCWD = -100

FICLONE = 0x40049409
"""Asks a file system that can (XFS, Btrfs, bcachefs) for a copy that shares its blocks until one side changes."""

_renameat2 = ctypes.CDLL(None, use_errno=True).renameat2


class Content(NamedTuple):
    """What identifies an artefact: the hash of its bytes, and how many they are."""

    sha256: str
    bytes: int


class ChangedError(Exception):
    """A file changed while it was read: whoever reads starts over."""


class WriteError(OSError):
    """What was to be written could not be (a full disk), as against what was to be read."""


def digest(folder: Path, files: Sequence[str]) -> Content:
    """Return the identity of the files at these paths below ``folder``.

    One file has the SHA-256 of its bytes, whatever its name. Several have that of the lines which
    ``sha256sum`` prints for them, sorted by name, so that a person can check it.

    Raises:
        ChangedError: a file changed meanwhile.
        OSError: a file cannot be read, or is reached through a link.
    """
    return _combine([(name, *_digest_one(folder, name)) for name in files])


def copy(folder: Path, files: Sequence[str], target: Path, *, mode: int | None = None) -> Content:
    """Copy files below ``folder`` into ``target``, make them last, and return the identity of what was copied.

    Without a ``mode`` each copy keeps the rights to read that its file has.

    Raises:
        ChangedError: a file changed meanwhile.
        WriteError: something cannot be written.
        OSError: something cannot be read.
    """
    found = []
    for name in files:
        written = target / name
        with writing():
            make_folder(written.parent)
        with opened(folder, name) as source:
            before = os.fstat(source)
            # Whoever serves the model may be another user: it keeps the rights that its maker gave it, minus running.
            rights = before.st_mode & READABLE | OWN if mode is None else mode
            found.append((name, *_copy_one(source, written, rights)))
            _check_still(source, before)
    with writing():
        for path in sorted({(target / name).parent for name in files} | {target}, reverse=True):
            fsync_folder(path)
    return _combine(found)


@contextmanager
def writing() -> Iterator[None]:
    """Tell a failure to write from a failure to read.

    Raises:
        WriteError: what is done within met with an `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise WriteError(error.errno, error.strerror, error.filename) from None


def make_folder(path: Path) -> None:
    """Make a folder with the rights of the one that it lies in, and those above it; it may exist."""
    if not path.is_dir():
        make_folder(path.parent)
        mode = stat.S_IMODE(path.parent.stat().st_mode)
        path.mkdir(mode=mode & 0o777, exist_ok=True)
        # Only where it differs: a hardened service may not say setgid, which is inherited without being said.
        if stat.S_IMODE(path.stat().st_mode) != mode:
            path.chmod(mode)


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


def exchange(first: Path, second: Path) -> bool:
    """Let two names of one file system change places in one step; return whether the file system can do that.

    Raises:
        OSError: it can, and refuses.
    """
    if _renameat2(AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second), RENAME_EXCHANGE):
        number = ctypes.get_errno()
        if number in {errno.ENOSYS, errno.EINVAL}:
            return False
        raise OSError(number, os.strerror(number), str(second))
    for folder in {first.parent, second.parent}:
        fsync_folder(folder)
    return True


@contextmanager
def opened(folder: Path, name: str) -> Iterator[int]:
    """Open the regular file at the path ``name`` below ``folder``, no step of it through a link.

    Raises:
        OSError: there is none, or it cannot be read.
    """
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


def _copy_one(source: int, written: Path, mode: int) -> tuple[str, int]:
    """Copy an open file, and return the hash and size of what the copy holds."""
    found = hashlib.sha256()
    size = 0
    with writing():
        target = os.open(written, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, OWN)
    try:
        with writing():
            os.fchmod(target, mode)
            shared = _clone(source, target)
        # What shares its blocks is read from the copy: the source may be another by now, the copy is not.
        for chunk in _chunks(target if shared else source):
            found.update(chunk)
            size += len(chunk)
            if not shared:
                with writing():
                    _write(target, chunk)
        with writing():
            os.fsync(target)
    finally:
        os.close(target)
    return found.hexdigest(), size


def _clone(source: int, target: int) -> bool:
    """Let the empty file ``target`` share the blocks of ``source``; return whether the file system could."""
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO}:
            raise
        # Another file system, or one without shared blocks; each has its own way to say so. The bytes are copied.
        return False
    return True


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
