"""Turning data of any format into plain arrays once, so that model processes only map them.

Owns the way from a source's columns to files: in bounded memory, chunk by chunk, never more than was granted.
Runs in a data process, behind walls. It must not change a number beyond putting columns of numbers together.
"""

import errno
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from engine.data.columns import Choice, Input, choose
from engine.data.manifest import FOLDER, MANIFEST, TARGETS, Manifest, input_file, slice_file
from engine.data.readers import open_source
from engine.data.readers.arrays import check_source_rows
from engine.data.readers.source import TEXT, Column, Reading, Source, chunks, row_bytes
from engine.data.stacked import stack
from engine.processes.protocol import Prepare, Prepared
from engine.protocols import TensorSpec
from storage.errors import OWN_SETTINGS, JobError
from storage.text import clean

PROGRESS_S: Final = 0.05
"""Progress is told at most this often."""

LABEL: Final = 256
"""Characters of a class' name: a longer text is no label."""

IMAGE_CHANNELS: Final = frozenset({1, 3, 4})

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

Progress = Callable[[int, int], None]


def prepare(request: Prepare, scratch: Path, progress: Progress) -> Prepared:
    """Write the data of ``request`` as arrays into a folder of ``scratch``.

    Calls ``progress(done, total)`` with rows, at most twenty times a second, and at the end.

    Raises:
        JobError: the data cannot be read, have not what the model needs, or take more room than was granted.
    """
    reading = Reading(resize=request.resize, channels=_channels(request.inputs))
    with closing(open_source(Path(request.source), reading)) as source:
        check_source_rows(source, request.inputs)
        choice = choose(source, request.inputs, request.columns)
        if source.rows == 0:
            raise JobError(f"{source.name} has no examples.", "Save at least one.")
        _check_room(source, choice, request.limit_bytes)
        return _write(source, choice, scratch / FOLDER, progress)


def _channels(specs: Iterable[TensorSpec]) -> int:
    """Return how many channels a model of images takes, or 0 where its file does not tell."""
    for spec in specs:
        if spec.shape is not None and len(spec.shape) == 4:
            found = {spec.shape[1], spec.shape[3]} & IMAGE_CHANNELS
            # Twice the same axis length, or none: only a look at the data could tell.
            return int(found.pop() or 0) if len(found) == 1 else 0
        if spec.shape is not None and len(spec.shape) == 3:
            return 1
    return 0


def _check_room(source: Source, choice: Choice, limit_bytes: int) -> None:
    size = source.rows * sum(
        sum(np.dtype(found.stacked_as).itemsize for _column in found.columns)
        if found.stacked_as
        else row_bytes(found.columns[0])
        for found in choice.inputs
    )
    if size > limit_bytes:
        raise JobError(
            f"{source.name} takes {size / 2**30:.3g} GiB as arrays, more than the {limit_bytes / 2**30:.3g} GiB "
            "that prepared data may take.",
            "Raise retention.prepared_gib in modeltender.toml, or use fewer examples.",
        )


def _write(source: Source, choice: Choice, folder: Path, progress: Progress) -> Prepared:
    try:
        sizes = _write_arrays(source, choice, folder, progress)
    except OSError as error:
        raise failed_to_write(source.name, error, "prepared") from None
    manifest = Manifest(
        name=source.name,
        rows=source.rows,
        sha256=source.sha256(),
        inputs=tuple(found.name for found in choice.inputs),
        slices=tuple(column.name for column in choice.slices),
        sizes=sizes,
    )
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return Prepared(rows=manifest.rows, bytes=manifest.bytes)


