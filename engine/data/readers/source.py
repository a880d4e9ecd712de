"""What every data format is read through: named columns, a number of rows, and chunks of them.

Owns the words that readers and those who use them share. It must not know any format.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

TEXT: Final = "str"
"""The `Column.dtype` of texts, whatever their length."""

ARRAY: Final = "array"
COLUMN: Final = "column"
"""What people call a column in formats that hold whole arrays, and in tables."""

CHUNK_ROWS: Final = 4096
CHUNK_BYTES: Final = 16 * 1024 * 1024
"""Rows and bytes that `chunks` gives at a time, at the most: large enough for numpy, small beside any memory limit."""

TEXT_BYTES: Final = 64
"""What a text is reckoned with when rows are portioned."""


class Column(msgspec.Struct, frozen=True):
    """One named column."""

    name: str
    dtype: str
    """numpy's name, or `TEXT`."""
    shape: tuple[int, ...] = ()
    """Of one row; empty for a single value."""
    missing: int = 0
    """Rows without a value. They read as NaN (the column is then float64), or as an empty text; a NaN that was
    written is a value."""
    first_missing: int = -1
    """The first of these rows, counted from 0, or -1."""

    @property
    def is_number(self) -> bool:
        """Whether one row of it is one number."""
        return self.dtype != TEXT and not self.shape


class Reading(msgspec.Struct, frozen=True):
    """What a reader cannot know from the file alone."""

    resize: tuple[int, ...] = ()
    """Height and width that every image of a folder gets; empty keeps their own, which must agree."""
    channels: int = 0
    """1 grey, 3 colour, 4 with transparency; 0 keeps what the images have, which must agree."""


class Source(Protocol):
    """An opened data set. Opening has looked at all of it: its rows are counted and its columns are typed."""

    @property
    def name(self) -> str:
        """The file's name, fit to be shown."""
        ...

    @property
    def called(self) -> str:
        """`ARRAY` or `COLUMN`: what a sentence calls a column."""
        ...

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that the data come from."""
        ...

    @property
    def rows(self) -> int:
        """How many examples there are."""
        ...

    @property
    def columns(self) -> tuple[Column, ...]:
        """What there is of each example."""
        ...

    def read(self, start: int, stop: int, names: Sequence[str] | None = None) -> "dict[str, NDArray[Any]]":
        """Return the rows from ``start`` to before ``stop`` of some columns, or of all: ``[stop - start, *shape]`` each.

        Cheap in ascending order; going back may begin again at the start of the file.

        Raises:
            JobError: the file is damaged there, or changed since it was opened.
        """
        ...

    def sha256(self) -> str:
        """Return the hexadecimal SHA-256 of the file; of several files that of the list that ``sha256sum`` prints."""
        ...

    def close(self) -> None:
        """Let go of the files; arrays that were read stay valid."""
        ...


def chunks(
    source: Source, names: Sequence[str] | None = None, *, rows: int | None = None
) -> "Iterator[tuple[int, int, dict[str, NDArray[Any]]]]":
    """Yield ``(start, stop, columns)`` for the whole of a source, in bounded memory."""
    rows = rows or portion(source, names)
    for start in range(0, source.rows, rows):
        stop = min(start + rows, source.rows)
        yield start, stop, source.read(start, stop, names)


def portion(source: Source, names: Sequence[str] | None = None) -> int:
    """Return how many rows of some columns, or of all, make a chunk."""
    wanted = [column for column in source.columns if names is None or column.name in names]
    return max(1, min(CHUNK_ROWS, CHUNK_BYTES // max(1, sum(map(row_bytes, wanted)))))


def row_bytes(column: Column) -> int:
    """Return how many bytes one row of a column takes as numbers."""
    size = TEXT_BYTES if column.dtype == TEXT else np.dtype(column.dtype).itemsize
    return int(np.prod(column.shape, dtype=object)) * size
