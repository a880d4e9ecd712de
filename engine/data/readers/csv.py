"""Reading ``.csv`` and ``.tsv`` files with named columns, through pyarrow.

Owns what a cell is: a column is integers, numbers, truth values or texts, whichever holds every one of its
cells, so that no row in the middle of a file changes what the rows before it meant. It must not know which
columns mean what.
"""

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from engine.data.naming import SUFFIXES
from engine.data.readers.arrow import first_missing, missing_library, to_numpy
from engine.data.readers.files import from_start, open_file, sha256_of
from engine.data.readers.source import COLUMN, TEXT, Column, Reading, Source
from engine.data.readers.stream import Rows, Stream
from storage.errors import JobError
from storage.text import clean

BLOCK: Final = 4 * 1024 * 1024
"""Bytes that are parsed at a time; no row is longer than that."""

COLUMNS: Final = 100_000
"""Columns of one file; a table of pixels has thousands."""

DELIMITERS: Final = (",", ";", "\t", "|")
"""What separates cells: the one of these that the first line has most of."""

MISSING: Final = ("", "NA", "N/A", "n/a", "#N/A", "NULL", "null")
"""Cells without a value; ``nan`` is a number that says of itself that it is none."""

KINDS: Final = ("int64", "float64", "bool")
"""What a column may be, the narrowest first; what is none of them is text."""

SAVE: Final = "Save it with one line of column names, then one line a row, for example with pandas' to_csv(index=False)."


def recognise(path: Path, _head: bytes) -> bool:
    """Whether a path names one: its content has no mark of its own."""
    return path.name.lower().endswith(SUFFIXES["CSV"]) and not path.is_dir()


def open_csv(path: Path, _reading: Reading) -> Source:
    """Return the rows of a file as a source.

    Raises:
        JobError: it cannot be read, is no table, or pyarrow is not installed.
    """
    return Csv(path)


