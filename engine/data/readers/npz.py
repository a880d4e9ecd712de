"""Reading ``.npz`` files: named arrays in a zip archive.

Owns the way from a file that anybody may have made to arrays: never an object array (that is a pickle), never
more than its limits, mapped instead of read where the member is not compressed. It must not know which
arrays mean what.
"""

import encodings.cp437  # noqa: F401 - zipfile asks for it at the first name, behind the sandbox's walls
import io
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.data.naming import SUFFIXES
from engine.data.readers.arrays import SAVE, ArraySource
from engine.data.readers.files import open_file, sha256_of
from engine.data.readers.npy_format import HEADER, Description, HeaderError, describe, map_array
from engine.data.readers.source import Reading, Source
from storage.errors import JobError
from storage.text import clean

MAGIC: Final = b"PK\x03\x04"
EMPTY_MAGIC: Final = b"PK\x05\x06"
"""How an archive without any member begins."""

LOCAL_HEADER: Final = 30
"""Bytes of a local header before the name; bytes 26 to 29 say how long the name and the extra fields are."""

UNPACKED: Final = 2 * 1024**3
"""Bytes of a compressed array that are unpacked into memory; larger ones belong into a mapped file."""

ARRAYS: Final = 1000
"""Arrays of one file; a data set has a few."""

CHUNK: Final = 4 * 1024 * 1024
"""Bytes that are read at a time."""


def recognise(path: Path, head: bytes) -> bool:
    """Whether a file that begins with ``head`` is one."""
    return head.startswith((MAGIC, EMPTY_MAGIC)) or (not head and path.suffix in SUFFIXES["npz"])


def open_npz(path: Path, _reading: Reading) -> Source:
    """Return the arrays of a file as a source.

    Raises:
        JobError: it cannot be read, is damaged, or its arrays are no data set.
    """
    return ArraySource(Npz(path))


class Npz:
    """An opened file; the arrays in it by name."""

    def __init__(self, file: Path) -> None:
        """Open ``file`` and read its table.

        Raises:
            JobError: it cannot be read, is cut short, or is no such file.
        """
        self.name = clean(file.name)
        self.files = (file,)
        self._stream = open_file(file)
        self._members: dict[str, zipfile.ZipInfo] = {}
        try:
            self._zip = _open_zip(self._stream, self.name)
            self.arrays = self._table()
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

    def sha256(self) -> str:
        """Return the hexadecimal SHA-256 of the file."""
        return sha256_of([(self.files[0], self._stream)])

    def load(self, name: str) -> "NDArray[Any]":
        """Return the array ``name``: mapped where it is stored as it is, unpacked into memory otherwise.

        Raises:
            JobError: it is damaged, or too large to unpack.
        """
        stored, entry = self.arrays[name], self._members[name]
        size = stored.bytes
        if stored.start + size != entry.file_size:
            raise JobError(f"{self.name} is damaged: array {clean(name)} is not as long as it says.", SAVE)
        if entry.compress_type == zipfile.ZIP_STORED:
            return self._map(name, stored, entry)
        if size > UNPACKED:
            raise JobError(
                f"{self.name} unpacks array {clean(name)} to {size / 2**30:.1f} GiB, more than "
                f"{UNPACKED / 2**30:.0f} GiB.",
                "Save it with numpy.savez instead of numpy.savez_compressed: then it is mapped, not unpacked.",
            )
        return self._unpack(name, stored, entry)

    def _table(self) -> dict[str, Description]:
        entries = [entry for entry in self._zip.infolist() if entry.filename.endswith(".npy")]
        if len(entries) > ARRAYS:
            raise JobError(f"{self.name} has {len(entries)} arrays, more than {ARRAYS}.", SAVE)
        table = {}
        for entry in entries:
            name = entry.filename.removesuffix(".npy")
            table[name] = self._describe(name, entry)
            self._members[name] = entry
        return table

    def _describe(self, name: str, entry: zipfile.ZipInfo) -> Description:
        try:
            with self._zip.open(entry) as member:
                return describe(member.read(HEADER), self.name, name)
        except (
            HeaderError,
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            RuntimeError,
            ValueError,
        ):
            raise JobError(f"{self.name} is damaged: array {clean(name)} cannot be read.", SAVE) from None

    def _map(self, name: str, stored: Description, entry: zipfile.ZipInfo) -> "NDArray[Any]":
        self._stream.seek(entry.header_offset)
        header = self._stream.read(LOCAL_HEADER)
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        start = entry.header_offset + LOCAL_HEADER + lengths
        if start + entry.file_size > self.stat().st_size:
            raise JobError(f"{self.name} is cut short: array {clean(name)} is not all there.", SAVE)
        self._check_sum(name, entry, start)
        return map_array(self._stream, stored, start + stored.start)

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

    def _unpack(self, name: str, stored: Description, entry: zipfile.ZipInfo) -> "NDArray[Any]":
        size = stored.bytes
        buffer = bytearray(size)
        view = memoryview(buffer)
        done = 0
        try:
            with self._zip.open(entry) as member:
                member.read(stored.start)
                while done < size:
                    count = member.readinto(view[done : done + CHUNK])  # type: ignore[attr-defined]  # what zipfile gives can
                    if not count:
                        break
                    done += count
                # Reading past the end makes zipfile compare the check sum.
                rest = member.read(1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError):
            rest = b"?"
        if done < size or rest:
            raise JobError(f"{self.name} is damaged: array {clean(name)} cannot be unpacked.", SAVE)
        array = np.frombuffer(buffer, dtype=stored.dtype)
        return array.reshape(stored.shape, order="F" if stored.fortran else "C")


def _open_zip(stream: io.BufferedReader, name: str) -> zipfile.ZipFile:
    begins = stream.read(len(MAGIC))
    if not begins:
        raise JobError(f"{name} is empty.", SAVE)
    if begins not in {MAGIC, EMPTY_MAGIC}:
        raise JobError(f"{name} is not an .npz file.", SAVE)
    try:
        return zipfile.ZipFile(stream)
    except zipfile.BadZipFile:
        raise JobError(
            f"{name} is cut short: its zip directory is missing.", "Copy or save it again."
        ) from None
