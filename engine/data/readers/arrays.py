"""Files that hold whole arrays, as a source of rows.

Owns which of a file's arrays are columns: those with one value per example. A slice of a mapped array reads
nothing before it is used, so these sources cost no memory.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from numpy.typing import NDArray

from engine.data.readers.npy_format import Description
from engine.data.readers.source import ARRAY, TEXT, Column, Source
from engine.protocols import TensorSpec
from storage.errors import JobError
from storage.text import clean

SAVE: Final = "Save it with numpy.savez(file, x=inputs, y=targets)."
"""What to do about a file that has not what is needed."""

ANCHORS: Final = ("x", "y")
"""Arrays that tell how many examples there are, where a file has them."""


class Arrays(Protocol):
    """An opened file, or several, of named arrays."""

    @property
    def name(self) -> str:
        """The file's name, fit to be shown."""
        ...

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that the arrays come from."""
        ...

    @property
    def arrays(self) -> Mapping[str, Description]:
        """What each array is."""
        ...

    def load(self, name: str) -> "NDArray[Any]":
        """Return an array: mapped where it is stored as it is, unpacked into memory otherwise."""
        ...

    def sha256(self) -> str:
        """Return the hexadecimal SHA-256 of what is read."""
        ...

    def close(self) -> None:
        """Let go of the files; arrays stay valid."""
        ...


class ArraySource:
    """Arrays as a `Source`."""

    called = ARRAY

    def __init__(self, arrays: Arrays) -> None:
        """Take over ``arrays``, which are closed where they are no data set.

        Raises:
            JobError: there is no array, or ``x`` and ``y`` differ in rows.
        """
        self.name, self.files = arrays.name, arrays.files
        self.shapes = {name: found.shape for name, found in arrays.arrays.items()}
        """Of all arrays, those with another number of rows included."""
        self._arrays = arrays
        self._loaded: dict[str, NDArray[Any]] = {}
        try:
            self.rows = _rows(arrays)
            self.columns = tuple(
                Column(name, TEXT if found.dtype.kind in "US" else found.dtype.name, found.shape[1:])
                for name, found in arrays.arrays.items()
                if found.shape and found.shape[0] == self.rows
            )
        except BaseException:
            arrays.close()
            raise

    def read(self, start: int, stop: int, names: Sequence[str] | None = None) -> "dict[str, NDArray[Any]]":
        """Return rows as views of the arrays."""
        wanted = [column.name for column in self.columns] if names is None else names
        return {name: self._array(name)[start:stop] for name in wanted}

    def sha256(self) -> str:
        """Return the hexadecimal SHA-256 of what is read."""
        return self._arrays.sha256()

    def close(self) -> None:
        """Let go of the files."""
        self._arrays.close()

    def _array(self, name: str) -> "NDArray[Any]":
        if name not in self._loaded:
            self._loaded[name] = self._arrays.load(name)
        return self._loaded[name]


def _rows(arrays: Arrays) -> int:
    """Return how many examples there are; arrays of another length are something else."""
    found = arrays.arrays
    if not found:
        raise JobError(f"{arrays.name} has no arrays.", SAVE)
    anchors = [name for name in ANCHORS if name in found] or list(found)[:1]
    check_rows(arrays.name, {name: found[name].shape for name in anchors})
    return found[anchors[0]].shape[0]


def check_rows(file: str, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise a `JobError` where arrays differ in rows, or one is a single number."""
    for name, shape in shapes.items():
        if not shape:
            raise JobError(
                f"{file} has a single number under {clean(name, 60)}, not one value per example.", SAVE
            )
    counts = {name: shape[0] for name, shape in shapes.items()}
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{clean(name, 60)} has {count}" for name, count in counts.items())
        raise JobError(f"The arrays of {file} differ in rows: {said}.", SAVE)


def check_source_rows(source: Source, specs: Iterable[TensorSpec]) -> None:
    """Raise a `JobError` where an array that would be a column has another number of rows."""
    if isinstance(source, ArraySource):
        named = {*ANCHORS, *(spec.name for spec in specs)}
        check_rows(source.name, {name: shape for name, shape in source.shapes.items() if name in named})