class Csv:
    """An opened table."""

    called = COLUMN

    def __init__(self, path: Path) -> None:
        """Open ``path`` and look at every cell once."""
        self.name = clean(path.name)
        self.files = (path,)
        try:
            import pyarrow as pa
            from pyarrow import csv
        except ImportError:
            raise missing_library(self.name, "pyarrow") from None
        self._pa, self._csv = pa, csv
        self._stream = open_file(path)
        self._packed = path.suffix == ".gz"
        try:
            self._names, self._delimiter = self._header()
            self.rows, self.columns = self._look()
        except BaseException:
            self._stream.close()
            raise
        self._known = {column.name: column for column in self.columns}
        self._rows = Stream(self.name, self._begin)

    def read(self, start: int, stop: int, names: Sequence[str] | None = None) -> Rows:
        """Return rows, converted."""
        return self._rows.read(start, stop, self._names if names is None else names)

    def sha256(self) -> str:
        """Return the hexadecimal SHA-256 of the file as it lies there."""
        return sha256_of([(self.files[0], self._stream)])

    def close(self) -> None:
        """Close the file."""
        self._rows.close()
        self._stream.close()

    def _header(self) -> tuple[tuple[str, ...], str]:
        """Return the columns' names and what separates them."""
        with from_start(self._stream, packed=self._packed) as stream, self._reading():
            line = stream.readline(BLOCK)
        if not line.strip():
            raise JobError(f"{self.name} is empty.", SAVE)
        try:
            words = line.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise self._not_text() from None
        delimiter = max(DELIMITERS, key=words.count)
        with closing(io.BytesIO(words.encode())) as first, self._reading():
            names = tuple(
                self._csv.read_csv(
                    first,
                    read_options=self._csv.ReadOptions(use_threads=False, block_size=BLOCK),
                    parse_options=self._csv.ParseOptions(delimiter=delimiter),
                ).column_names
            )
        self._check_names(names)
        return names, delimiter

    def _check_names(self, names: tuple[str, ...]) -> None:
        if len(names) > COLUMNS:
            raise JobError(f"{self.name} has {len(names)} columns, more than {COLUMNS}.", SAVE)
        twice = (
            sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        )
        if all(map(_is_number, names)):
            raise JobError(f"The first line of {self.name} has numbers where columns are named.", SAVE)
        if twice:
            raise JobError(f"{self.name} has two columns called {clean(twice[0], 60)}.", SAVE)

    def _look(self) -> tuple[int, tuple[Column, ...]]:
        """Return how many rows there are, and what each column holds."""
        try:
            return self._look_quickly()
        except _OtherKindError:
            return self._look_at_texts()

    def _look_quickly(self) -> tuple[int, tuple[Column, ...]]:
        """Take what the first block holds for what the file holds; twice as quick where that is so."""
        rows = 0
        looks: dict[str, _Look] = {}
        for batch in self._batches(self._names, {}):
            if not rows:
                looks = {field.name: _Look(self._pa, _kinds(field.type)) for field in batch.schema}
            for look, values in zip(looks.values(), batch.columns, strict=True):
                look.count(values, rows)
            rows += batch.num_rows
        if not rows:
            raise _OtherKindError
        return rows, self._columns(looks)

    def _look_at_texts(self) -> tuple[int, tuple[Column, ...]]:
        """Read every cell as a text, and keep what kinds hold all of a column's."""
        rows = 0
        looks = {name: _Look(self._pa, KINDS) for name in self._names}
        for batch in self._batches(self._names, dict.fromkeys(self._names, self._pa.string())):
            for look, values in zip(looks.values(), batch.columns, strict=True):
                look.count(values, rows)
                look.narrow(values)
            rows += batch.num_rows
        return rows, self._columns(looks)

    @staticmethod
    def _columns(looks: "dict[str, _Look]") -> tuple[Column, ...]:
        return tuple(
            Column(name, look.kind, missing=look.missing, first_missing=look.first_missing)
            for name, look in looks.items()
        )

    def _check_quotes(self, last: Any) -> None:
        """Raise where a quote is never closed: its cell then holds the rest of the file."""
        ends = [] if last is None else [str(values[-1].as_py()) for values in last.columns]
        if not any("\n" in end for end in ends):
            return
        with from_start(self._stream, packed=self._packed) as stream:
            quotes = sum(block.count(b'"') for block in iter(lambda: stream.read(BLOCK), b""))
        if quotes % 2:
            raise JobError(
                f"{self.name} has a quote that is never closed.",
                "Close it, or double it where it is meant as itself.",
            )

    def _begin(self, names: Sequence[str]) -> Iterator[Rows]:
        types = {name: self._type(self._known[name].dtype) for name in names}
        for batch in self._batches(names, types):
            yield {
                name: to_numpy(values, self._known[name])
                for name, values in zip(names, batch.columns, strict=True)
            }

    def _type(self, kind: str) -> Any:
        return self._pa.string() if kind == TEXT else self._pa.type_for_alias(kind)

    def _batches(self, names: Sequence[str], types: dict[str, Any]) -> Iterator[Any]:
        ragged: list[Any] = []
        last = None

        def note(row: Any) -> str:
            ragged.append(row)
            return "error"

        with from_start(self._stream, packed=self._packed) as stream, self._reading(ragged):
            reader = self._csv.open_csv(
                stream,
                # One thread: a row that is wrong is known by its number, and a walled-in process stays simple.
                read_options=self._csv.ReadOptions(use_threads=False, block_size=BLOCK),
                parse_options=self._csv.ParseOptions(
                    delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=note
                ),
                convert_options=self._csv.ConvertOptions(
                    column_types=types,
                    include_columns=list(names),
                    null_values=list(MISSING),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
            for batch in reader:
                last = batch if batch.num_rows else last
                yield batch
        self._check_quotes(last)

    @contextmanager
    def _reading(self, ragged: Sequence[Any] = ()) -> Iterator[None]:
        """Turn what the parser says into one sentence."""
        try:
            yield
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise JobError(
                f"{self.name} is damaged: it cannot be unpacked.", "Copy or save it again."
            ) from None
        except self._pa.ArrowInvalid as error:
            if ragged:
                row = ragged[0]
                raise JobError(
                    f"{self.name} has {row.actual_columns} cells in line {row.number}, but {row.expected_columns} columns.",
                    "Correct that line; a cell that holds the separator must stand in quotes.",
                ) from None
            words = str(error)
            if "conversion error" in words and "UTF8" not in words:
                raise _OtherKindError from None
            raise self._invalid(words) from None

    def _invalid(self, words: str) -> JobError:
        if "invalid UTF8" in words:
            return self._not_text()
        if "straddling" in words or "block" in words:
            return JobError(
                f"{self.name} has a row of more than {BLOCK // 2**20} MiB: most likely a quote is not closed.",
                SAVE,
            )
        return JobError(f"{self.name} is no table ({clean(words, 120)}).", SAVE)

    def _not_text(self) -> JobError:
        return JobError(f"{self.name} is not text in UTF-8.", "Save it as UTF-8.")


class _OtherKindError(Exception):
    """A cell is of another kind than its column was taken for."""


class _Look:
    """What one column was found to hold so far."""

    def __init__(self, pa: Any, possible: Sequence[str]) -> None:
        self._pa = pa
        self._possible = list(possible)
        self.missing = 0
        self.first_missing = -1

    @property
    def kind(self) -> str:
        """The narrowest kind that holds every cell."""
        return self._possible[0] if self._possible else TEXT

    def count(self, values: Any, row: int) -> None:
        """Count what is missing among further cells, the first of which stands in ``row``."""
        if values.null_count:
            if not self.missing:
                self.first_missing = row + first_missing(values)
            self.missing += values.null_count

    def narrow(self, values: Any) -> None:
        """Drop the kinds that do not hold further cells; cells without a value fit every kind."""
        self._possible = [kind for kind in self._possible if self._holds(values, kind)]

    def _holds(self, values: Any, kind: str) -> bool:
        try:
            values.cast(self._pa.type_for_alias(kind))
        except self._pa.ArrowInvalid:
            return False
        return True


def _kinds(found: Any) -> tuple[str, ...]:
    """Return the kind that a type of Arrow's stands for; dates and times are texts."""
    name = str(found).replace("double", "float64")
    if name == "null":
        # Nothing in the first block tells what the rest will be.
        raise _OtherKindError
    return (name,) if name in KINDS else ()


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
