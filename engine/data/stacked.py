"""Columns of numbers as one two-dimensional array, put together slice by slice.

Owns only that: mapped columns of a file larger than memory stay mapped.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Stacked:
    """``[rows, columns]``: a slice of it is an array, the whole never is."""

    def __init__(self, columns: "Sequence[NDArray[Any]]", dtype: str) -> None:
        self._columns = tuple(columns)
        self.dtype = np.dtype(dtype)
        self.shape = (len(self._columns[0]), len(self._columns))
        self.ndim = 2

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: "slice | NDArray[np.int64]") -> "NDArray[Any]":
        return stack([column[rows] for column in self._columns], self.dtype)


def stack(columns: "Sequence[NDArray[Any]]", dtype: "np.dtype[Any]") -> "NDArray[Any]":
    """Return columns of equal length side by side, ``[rows, columns]``, in C order."""
    together = np.empty((len(columns[0]), len(columns)), dtype=dtype)
    for position, column in enumerate(columns):
        together[:, position] = column
    return together
