"""Labelled data as a model process holds them: named inputs, targets, and the hash of the file.

Owns opening what can be mapped, and that there are examples. It must not change a number; that is
preprocessing's.
"""

from pathlib import Path
from typing import Any

import msgspec
from numpy.typing import NDArray

from engine.data.columns import Choice, Input, choose
from engine.data.readers import open_source
from engine.data.readers.arrays import SAVE, ArraySource, check_rows
from engine.data.readers.source import Source
from engine.data.stacked import Stacked
from engine.protocols import TensorSpec
from storage.errors import JobError
from storage.settings import Data


class Dataset(msgspec.Struct, frozen=True):
    """The arrays of one data set."""

    name: str
    inputs: "dict[str, NDArray[Any]]"
    """In the order in which the model takes them."""
    targets: "NDArray[Any]"
    rows: int
    sha256: str
    """Of the file's bytes."""


def open_dataset(file: Path, specs: tuple[TensorSpec, ...]) -> Dataset:
    """Return the data in ``file`` for a model with these inputs (none: the format does not tell).

    Raises:
        JobError: the file cannot be read, or has not what the model needs.
    """
    source = open_source(file)
    try:
        _check_rows(source, specs)
        choice = choose(source, specs, Data())
        if source.rows == 0:
            raise JobError(f"{source.name} has no examples: its arrays are empty.", SAVE)
        return _dataset(source, choice)
    finally:
        source.close()


def _check_rows(source: Source, specs: tuple[TensorSpec, ...]) -> None:
    """Look at arrays that would be columns if they had the same number of rows."""
    if isinstance(source, ArraySource):
        named = {"x", "y", *(spec.name for spec in specs)}
        check_rows(source.name, {name: shape for name, shape in source.shapes.items() if name in named})


def _dataset(source: Source, choice: Choice) -> Dataset:
    inputs = {found.name: _input(source, found) for found in choice.inputs}
    targets = source.read(0, source.rows, [choice.target.name])[choice.target.name]
    return Dataset(source.name, inputs, targets, source.rows, source.sha256())


def _input(source: Source, found: Input) -> Any:
    columns = source.read(0, source.rows, [column.name for column in found.columns])
    if found.stacked_as:
        return Stacked(list(columns.values()), found.stacked_as)
    return columns[found.columns[0].name]
