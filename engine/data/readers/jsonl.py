"""Reading ``.jsonl`` files: one JSON object or array a line.

Owns what a line may be: an object of named values, or an array whose values are named by their places
(``0``, ``1``, ...). A value is a number, a text, or an array of numbers of one shape in every line. It must
not know which columns mean what.
"""

import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from engine.data.naming import SUFFIXES
from engine.data.readers.arrow import TEXT_CHARACTERS
from engine.data.readers.files import from_start, open_file, sha256_of
from engine.data.readers.source import COLUMN, TEXT, Column, Reading, Source
from engine.data.readers.stream import Rows, Stream
from storage.errors import JobError
from storage.text import clean

LINE: Final = 16 * 1024 * 1024
"""Bytes of one line: an image of 1,000 x 1,000 pixels in colour takes 12 MB."""

PIECE: Final = 8 * 1024 * 1024
"""Bytes of lines that are decoded at a time."""

COLUMNS: Final = 100_000
"""Names in one line."""

SAVE: Final = 'Write one object a line, for example {"x": [0.5, 1.5], "y": 3}.'

Lines = list[bytes]


def recognise(path: Path, _head: bytes) -> bool:
    """Whether a path names one: its content has no mark of its own."""
    return path.name.lower().endswith(SUFFIXES["JSONL"]) and not path.is_dir()


def open_jsonl(path: Path, _reading: Reading) -> Source:
    """Return the rows of a file as a source.

    Raises:
        JobError: it cannot be read, or a line is not what the lines before it are.
    """
    return Jsonl(path)


class Jsonl:
    """An opened file."""

    called = COLUMN

    def __init__(self, path: Path) -> None:
        """Open ``path`` and look at every line once."""
        self.name = clean(path.name)
        self.files = (path,)
        self._decoder = msgspec.json.Decoder()
        self._stream = open_file(path)
        self._packed = path.suffix == ".gz"
        try:
            self.rows, looks = self._look()
        except BaseException:
            self._stream.close()
            raise
        self.columns = tuple(look.column(self.rows) for look in looks.values())
        self._known = {column.name: column for column in self.columns}
        self._rows = Stream(self.name, self._begin)

    def read(self, start: int, stop: int, names: Sequence[str] | None = None) -> Rows:
        """Return rows, decoded."""
        return self._rows.read(start, stop, list(self._known) if names is None else names)

    def sha256(self) -> str:
        """Return the hexadecimal SHA-256 of the file as it lies there."""
        return sha256_of([(self.files[0], self._stream)])

    def close(self) -> None:
        """Close the file."""
        self._rows.close()
        self._stream.close()

    def _look(self) -> "tuple[int, dict[str, _Look]]":
        rows = 0
        looks: dict[str, _Look] = {}
        for piece in self._pieces():
            for offset, line in enumerate(piece):
                values = self._values(line, rows + offset)
                if len(looks.keys() | values.keys()) > COLUMNS:
                    raise JobError(f"{self.name} has more than {COLUMNS} columns.", SAVE)
                for name, value in values.items():
                    if name not in looks:
                        looks[name] = _Look(self.name, name)
                    looks[name].at(value, rows + offset)
            rows += len(piece)
        if not rows:
            raise JobError(f"{self.name} is empty.", SAVE)
        return rows, looks

    def _begin(self, names: Sequence[str]) -> Iterator[Rows]:
        row = 0
        columns = [self._known[name] for name in names]
        for piece in self._pieces():
            values = [self._values(line, row + offset) for offset, line in enumerate(piece)]
            row += len(piece)
            yield {
                column.name: _array(column, [found.get(column.name) for found in values])
                for column in columns
            }

    def _values(self, line: bytes, row: int) -> dict[str, Any]:
        """Return the values of one line by name."""
        try:
            found = self._decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise JobError(f"{self.name} has no JSON in row {row} ({clean(str(error), 80)}).", SAVE) from None
        if isinstance(found, dict):
            return found
        if isinstance(found, list):
            return {str(place): value for place, value in enumerate(found)}
        raise JobError(f"{self.name} has neither an object nor an array in row {row}.", SAVE)

    def _pieces(self) -> Iterator[Lines]:
        """Yield some lines at a time, without those that are empty."""
        with from_start(self._stream, packed=self._packed) as stream:
            piece: Lines = []
            size = 0
            while line := self._line(stream):
                if len(line) > LINE:
                    raise JobError(f"{self.name} has a line of more than {LINE // 2**20} MiB.", SAVE)
                if line.strip():
                    piece.append(line)
                    size += len(line)
                if size >= PIECE:
                    yield piece
                    piece, size = [], 0
            if piece:
                yield piece

    def _line(self, stream: io.BufferedIOBase) -> bytes:
        try:
            return stream.readline(LINE + 1)
        except (EOFError, OSError, zlib.error):
            raise JobError(f"{self.name} is damaged: it cannot be read.", "Copy or save it again.") from None


