"""One opened file, read in bounded pieces.

Owns opening a file that anybody may have made (no link, no pipe, no device) and every byte that is read of
it: each piece is limited, their sum is limited, and the file is never mapped, because a trainer may cut it
short at any moment. It must not know any format.
"""

import io
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

HEAD = 4096
"""Bytes in which every format that we know shows its mark."""

PIECE = 32 * 1024 * 1024
"""The most that one read may ask for: larger than any honest zip directory or configuration."""

BUDGET = 256 * 1024 * 1024
"""The most that is read of one file before it is given up: seconds, even from a slow disk."""


class ContentError(Exception):
    """The content is not what it should be; the message completes the sentence "FILE …"."""


class CutShortError(ContentError):
    """The content ends before it should; it may still be on its way."""


class HarmfulError(ContentError):
    """The content looks made to do harm."""


class Content(io.RawIOBase):
    """A regular file, opened once, that counts what is read of it. Also what `zipfile` reads from."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._descriptor = _open_regular(path)
        self.path = path
        self.size = os.fstat(self._descriptor).st_size
        self._position = 0
        self._left = BUDGET
        self.head = self.piece(0, min(HEAD, self.size))

    def piece(self, start: int, size: int) -> bytes:
        """Return exactly ``size`` bytes from ``start``.

        Raises:
            CutShortError: the file has fewer.
            ContentError: more is asked for than an honest file needs.
        """
        if size > min(PIECE, self._left):
            raise ContentError("is not read further: it asks for more than a model file needs")
        self._left -= size
        found = os.pread(self._descriptor, size, start)
        if len(found) < size:
            raise CutShortError("is cut short")
        return found

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        if not self.closed:
            os.close(self._descriptor)
        super().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # What zipfile asks of a file.

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that the position can be set."""
        return True

    def tell(self) -> int:
        """Return the position of the next read."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position of the next read."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise OSError("a position before the start")
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes from the position, all that are left where it is negative."""
        left = max(0, self.size - self._position)
        found = self.piece(self._position, left if size < 0 else min(size, left))
        self._position += len(found)
        return found

    def as_stream(self) -> IO[bytes]:
        """Return this as the type that `zipfile` declares; it reads, seeks and tells, nothing else."""
        return cast("IO[bytes]", self)


def _open_regular(path: Path) -> int:
    """Open without following a link and without waiting for the other end of a pipe."""
    if path.is_symlink():
        raise ContentError("is a symbolic link; copy the file itself")
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ContentError("is not a regular file")
    return descriptor
