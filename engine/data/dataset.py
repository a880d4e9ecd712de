"""Labelled data as a model process holds them: named inputs, targets, and the hash of the file.

Owns opening what can be mapped, and that there are examples. It must not change a number; that is
preprocessing's.
"""

from pathlib import Path
from typing import Any

import msgspec
from numpy.typing import NDArray

from engine.data.columns import Choice, Input, choose
from engine.data.manifest import MANIFEST, TARGETS, input_file, read_manifest, slice_file
from engine.data.readers import open_source
from engine.data.readers.arrays import SAVE, check_source_rows
from engine.data.readers.npy import read_array
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
    slices: "dict[str, NDArray[Any]]" = {}
    """Columns by whose values figures are told apart; gaps are NaN or empty."""


def open_dataset(path: Path, specs: tuple[TensorSpec, ...], slices: tuple[str, ...] = ()) -> Dataset:
    """Return the data at ``path`` for a model with these inputs (none: the format does not tell).

    ``path`` is a file of arrays, or a folder of prepared ones (`engine.data.manifest`).

    Raises:
        JobError: it cannot be read, or has not what the model needs.
    """
    if (path / MANIFEST).is_file():
        return _prepared(path)
    source = open_source(path)
    try:
        check_source_rows(source, specs)
        choice = choose(source, specs, Data(slices=slices))
        if source.rows == 0:
            raise JobError(f"{source.name} has no examples: its arrays are empty.", SAVE)
        return _dataset(source, choice)
    finally:
        source.close()


def _prepared(folder: Path) -> Dataset:
    manifest = read_manifest(folder)
    inputs = {name: read_array(folder / input_file(place)) for place, name in enumerate(manifest.inputs)}
    slices = {name: read_array(folder / slice_file(place)) for place, name in enumerate(manifest.slices)}
    targets = read_array(folder / TARGETS)
    return Dataset(manifest.name, inputs, targets, manifest.rows, manifest.sha256, slices)


def _dataset(source: Source, choice: Choice) -> Dataset:
    inputs = {found.name: _input(source, found) for found in choice.inputs}
    targets = source.read(0, source.rows, [choice.target.name])[choice.target.name]
    slices = source.read(0, source.rows, [column.name for column in choice.slices])
    return Dataset(source.name, inputs, targets, source.rows, source.sha256(), slices)


def _input(source: Source, found: Input) -> Any:
    columns = source.read(0, source.rows, [column.name for column in found.columns])
    if found.stacked_as:
        return Stacked(list(columns.values()), found.stacked_as)
    return columns[found.columns[0].name]
