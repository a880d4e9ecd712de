"""Arrays in ``.npy`` form: the description that stands before the numbers, and mapping them.

Owns reading a description without trust: never an object array (that is a pickle), never a header without end.
"""

import io
import mmap  # noqa: F401 - numpy asks for it at the first mapped array, behind the sandbox's walls
from typing import Any, Final

import msgspec
import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from storage.errors import JobError
from storage.text import clean

MAGIC: Final = b"\x93NUMPY"

HEADER: Final = 64 * 1024
"""Bytes of an array's description; numpy writes 128."""

AXES: Final = 32
"""Axes of an array; numpy has had no more for most of its life."""


class HeaderError(ValueError):
    """The bytes describe no array."""


class Description(msgspec.Struct, frozen=True):
    """What an array is, and where its numbers begin."""

    shape: tuple[int, ...]
    dtype: "np.dtype[Any]"
    fortran: bool
    start: int

    @property
    def bytes(self) -> int:
        """How long its numbers are."""
        # Python's integers: a header may well claim more than 64 bits of them.
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize


def describe(head: bytes, file: str, array: str) -> Description:
    """Return the description at the beginning of ``head``.

    Raises:
        HeaderError: it is none, or cut short.
        JobError: it is one of Python objects.
    """
    stream = io.BytesIO(head[:HEADER])
    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(stream)
    except (ValueError, EOFError, TypeError, OverflowError) as error:
        raise HeaderError(str(error)) from None
    if dtype.hasobject:
        raise JobError(
            f"{file} keeps array {clean(array)} as Python objects, which would run code when read.",
            "Save it as numbers or strings, for example array.astype('float32').",
        )
    if len(shape) > AXES or any(size < 0 for size in shape):
        raise HeaderError(f"a shape of {shape}")
    return Description(shape, dtype, fortran, stream.tell())


def map_array(stream: io.BufferedReader, stored: Description, start: int) -> "NDArray[Any]":
    """Return an array whose numbers begin at byte ``start`` of a file, unread until they are used."""
    if stored.bytes == 0:
        return np.empty(stored.shape, dtype=stored.dtype)
    return np.memmap(
        stream,
        dtype=stored.dtype,
        mode="r",
        offset=start,
        shape=stored.shape,
        order="F" if stored.fortran else "C",
    )
