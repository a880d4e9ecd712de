"""Reading IDX files, the format of MNIST: ``t10k-images-idx3-ubyte`` and the labels beside it, packed or not.

Owns which two files belong together and what their headers say. It must not know which columns mean what.
"""

import gzip
import io
import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.data.naming import idx_members
from engine.data.readers.arrays import ArraySource
from engine.data.readers.files import open_file, sha256_of
from engine.data.readers.npy_format import Description, map_array
from engine.data.readers.source import Reading, Source
from storage.errors import JobError
from storage.text import clean

DTYPES: Final = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The third byte of a file (http://yann.lecun.com/exdb/mnist/)."""

AXES: Final = 8
"""The fourth byte: axes of the array; images have three or four."""

PACKED: Final = b"\x1f\x8b"

UNPACKED: Final = 2 * 1024**3
"""Bytes that a packed file may unpack to in memory; MNIST takes 47 MB."""


def recognise(_path: Path, head: bytes) -> bool:
    """Whether a file that begins with ``head`` is one."""
    if head.startswith(PACKED):
        with suppress(zlib.error):
            # Not packed after all, or damaged at its start: then its name does not matter.
            head = zlib.decompressobj(wbits=31).decompress(head, 4)
    return len(head) >= 4 and head[:2] == b"\0\0" and head[2] in DTYPES and 1 <= head[3] <= AXES


def open_idx(path: Path, _reading: Reading) -> Source:
    """Return images and labels as a source.

    Raises:
        JobError: a file cannot be read, is damaged, or its companion is missing.
    """
    return ArraySource(Idx(path))


class Idx:
    """Opened files; the arrays in them by name."""

    def __init__(self, path: Path) -> None:
        """Open ``path`` and its companion, and read their headers."""
        self.name = clean(path.name)
        files = idx_members(path)
        self.files = tuple(files.values())
        self._streams: dict[str, io.BufferedReader] = {}
        self.arrays: dict[str, Description] = {}
        try:
            for column, file in files.items():
                self._streams[column] = open_file(file)
                self.arrays[column] = self._describe(column)
        except BaseException:
            self.close()
            raise

    def load(self, name: str) -> "NDArray[Any]":
        """Return an array: mapped, or unpacked into memory where the file is packed.

        Raises:
            JobError: it cannot be read, or is too large to be unpacked.
        """
        stored, stream = self.arrays[name], self._streams[name]
        if not self._packed(name):
            return map_array(stream, stored, stored.start)
        if stored.bytes > UNPACKED:
            raise JobError(
                f"{self._file(name)} unpacks to {stored.bytes / 2**30:.1f} GiB, more than {UNPACKED / 2**30:.0f} GiB.",
                "Unpack it: then it is mapped, not read into memory.",
            )
        return self._unpack(name, stored)

    def sha256(self) -> str:
        """Return the hexadecimal SHA-256 of the list of files."""
        return sha256_of(zip(self.files, self._streams.values(), strict=True))

    def close(self) -> None:
        """Close the files; mapped arrays stay valid."""
        for stream in self._streams.values():
            stream.close()

    def _file(self, name: str) -> str:
        return clean(Path(self._streams[name].name).name)

    def _packed(self, name: str) -> bool:
        self._streams[name].seek(0)
        return self._streams[name].peek(2)[:2] == PACKED

    def _describe(self, name: str) -> Description:
        packed = self._packed(name)
        head = self._read(name, 4 + 4 * AXES)
        if not recognise(Path(), head) or len(head) < 4 + 4 * head[3]:
            raise JobError(f"{self._file(name)} is no IDX file.", "Copy it again.")
        shape = struct.unpack_from(f">{head[3]}I", head, 4)
        found = Description(shape, np.dtype(DTYPES[head[2]]), fortran=False, start=4 + 4 * head[3])
        there = os.fstat(self._streams[name].fileno()).st_size
        if not packed and there != found.start + found.bytes:
            raise self._wrong_length(name, found)
        return found

    def _read(self, name: str, size: int) -> bytes:
        stream = self._streams[name]
        if not self._packed(name):
            return stream.read(size)
        with suppress(EOFError, OSError, zlib.error):
            # Cut short before its first bytes: what there is, is no header.
            return gzip.GzipFile(fileobj=stream).read(size)
        return b""

    def _unpack(self, name: str, stored: Description) -> "NDArray[Any]":
        stream = self._streams[name]
        stream.seek(0)
        try:
            with gzip.GzipFile(fileobj=stream) as unpacked:
                unpacked.read(stored.start)
                numbers = unpacked.read(stored.bytes)
                # Reading past the end compares the check sum.
                rest = unpacked.read(1)
        except (EOFError, OSError, zlib.error):
            raise JobError(
                f"{self._file(name)} is damaged: it cannot be unpacked.", "Copy it again."
            ) from None
        if rest or len(numbers) != stored.bytes:
            raise self._wrong_length(name, stored)
        return np.frombuffer(numbers, dtype=stored.dtype).reshape(stored.shape)

    def _wrong_length(self, name: str, stored: Description) -> JobError:
        return JobError(
            f"{self._file(name)} is not as long as its header says ({' x '.join(map(str, stored.shape))}).",
            "Copy or download it again.",
        )
