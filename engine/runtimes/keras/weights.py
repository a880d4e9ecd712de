"""A look into the weights of a ``.keras`` archive before Keras opens it: whether they keep to themselves.

Keras reads arrays wherever HDF5 says that they lie, which may be in other files. Runs in a model process only, behind
its walls, because HDF5 is parsed by a large C library. It must not be imported by the engine.
"""

import io
import os
import zipfile
from pathlib import Path

import h5py

from engine.artefacts.content import HarmfulError
from engine.runtimes.keras.legacy import check_reach
from storage.errors import RefusedError
from storage.text import NAME, clean

WEIGHTS = "model.weights.h5"

HEADER = 30
"""Bytes of a zip entry's own header before its name."""


class _Window(io.RawIOBase):
    """A part of a file, as a file: weights are gigabytes, and are not copied to be looked at."""

    def __init__(self, descriptor: int, start: int, size: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._start = start
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[
            whence
        ] + offset
        return self._position

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # what h5py gives is one
        wanted = max(0, min(len(buffer), self._size - self._position))
        found = os.pread(self._descriptor, wanted, self._start + self._position)
        buffer[: len(found)] = found
        self._position += len(found)
        return len(found)


def check_weights(artefact: Path) -> None:
    """Raise where loading the weights of a ``.keras`` archive would read other files.

    Raises:
        RefusedError: it would.
        OSError: they are damaged.
    """
    with zipfile.ZipFile(artefact) as archive, artefact.open("rb") as file:
        if WEIGHTS not in archive.namelist():
            return
        entry = archive.getinfo(WEIGHTS)
        if entry.compress_type != zipfile.ZIP_STORED:
            opened: io.IOBase = io.BytesIO(archive.read(entry))
        else:
            file.seek(entry.header_offset + HEADER - 4)
            name_size, extra_size = (int.from_bytes(file.read(2), "little") for _ in range(2))
            start = entry.header_offset + HEADER + name_size + extra_size
            opened = _Window(file.fileno(), start, entry.file_size)
        try:
            with h5py.File(opened, "r") as weights:
                check_reach(weights)
        except HarmfulError as error:
            raise RefusedError(f"{clean(artefact.name, NAME)} {error}.") from None
