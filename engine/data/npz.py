"""Reading ``.npz`` files: named arrays in a zip archive.

Owns the way from a file that anybody may have made to arrays: never an object array (that is a pickle), never
more than its limits, mapped instead of read where the member is not compressed. It must not know which
arrays mean what.
"""

import encodings.cp437  # noqa: F401 - zipfile asks for it at the first name, behind the sandbox's walls
import io
import mmap  # noqa: F401 - numpy asks for it at the first mapped array, likewise
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from storage.errors import JobError
from storage.text import clean

MAGIC: Final = b"PK\x03\x04"
LOCAL_HEADER: Final = 30
"""Bytes of a local header before the name; bytes 26 to 29 say how long the name and the extra fields are."""

UNPACKED: Final = 2 * 1024**3
"""Bytes of a compressed array that are unpacked into memory; larger ones belong into a mapped file."""

ARRAYS: Final = 1000
"""Arrays of one file; a data set has a few."""

HEADER: Final = 64 * 1024
"""Bytes of an array's description; numpy writes 128."""

CHUNK: Final = 4 * 1024 * 1024
"""Bytes that are read at a time."""

SAVE = "Save it with numpy.savez(file, x=inputs, y=targets)."
"""What to do about a file that has not what is needed."""


class Stored(msgspec.Struct, frozen=True):
    """Where an array lies in the file, and what it is."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    fortran: bool
    start: int
    """Where its numbers begin within the member."""
    member: str


class Npz:
    """An opened file; the arrays in it by name."""

    def __init__(self, file: Path) -> None:
        """Open ``file`` and read its table.

        Raises:
            JobError: it cannot be read, is cut short, or is no such file.
        """
        self.name = clean(file.name)
        try:
            self._stream = file.open("rb")
        except OSError as error:
            raise JobError(f"{self.name} cannot be read ({error.strerror}).", "Check the file.") from None
        try:
            self._zip = _open_zip(self._stream, self.name)
            self.arrays = {stored.name: stored for stored in self._table()}
        except BaseException:
            self._stream.close()
            raise

    def close(self) -> None:
        """Close the file; mapped arrays stay valid."""
        self._zip.close()
        self._stream.close()

    def stat(self) -> os.stat_result:
        """Return the status of the very file that is read."""
        return os.fstat(self._stream.fileno())

    def stream(self) -> io.BufferedReader:
        """Return the whole file, from its start."""
        self._stream.seek(0)
        return self._stream

    def load(self, name: str) -> "NDArray[Any]":
        """Return the array ``name``: mapped where it is stored as it is, unpacked into memory otherwise.

        Raises:
            JobError: it is damaged, or too large to unpack.
        """
        stored = self.arrays[name]
        entry = self._zip.getinfo(stored.member)
        size = int(np.prod(stored.shape, dtype=object)) * np.dtype(stored.dtype).itemsize
        if stored.start + size != entry.file_size:
            raise JobError(f"{self.name} is damaged: array {clean(name)} is not as long as it says.", SAVE)
        if entry.compress_type == zipfile.ZIP_STORED:
            return self._map(stored, entry, size)
        if size > UNPACKED:
            raise JobError(
                f"{self.name} unpacks array {clean(name)} to {size / 2**30:.1f} GiB, more than "
                f"{UNPACKED / 2**30:.0f} GiB.",
                "Save it with numpy.savez instead of numpy.savez_compressed: then it is mapped, not unpacked.",
            )
        return self._unpack(stored, size)

    def _table(self) -> list[Stored]:
        entries = [entry for entry in self._zip.infolist() if entry.filename.endswith(".npy")]
        if len(entries) > ARRAYS:
            raise JobError(f"{self.name} has {len(entries)} arrays, more than {ARRAYS}.", SAVE)
        return [self._describe(entry) for entry in entries]

    def _describe(self, entry: zipfile.ZipInfo) -> Stored:
        name = entry.filename.removesuffix(".npy")
        try:
            with self._zip.open(entry) as member:
                head = io.BytesIO(member.read(HEADER))
            version = npy.read_magic(head)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, fortran, dtype = read(head)
        except (ValueError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
            raise JobError(f"{self.name} is damaged: array {clean(name)} cannot be read.", SAVE) from None
        if dtype.hasobject:
            raise JobError(
                f"{self.name} keeps array {clean(name)} as Python objects, which would run code when read.",
                "Save it as numbers or strings, for example array.astype('float32').",
            )
        return Stored(name, shape, dtype.str, fortran, head.tell(), entry.filename)

    def _map(self, stored: Stored, entry: zipfile.ZipInfo, size: int) -> "NDArray[Any]":
        self._stream.seek(entry.header_offset)
        header = self._stream.read(LOCAL_HEADER)
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        start = entry.header_offset + LOCAL_HEADER + lengths
        if start + entry.file_size > self.stat().st_size:
            raise JobError(f"{self.name} is cut short: array {clean(stored.name)} is not all there.", SAVE)
        self._check_sum(stored.name, entry, start)
        if size == 0:
            return np.empty(stored.shape, dtype=stored.dtype)
        return np.memmap(
            self._stream,
            dtype=stored.dtype,
            mode="r",
            offset=start + stored.start,
            shape=stored.shape,
            order="F" if stored.fortran else "C",
        )

    def _check_sum(self, name: str, entry: zipfile.ZipInfo, start: int) -> None:
        """A mapped array is not read through `zipfile`, so its sum is checked here."""
        self._stream.seek(start)
        left, total = entry.file_size, 0
        while left:
            piece = self._stream.read(min(CHUNK, left))
            if not piece:
                break
            total = zlib.crc32(piece, total)
            left -= len(piece)
        if left or total != entry.CRC:
            raise JobError(f"{self.name} is damaged: the check sum of array {clean(name)} is wrong.", SAVE)

    def _unpack(self, stored: Stored, size: int) -> "NDArray[Any]":
        buffer = bytearray(size)
        view = memoryview(buffer)
        done = 0
        try:
            with self._zip.open(stored.member) as member:
                member.read(stored.start)
                while done < size:
                    count = member.readinto(view[done : done + CHUNK])  # type: ignore[attr-defined]
                    if not count:
                        break
                    done += count
                # Reading past the end makes zipfile compare the check sum.
                rest = member.read(1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError):
            rest = b"?"
        if done < size or rest:
            raise JobError(f"{self.name} is damaged: array {clean(stored.name)} cannot be unpacked.", SAVE)
        array = np.frombuffer(buffer, dtype=stored.dtype)
        return array.reshape(stored.shape, order="F" if stored.fortran else "C")


def _open_zip(stream: io.BufferedReader, name: str) -> zipfile.ZipFile:
    begins = stream.read(len(MAGIC))
    if not begins:
        raise JobError(f"{name} is empty.", SAVE)
    if begins != MAGIC:
        raise JobError(f"{name} is not an .npz file.", SAVE)
    try:
        return zipfile.ZipFile(stream)
    except zipfile.BadZipFile:
        raise JobError(
            f"{name} is cut short: its zip directory is missing.", "Copy or save it again."
        ) from None
