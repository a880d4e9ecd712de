"""Reading ``.parquet`` files, through pyarrow.

Owns which of Parquet's types are columns: numbers, truth values, texts, and lists of numbers that are equally
long in every row. It must not know which columns mean what.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.data.naming import SUFFIXES
from engine.data.readers.arrow import first_missing, missing_library, to_numpy
from engine.data.readers.files import open_file, sha256_of
from engine.data.readers.source import COLUMN, TEXT, Column, Reading, Source
from engine.data.readers.stream import Rows, Stream
from storage.errors import JobError
from storage.text import clean

MAGIC: Final = b"PAR1"

BATCH: Final = 4096
"""Rows that are decoded at a time; wide ones fewer."""

BATCH_BYTES: Final = 16 * 1024 * 1024

COLUMNS: Final = 100_000
"""Columns of one file; a table of pixels has thousands."""

DEPTH: Final = 4
"""Lists in lists: an image has three."""


def recognise(path: Path, head: bytes) -> bool:
    """Whether a file that begins with ``head`` is one."""
    return head.startswith(MAGIC) or (not head and path.suffix in SUFFIXES["Parquet"] and path.is_file())


def open_parquet(path: Path, _reading: Reading) -> Source:
    """Return the rows of a file as a source.

    Raises:
        JobError: it cannot be read, is damaged, or pyarrow is not installed.
    """
    return Parquet(path)


class Parquet:
    """An opened table."""

    called = COLUMN

    def __init__(self, path: Path) -> None:
        """Open ``path``; what its footer does not tell of a column is looked at."""
        self.name = clean(path.name)
        self.files = (path,)
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError:
            raise missing_library(self.name, "pyarrow") from None
        self._pa = pa
        self._stream = open_file(path)
        try:
            with self._reading():
                # Its own descriptor: the hash is made from the same file, whatever reads it meanwhile.
                self._file = parquet.ParquetFile(
                    f"/proc/self/fd/{self._stream.fileno()}",
                    pre_buffer=False,
                    page_checksum_verification=True,
                )
            self.rows = int(self._file.metadata.num_rows)
            self.columns = self._look()
        except BaseException:
            self._stream.close()
            raise
        self._known = {column.name: column for column in self.columns}
        self._rows = Stream(self.name, self._begin)

    def read(self, start: int, stop: int, names: Sequence[str] | None = None) -> Rows:
        """Return rows, decoded."""
        return self._rows.read(start, stop, list(self._known) if names is None else names)

    def sha256(self) -> str:
        """Return the hexadecimal SHA-256 of the file."""
        return sha256_of([(self.files[0], self._stream)])

    def close(self) -> None:
        """Close the file."""
        self._rows.close()
        self._file.close()
        self._stream.close()

    def _look(self) -> tuple[Column, ...]:
        schema = self._file.schema_arrow
        if len(schema) > COLUMNS:
            raise JobError(f"{self.name} has {len(schema)} columns, more than {COLUMNS}.", "Leave some out.")
        if len(set(schema.names)) < len(schema):
            raise JobError(f"{self.name} has two columns of one name.", "Give each column a name of its own.")
        kinds = {field.name: _kind(self._pa, field.type) for field in schema}
        looks = {name: _Look(name, *kind) for name, kind in kinds.items() if kind is not None}
        doubtful = [name for name in looks if looks[name].depth or self._may_lack(name)]
        row = 0
        for batch in self._batches(doubtful):
            for name, values in zip(doubtful, batch.columns, strict=True):
                looks[name].at(self.name, values, row)
            row += batch.num_rows
        return tuple(look.column() for look in looks.values())

    def _may_lack(self, name: str) -> bool:
        """Whether some value of a plain column may be missing, judged by the footer."""
        metadata = self._file.metadata
        for group in range(metadata.num_row_groups):
            chunk = metadata.row_group(group).column(self._leaf(name))
            found = chunk.statistics
            if found is None or not found.has_null_count or found.null_count:
                return True
        return False

    def _leaf(self, name: str) -> int:
        """Return the number of a plain column among the file's leaves, which nested columns have several of."""
        schema = self._file.metadata.schema
        return next(number for number in range(len(schema)) if schema.column(number).path == name)

    def _begin(self, names: Sequence[str]) -> Iterator[Rows]:
        for batch in self._batches(names):
            yield {
                name: to_numpy(values, self._known[name])
                for name, values in zip(names, batch.columns, strict=True)
            }

    def _batches(self, names: Sequence[str]) -> Iterator[Any]:
        if not names:
            return
        rows = max(1, min(BATCH, BATCH_BYTES // max(1, self._row_bytes(names))))
        with self._reading():
            for batch in self._file.iter_batches(batch_size=rows, columns=list(names), use_threads=False):
                # In the order that was asked for, which the file's need not be.
                yield batch.select(list(names))

    def _row_bytes(self, names: Sequence[str]) -> int:
        """Return about how many bytes a row takes unpacked, judged by the footer."""
        metadata, wanted = self._file.metadata, set(names)
        total = 0
        for group in range(metadata.num_row_groups):
            row_group = metadata.row_group(group)
            for number in range(row_group.num_columns):
                chunk = row_group.column(number)
                if chunk.path_in_schema.partition(".")[0] in wanted or chunk.path_in_schema in wanted:
                    total += chunk.total_uncompressed_size
        return total // max(1, self.rows)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, UnicodeDecodeError, self._pa.ArrowException) as error:
            raise JobError(
                f"{self.name} is damaged or cut short ({clean(str(error), 120)}).", "Copy or save it again."
            ) from None


class _Look:
    """What one column holds, as far as it was looked at."""

    def __init__(self, name: str, dtype: str, depth: int) -> None:
        self.depth = depth
        self._name = name
        self._dtype = dtype
        self._shape: tuple[int, ...] | None = None
        self._missing = 0
        self._first_missing = -1

    def at(self, file: str, values: Any, row: int) -> None:
        """Look at further values, the first of which stands in ``row``."""
        if values.null_count:
            if not self._missing:
                self._first_missing = row + first_missing(values)
            self._missing += values.null_count
            values = values.drop_null()
        if not self.depth or not len(values):
            return
        shape = self._lengths(file, values, row)
        if self._shape is not None and shape != self._shape:
            raise self._ragged(file, row)
        self._shape = shape

    def column(self) -> Column:
        """Return what was found."""
        missing = self._missing
        shape = self._shape if self._shape is not None else (0,) * self.depth
        return Column(self._name, self._dtype, shape, missing, self._first_missing)

    def _lengths(self, file: str, values: Any, row: int) -> tuple[int, ...]:
        """Return how long the lists are at each level, which must be the same everywhere."""
        shape = []
        for _ in range(self.depth):
            lengths = np.asarray(values.value_lengths().to_numpy(zero_copy_only=False))
            if len(lengths) and (lengths != lengths[0]).any():
                raise self._ragged(file, row)
            shape.append(int(lengths[0]) if len(lengths) else 0)
            values = values.flatten()
            if values.null_count:
                raise JobError(
                    f"The lists in column {clean(self._name, 60)} of {file} have gaps, from row {row} on.",
                    "Fill them in, or leave such rows out.",
                )
        return tuple(shape)

    def _ragged(self, file: str, row: int) -> JobError:
        return JobError(
            f"The lists in column {clean(self._name, 60)} of {file} are not equally long, from row {row} on.",
            "Save lists of one length, padded where need be.",
        )


def _kind(pa: Any, found: Any) -> tuple[str, int] | None:
    """Return the dtype of a type's values and how deep they lie in lists, or ``None`` for what is no column."""
    depth = 0
    while pa.types.is_list(found) or pa.types.is_large_list(found) or pa.types.is_fixed_size_list(found):
        found, depth = found.value_type, depth + 1
    if pa.types.is_dictionary(found):
        found = found.value_type
        if depth:
            return None
    if pa.types.is_string(found) or pa.types.is_large_string(found):
        return None if depth else (TEXT, 0)
    if depth > DEPTH or not (
        pa.types.is_integer(found) or pa.types.is_floating(found) or pa.types.is_boolean(found)
    ):
        return None
    return np.dtype(found.to_pandas_dtype()).name, depth
