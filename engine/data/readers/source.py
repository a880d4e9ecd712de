"""What every data format is read through: named columns, a number of rows, and chunks of them.

Owns the words that readers and those who use them share. It must not know any format.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEXT: Final = "str"
"""The `Column.dtype` of texts, whatever their length."""

ARRAY: Final = "array"
COLUMN: Final = "column"
"""What people call a column in formats that hold whole arrays, and in tables."""

CHUNK: Final = 4096
"""Rows that `chunks` gives at a time: large enough for numpy, small beside any memory limit."""


class Column(msgspec.Struct, frozen=True):
    """One named column."""

    name: str
    dtype: str
    """numpy's name, or `TEXT`."""
    shape: tuple[int, ...] = ()
    """Of one row; empty for a single value."""
    missing: int = 0
    """Rows without a value. They read as NaN, or as an empty text; a NaN that was written is a value."""
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

    name: str
    """The file's name, fit to be shown."""
    called: str
    """`ARRAY` or `COLUMN`: what a sentence calls a column."""
    files: tuple[Path, ...]
    """Every file that the data come from."""
    rows: int
    columns: tuple[Column, ...]

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
    source: Source, names: Sequence[str] | None = None, *, rows: int = CHUNK
) -> "Iterator[tuple[int, int, dict[str, NDArray[Any]]]]":
    """Yield ``(start, stop, columns)`` for the whole of a source, in bounded memory."""
    for start in range(0, source.rows, rows):
        stop = min(start + rows, source.rows)
        yield start, stop, source.read(start, stop, names)
