"""Reading ``.npy`` files: one array a file, so a data set is several files beside each other.

Owns which files belong together: ``x_test.npy`` and ``y_test.npy``, or ``test_x.npy``, ``test_y.npy`` and
further inputs by name; an array with named fields holds its columns alone. It must not know which of them
means what.
"""

import io
import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from engine.data.naming import SUFFIXES, npy_members
from engine.data.readers.arrays import SAVE, ArraySource
from engine.data.readers.files import open_file, sha256_of
from engine.data.readers.npy_format import HEADER, MAGIC, Description, HeaderError, describe, map_array
from engine.data.readers.source import Reading, Source
from storage.errors import JobError
from storage.text import clean


def recognise(path: Path, head: bytes) -> bool:
    """Whether a file that begins with ``head`` is one."""
    return head.startswith(MAGIC) or (not head and path.suffix in SUFFIXES["npy"])


def open_npy(path: Path, _reading: Reading) -> Source:
    """Return the arrays of a file and of those that belong to it as a source.

    Raises:
        JobError: one cannot be read, is damaged, or they are no data set.
    """
    return ArraySource(Npy(path))


def read_array(file: Path) -> "NDArray[Any]":
    """Return the array of one file, mapped.

    Raises:
        JobError: it cannot be read, is cut short, or is no such file.
    """
    with open_file(file) as stream:
        stored = _description(stream, clean(file.name))
        return map_array(stream, stored, stored.start)


class Npy:
    """Opened files; the arrays in them by name."""

    def __init__(self, path: Path) -> None:
        """Open ``path`` and the files that belong to it, and read their descriptions.

        Raises:
            JobError: one cannot be read, is cut short, or is no such file.
        """
        self.name = clean(path.name)
        files = npy_members(path)
        self.files = tuple(files.values())
        self._streams: dict[str, io.BufferedReader] = {}
        self.arrays: dict[str, Description] = {}
        try:
            for column, file in files.items():
                self._streams[column] = open_file(file)
                self.arrays[column] = _description(self._streams[column], clean(file.name))
        except BaseException:
            self.close()
            raise
        self._records = self._fields(*files) if len(files) == 1 else None

    def load(self, name: str) -> "NDArray[Any]":
        """Return an array, mapped."""
        if self._records is not None:
            return self._records[name]
        return map_array(self._streams[name], self.arrays[name], self.arrays[name].start)

    def sha256(self) -> str:
        """Return the hexadecimal SHA-256 of the file, or of the list of files."""
        return sha256_of(zip(self.files, self._streams.values(), strict=True))

    def close(self) -> None:
        """Close the files; mapped arrays stay valid."""
        for stream in self._streams.values():
            stream.close()

    def _fields(self, only: str) -> "NDArray[Any] | None":
        """Return the array of a single file where it has named fields, which then are the arrays."""
        stored = self.arrays[only]
        names = stored.dtype.names
        if not names:
            return None
        records = map_array(self._streams[only], stored, stored.start)
        self.arrays = {
            name: Description(records[name].shape, records[name].dtype, fortran=False, start=0)
            for name in names
        }
        return records


def _description(stream: io.BufferedReader, file: str) -> Description:
    try:
        found = describe(stream.read(HEADER), file, "x")
    except HeaderError:
        raise JobError(f"{file} is damaged: its array cannot be read.", SAVE) from None
    there = os.fstat(stream.fileno()).st_size - found.start
    if there < found.bytes:
        raise JobError(
            f"{file} is cut short: {there} of the {found.bytes} bytes of its array are there.",
            "Copy or save it again.",
        )
    return found
