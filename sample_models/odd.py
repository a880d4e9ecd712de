"""Files that turn up in an inbox by accident: cut short, empty, or no model at all. None means harm.

Owns one writer for each accident. The files are for tests and for trying things by hand; nothing here is put
into a sample workspace.
"""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

SEED = 20261123

NOISE_BYTES = 64 * 1024
"""Enough to look like a small model by its size."""


class Accident(NamedTuple):
    """A file that is not what its name says."""

    name: str
    purpose: str
    write: Callable[[Path], Path]
    """Writes it into a folder and returns it."""


def empty(folder: Path) -> Path:
    """Write a model file that was created and never filled."""
    return _written(folder / "empty.onnx", b"")


def text(folder: Path) -> Path:
    """Write a note that somebody named like a model."""
    return _written(folder / "notes.onnx", b"Exported on Monday, please use the other one.\n")


def noise(folder: Path) -> Path:
    """Write random bytes, the same ones each time."""
    return _written(folder / "noise.keras", random.Random(SEED).randbytes(NOISE_BYTES))


def unnumbered(folder: Path) -> Path:
    """Make a version folder whose name is no number."""
    version = folder / "latest"
    version.mkdir()
    text(version)
    return version


ACCIDENTS = (
    Accident("empty.onnx", "a file that was created and never filled; it may still be on its way", empty),
    Accident("notes.onnx", "a text file that somebody named like a model", text),
    Accident("noise.keras", "random bytes under a model's name", noise),
    Accident("latest", "a version folder whose name is no number", unnumbered),
)

TRUNCATED = "the first half of a good model, as an interrupted copy leaves it"


def truncated(good: Path, folder: Path) -> Path:
    """Write the first half of the model ``good`` as ``truncated`` with its suffix; of a folder, half of its largest file."""
    half = folder / f"truncated{good.suffix}"
    if good.is_dir():
        shutil.copytree(good, half)
        _halve(max(half.rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0))
    else:
        shutil.copyfile(good, half)
        _halve(half)
    return half


def _halve(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def write_all(folder: Path, goods: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """Write every accident into ``folder``, and one half of each of the good models ``goods``."""
    folder.mkdir(parents=True, exist_ok=True)
    halves = tuple(truncated(good, folder) for good in goods)
    return tuple(accident.write(folder) for accident in ACCIDENTS) + halves


def _written(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file