class _Look:
    """What one column was found to hold so far."""

    def __init__(self, file: str, name: str) -> None:
        self._file, self._name = file, name
        self._shape: tuple[int, ...] | None = None
        self._text = False
        self._dtype = np.dtype(np.bool_)
        self._present = 0
        self._first_missing = -1

    def at(self, value: Any, row: int) -> None:
        """Look at the value in ``row``; rows without the name are not told."""
        if value is None:
            return
        if self._present < row and self._first_missing < 0:
            self._first_missing = self._present
        self._present += 1
        text = isinstance(value, str)
        if self._shape is None:
            self._text = text
        elif text != self._text:
            raise self._wrong(row, "a text" if text else "no text")
        if text:
            self._agree((), row)
        elif type(value) in {int, float, bool}:
            self._agree((), row)
            self._widen(np.asarray(value).dtype, row)
        else:
            self._at_array(value, row)

    def column(self, rows: int) -> Column:
        """Return what was found in a file of so many rows."""
        missing = rows - self._present
        first = self._first_missing if self._first_missing >= 0 else self._present
        dtype = TEXT if self._text else _usual(self._dtype).name
        return Column(self._name, dtype, self._shape or (), missing, first if missing else -1)

    def _at_array(self, value: Any, row: int) -> None:
        try:
            array = np.asarray(value)
        except ValueError:
            raise self._wrong(row, "arrays of several lengths") from None
        if not isinstance(value, list) or array.dtype.kind not in "biufO":
            raise self._wrong(row, "what is neither a number, a text nor an array of numbers")
        self._agree(array.shape, row)
        self._widen(array.dtype, row)

    def _agree(self, shape: tuple[int, ...], row: int) -> None:
        if self._shape is not None and self._shape != shape:
            raise self._wrong(row, f"{_said(shape)} after {_said(self._shape)}")
        self._shape = shape

    def _widen(self, dtype: "np.dtype[Any]", row: int) -> None:
        if dtype.kind in "Ou":
            raise self._wrong(row, "an integer of more than 64 bits")
        if (dtype.kind == "b") != (self._dtype.kind == "b") and self._present > 1:
            raise self._wrong(row, "truth values among numbers")
        self._dtype = np.promote_types(self._dtype, dtype) if self._present > 1 else dtype

    def _wrong(self, row: int, what: str) -> JobError:
        return JobError(f"{self._file} has {what} in column {clean(self._name, 60)}, row {row}.", SAVE)


def _usual(dtype: "np.dtype[Any]") -> "np.dtype[Any]":
    """Return what Python's numbers become: JSON tells integers from others, and no widths."""
    return {"i": np.dtype(np.int64), "f": np.dtype(np.float64)}.get(dtype.kind, dtype)


def _said(shape: tuple[int, ...]) -> str:
    return f"an array of {' x '.join(map(str, shape))}" if shape else "a single value"


def _array(column: Column, values: list[Any]) -> "np.ndarray[Any, Any]":
    if column.dtype == TEXT:
        return np.asarray([(value or "")[:TEXT_CHARACTERS] for value in values], dtype=np.str_)
    if not column.missing:
        return np.asarray(values, dtype=column.dtype)
    rows = np.full((len(values), *column.shape), np.nan)
    for place, value in enumerate(values):
        if value is not None:
            rows[place] = value
    return rows
