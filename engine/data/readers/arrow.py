"""Columns of Arrow as columns of numpy, for the readers whose files pyarrow parses.

Owns the conversion, what a missing value becomes, and the sentence where pyarrow is not installed. pyarrow
is imported by what opens a file, never by this module: it parses hostile bytes, and only the process that
reads other formats than arrays holds it.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.data.readers.source import TEXT
from storage.errors import JobError

INSTALL: Final = "Install it with: pip install 'modeltender[data]'"


TEXT_CHARACTERS: Final = 1000
"""What is kept of a text: a label is short, and numpy gives every row the room of the longest."""


def missing_library(file: str, library: str) -> JobError:
    """Return what to say where a file needs a library that is not there."""
    return JobError(f"{file} cannot be read: {library} is not installed.", INSTALL, code="no-library")


def to_numpy(values: Any, dtype: str, shape: tuple[int, ...] = ()) -> "NDArray[Any]":
    """Return an Arrow array as a numpy array ``[rows, *shape]``.

    A missing number becomes NaN (and integers beside it floats), a missing text an empty one.
    """
    if hasattr(values, "dictionary_decode"):
        values = values.dictionary_decode()
    if dtype == TEXT:
        return _texts(values)
    if not shape:
        return numbers(values, dtype)
    if not values.null_count:
        return numbers(_flat(values, len(shape)), dtype).reshape(len(values), *shape)
    there = np.asarray(values.is_valid())
    rows = np.full((len(values), *shape), np.nan)
    rows[there] = to_numpy(values.drop_null(), dtype, shape)
    return rows


def numbers(values: Any, dtype: str) -> "NDArray[Any]":
    """Return an Arrow array of numbers as a numpy array."""
    if not values.null_count:
        return np.asarray(values.to_numpy(zero_copy_only=False)).astype(dtype, copy=False)
    import pyarrow as pa

    # Through floats: no integer stands for what is missing.
    return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False))


def first_missing(values: Any) -> int:
    """Return the first place without a value in an Arrow array that has one."""
    return int(np.asarray(values.is_null()).argmax())


def _flat(values: Any, depth: int) -> Any:
    for _ in range(depth):
        values = values.flatten()
    return values


def _texts(values: Any) -> "NDArray[Any]":
    # A column of labels has few different texts: each becomes a Python string once.
    coded = values.fill_null("").dictionary_encode()
    known = [text[:TEXT_CHARACTERS] for text in coded.dictionary.to_pylist()]
    texts: NDArray[Any] = np.asarray(known or [""], dtype=np.str_)
    codes: NDArray[np.int32] = coded.indices.to_numpy(zero_copy_only=False)
    return texts[codes]
