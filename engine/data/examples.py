"""The examples of a data file as one model takes them, batch by batch.

Owns reading, checking, preprocessing and what is kept in memory between two evaluations of the same data.
It must not know any metric.
"""

import os
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data import checks, preprocessing
from engine.data.dataset import Dataset, open_dataset
from engine.protocols import TensorSpec
from storage.errors import JobError
from storage.settings import Preprocess
from storage.text import clean

KEPT = 64 * 1024 * 1024
"""Bytes of prepared examples that are kept: ten thousand small images. More are prepared again each time, from
the mapped file, which costs little beside the model and keeps memory flat however many there are."""

CHUNK_BYTES = 1024 * 1024
"""Of prepared examples at a time: they stay in the processor's cache between the steps of preprocessing."""

FRESH_NS = 100_000_000
"""A file that changed this recently could change again within the tick of its clock: it is not remembered."""

Key = tuple[object, ...]


class Examples:
    """Prepared examples: in memory where they are few, prepared on demand where they are many."""

    def __init__(self, dataset: Dataset, preprocess: Preprocess, specs: tuple[TensorSpec, ...]) -> None:
        self.dataset = dataset
        self.rows = dataset.rows
        self._preprocess = preprocess
        self._specs = specs or tuple(TensorSpec(name, None, "") for name in dataset.inputs)
        self._kept: tuple[NDArray[Any], ...] | None = None
        first = self._prepare(slice(0, 1))
        self.bytes = self.rows * sum(array.nbytes for array in first)
        self.example_bytes = self.bytes // self.rows
        if self.bytes <= KEPT:
            self._kept = self._prepare_all(first)

    @property
    def kept(self) -> bool:
        """Whether all examples lie prepared in memory."""
        return self._kept is not None

    def batch(self, start: int, stop: int) -> "tuple[NDArray[Any], ...]":
        """Return the examples from ``start`` to before ``stop``, one array for each input."""
        if self._kept is not None:
            return tuple(array[start:stop] for array in self._kept)
        return self._prepare(slice(start, stop))

    def at(self, rows: "NDArray[Any]") -> "tuple[NDArray[Any], ...]":
        """Return the examples at these places, in this order, one array for each input."""
        if self._kept is not None:
            return tuple(array[rows] for array in self._kept)
        return self._prepare(rows)

    def whole(self) -> "tuple[NDArray[Any], ...]":
        """Return all examples, one array for each input, in memory."""
        return self._kept if self._kept is not None else self._prepare_all(self._prepare(slice(0, 1)))

    def _prepare_all(self, first: "tuple[NDArray[Any], ...]") -> "tuple[NDArray[Any], ...]":
        arrays = tuple(np.empty((self.rows, *array.shape[1:]), dtype=array.dtype) for array in first)
        step = max(1, CHUNK_BYTES // max(self.example_bytes, 1))
        for start in range(0, self.rows, step):
            stop = min(start + step, self.rows)
            for array, chunk in zip(arrays, self._prepare(slice(start, stop)), strict=True):
                array[start:stop] = chunk
        return arrays

    def _prepare(self, where: "slice | NDArray[Any]") -> "tuple[NDArray[Any], ...]":
        return tuple(
            checks.convert(spec, preprocessing.apply(self._preprocess, array[where]))
            for spec, array in zip(self._specs, self.dataset.inputs.values(), strict=True)
        )


class Picked:
    """Some examples, in an order of one's own; asked as all of them are."""

    def __init__(self, examples: Examples, places: "NDArray[Any]") -> None:
        self.dataset = examples.dataset
        self.rows = len(places)
        self._examples = examples
        self._places = places

    def batch(self, start: int, stop: int) -> "tuple[NDArray[Any], ...]":
        """Return the picked examples from ``start`` to before ``stop``, one array for each input."""
        return self._examples.at(self._places[start:stop])


_remembered: "OrderedDict[Key, Examples]" = OrderedDict()
"""The latest examples of this process, least recently used first: those in memory at most `KEPT` bytes together, and of
those that are prepared on demand the last, because its file stays mapped."""


def open_examples(
    file: Path, preprocess: Preprocess, specs: tuple[TensorSpec, ...], slices: tuple[str, ...] = ()
) -> Examples:
    """Return the examples in ``file`` for a model with these inputs, and the columns that are named ``slices``.

    The same file (by identity, size and time), settings and inputs give the same object again while it is
    remembered, so a second evaluation neither reads nor hashes it.

    Raises:
        JobError: the file cannot be read, or does not fit the model.
    """
    try:
        status = file.stat()
    except OSError as error:
        raise JobError(f"{clean(file.name)} cannot be read ({error.strerror}).", "Check the file.") from None
    key: Key = (str(file), _identity(status), preprocess, specs, slices)
    examples = _remembered.get(key)
    if examples is not None:
        _remembered.move_to_end(key)
        return examples
    _unmap()
    dataset = open_dataset(file, specs, slices)
    checks.check_inputs(dataset.name, dataset.inputs, preprocess, specs)
    examples = Examples(dataset, preprocess, specs)
    settled = time.time_ns() - status.st_mtime_ns > FRESH_NS and _identity(file.stat()) == _identity(status)
    if settled:
        _remember(key, examples)
    return examples


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _remember(key: Key, examples: Examples) -> None:
    _remembered[key] = examples
    while sum(held.bytes for held in _remembered.values() if held.kept) > KEPT:
        _remembered.popitem(last=False)


def _unmap() -> None:
    """Let go of the file that is mapped: the addresses that a model process may use count both, if another one comes."""
    for key in [key for key, held in _remembered.items() if not held.kept]:
        del _remembered[key]
