"""Columns of Arrow as columns of numpy, for the readers whose files pyarrow parses.

Owns the conversion, what a missing value becomes, and the sentence where pyarrow is not installed. pyarrow
is imported by what opens a file, never by this module: it parses hostile bytes, and only the process that
reads other formats than arrays holds it.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.data.readers.source import TEXT, Column
from storage.errors import JobError

INSTALL: Final = "Install it with: pip install 'modeltender[data]'"


TEXT_CHARACTERS: Final = 1000
"""What is kept of a text: a label is short, and numpy gives every row the room of the longest."""


def missing_library(file: str, library: str) -> JobError:
    """Return what to say where a file needs a library that is not there."""
    return JobError(f"{file} cannot be read: {library} is not installed.", INSTALL, code="no-library")


def to_numpy(values: Any, column: Column) -> "NDArray[Any]":
    """Return values of a column as a numpy array ``[rows, *shape]``.

    Where the column misses some, its numbers are float64 in every piece, and those are NaN; a text is empty.
    """
    if hasattr(values, "dictionary_decode"):
        values = values.dictionary_decode()
    if column.dtype == TEXT:
        return _texts(values)
    dtype = "float64" if column.missing else column.dtype
    if not column.shape:
        return _numbers(values, dtype)
    if not values.null_count:
        flat = _numbers(_flat(values, len(column.shape)), dtype)
        return flat.reshape(len(values), *column.shape)
    there = np.asarray(values.is_valid())
    rows = np.full((len(values), *column.shape), np.nan)
    rows[there] = to_numpy(values.drop_null(), column)
    return rows


def _numbers(values: Any, dtype: str) -> "NDArray[Any]":
    if values.null_count:
        import pyarrow as pa

        # Through floats: no integer stands for what is missing.
        values = values.cast(pa.float64())
    return np.asarray(values.to_numpy(zero_copy_only=False)).astype(dtype, copy=False)


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
