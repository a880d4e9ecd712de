"""Labelled data as a model process holds them: named inputs, targets, and the hash of the file.

Owns which arrays of a file are the inputs and which the targets, and that their rows agree. It must not
change a number; that is preprocessing's.
"""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
from numpy.typing import NDArray

from engine.data.npz import SAVE, Npz
from engine.protocols import TensorSpec
from storage.errors import JobError
from storage.text import clean

TARGETS = "y"
SINGLE_INPUT = "x"


class Dataset(msgspec.Struct, frozen=True):
    """The arrays of one file."""

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
    npz = Npz(file)
    try:
        inputs = {name: npz.load(name) for name in _input_names(npz, specs)}
        targets = npz.load(TARGETS)
        digest = hashlib.file_digest(npz.stream(), "sha256").hexdigest()
    finally:
        npz.close()
    rows = _rows(npz.name, {**inputs, TARGETS: targets})
    return Dataset(npz.name, inputs, targets, rows, digest)


def _input_names(npz: Npz, specs: tuple[TensorSpec, ...]) -> tuple[str, ...]:
    """Return the arrays that are the inputs: ``x``, or the ones named as the model names its inputs."""
    if not npz.arrays:
        raise JobError(f"{npz.name} has no arrays.", SAVE)
    if TARGETS not in npz.arrays:
        raise JobError(f"{npz.name} has no array {TARGETS}: {_found(npz)}.", SAVE)
    others = tuple(name for name in npz.arrays if name != TARGETS)
    if len(specs) <= 1 and SINGLE_INPUT in others:
        return (SINGLE_INPUT,)
    wanted = tuple(spec.name for spec in specs)
    if wanted and all(name in others for name in wanted):
        return wanted
    if len(wanted) <= 1:
        raise JobError(f"{npz.name} has no array {SINGLE_INPUT}: {_found(npz)}.", SAVE)
    missing = ", ".join(clean(name, 60) for name in wanted if name not in others)
    named = ", ".join(f"{clean(name, 60)}=..." for name in wanted)
    raise JobError(
        f"{npz.name} has no array {missing}: {_found(npz)}.",
        f"The model has {len(wanted)} inputs; save each under its name: numpy.savez(file, {named}, y=targets).",
    )


def _found(npz: Npz) -> str:
    """Say what is there, so that a person sees at once what to rename."""
    names = [clean(name, 60) for name in npz.arrays]
    return f"it has {', '.join(names[:8])}{' and more' if len(names) > 8 else ''}"


def _rows(file: str, arrays: "dict[str, NDArray[Any]]") -> int:
    for name, array in arrays.items():
        if array.ndim == 0:
            raise JobError(
                f"{file} has a single number under {clean(name, 60)}, not one value per example.", SAVE
            )
    counts = {name: len(array) for name, array in arrays.items()}
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{clean(name, 60)} has {count}" for name, count in counts.items())
        raise JobError(f"The arrays of {file} differ in rows: {said}.", SAVE)
    rows = counts[TARGETS]
    if rows == 0:
        raise JobError(f"{file} has no examples: its arrays are empty.", SAVE)
    return rows