def _write_arrays(source: Source, choice: Choice, folder: Path, progress: Progress) -> dict[str, int]:
    """Write every array; return the sizes of their files."""
    folder.mkdir()
    widths = text_widths(source, [choice.target, *choice.slices])
    inputs = [(ArrayFile(folder / input_file(place)), found) for place, found in enumerate(choice.inputs)]
    single = [
        (ArrayFile(folder / slice_file(place)), column.name) for place, column in enumerate(choice.slices)
    ]
    single.append((ArrayFile(folder / TARGETS), choice.target.name))
    told = 0.0
    for _start, stop, columns in chunks(source, choice.names):
        for file, found in inputs:
            file.append(_together(found, columns))
        for file, name in single:
            file.append(columns[name].astype(f"<U{widths[name]}") if name in widths else columns[name])
        now = time.monotonic()
        if now - told >= PROGRESS_S or stop == source.rows:
            told = now
            progress(stop, source.rows)
    return {file.path.name: file.finish() for file, _what in (*inputs, *single)}


def _together(found: Input, columns: "dict[str, NDArray[Any]]") -> "NDArray[Any]":
    if found.stacked_as:
        return stack([columns[column.name] for column in found.columns], np.dtype(found.stacked_as))
    array = columns[found.columns[0].name]
    if array.dtype.kind == "U":
        raise JobError(
            f"The column {clean(found.columns[0].name, 60)} holds texts, and texts as inputs cannot be prepared.",
            "Save them with numpy.savez.",
        )
    return array


def text_widths(source: Source, columns: Sequence[Column]) -> dict[str, int]:
    """Return how many characters the longest text of each column of texts has.

    Raises:
        JobError: a text is too long to be a label.
    """
    texts = [column.name for column in columns if column.dtype == TEXT]
    widths = dict.fromkeys(texts, 1)
    for _start, _stop, found in chunks(source, texts) if texts else ():
        widths = {name: max(widths[name], found[name].dtype.itemsize // 4) for name in texts}
    for name, width in widths.items():
        if width > LABEL:
            raise JobError(
                f"The column {clean(name, 60)} of {source.name} has texts of more than {LABEL} characters, "
                "which are no labels.",
                f"Name another column in {OWN_SETTINGS}: data = {{ target = ... }}",
            )
    return widths


class ArrayFile:
    """One array, written row by row; how many there are is written last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream = path.open("wb")
        self._rows = 0
        self._start = 0
        self._like: NDArray[Any] | None = None

    def append(self, rows: "NDArray[Any]") -> None:
        """Write further rows, which are of one kind with the first ones.

        Raises:
            JobError: they are not, because the data changed while they were read.
        """
        if self._like is None:
            self._like = rows[:0]
            self._header()
            self._start = self._stream.tell()
        elif (rows.dtype, rows.shape[1:]) != (self._like.dtype, self._like.shape[1:]):
            raise JobError("The data changed while they were read.", "Try again when they are complete.")
        self._rows += len(rows)
        self._stream.write(np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data)

    def finish(self) -> int:
        """Write how many rows there are, see the file safely on the disk, and return its size in bytes."""
        size = self._stream.tell()
        self._stream.seek(0)
        self._header()
        if self._stream.tell() != self._start:
            raise OverflowError("the header of an array has grown")
        self._stream.flush()
        # What is mapped for weeks must not turn to zeros in a power failure.
        os.fsync(self._stream.fileno())
        self._stream.close()
        return size

    def _header(self) -> None:
        if self._like is None:
            raise RuntimeError("no row was written")
        npy.write_array_header_1_0(
            self._stream,
            {
                "descr": npy.dtype_to_descr(self._like.dtype),
                "fortran_order": False,
                "shape": (self._rows, *self._like.shape[1:]),
            },
        )


def failed_to_write(name: str, error: OSError, what: str) -> JobError:
    """Return the error about data that could not be written as they were to be ``what`` (prepared, divided)."""
    if error.errno in FULL:
        return JobError(f"The disk is full: {name} cannot be {what}.", "Free some space, then try again.")
    if error.errno == errno.EFBIG:
        return JobError(
            f"{name} takes more room as arrays than prepared data may take.",
            "Raise retention.prepared_gib in modeltender.toml, or use fewer examples.",
        )
    return JobError(f"{name} cannot be {what} ({error.strerror or error}).", "Check the disk.")
