"""Looking through data sets: ranges, classes, and examples that occur more than once.

Runs in a data process, behind walls, and in bounded memory but for eight bytes an example: a digest of its inputs, by
which examples are recognised. Two different examples share a digest once in 10^19 pairs.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.data.columns import TARGETS
from engine.data.descriptions import CLASSES, ClassCount, ColumnDescription, PartDescription, Shared
from engine.data.readers import open_source
from engine.data.readers.source import Column, Source, chunks
from engine.processes.protocol import Describe, Described
from storage.errors import OWN_SETTINGS, JobError
from storage.settings import Data
from storage.text import NAME, clean

DIGEST_BYTES: Final = 8

Digests = NDArray[np.uint64]
Progress = Callable[[int, int], None]


class Seen(NamedTuple):
    """What was learnt of one data set, with its examples' digests."""

    part: PartDescription
    inputs: Digests


def describe(request: Describe, _scratch: Path, progress: Progress) -> Described:
    """Return what is in the data sets of ``request``, and which examples they share.

    Raises:
        JobError: one of them cannot be read.
    """
    seen = [_look(Path(source), request.columns, progress) for source in request.sources]
    shared = [
        Shared(first, second, len(np.intersect1d(seen[first].inputs, seen[second].inputs)))
        for first in range(len(seen))
        for second in range(first + 1, len(seen))
    ]
    return Described(tuple(one.part for one in seen), tuple(one for one in shared if one.n))


def target_of(source: Source, settings: Data) -> Column | None:
    """Return the column to be predicted: the one of the settings, or the only one with a customary name.

    Raises:
        JobError: the one of the settings is not there.
    """
    known = {column.name: column for column in source.columns}
    if settings.target and settings.target not in known:
        raise JobError(
            f"{source.name} has no {source.called} {clean(settings.target, NAME)}.",
            f"Correct data.target in {OWN_SETTINGS}.",
        )
    found = [settings.target] if settings.target else [name for name in TARGETS if name in known]
    return known[found[0]] if len(found) == 1 else None


def digests(columns: "Sequence[NDArray[Any]]") -> Digests:
    """Return a digest of each row of some columns together."""
    rows = len(columns[0])
    plain = [np.ascontiguousarray(column).reshape(rows, -1) for column in columns]
    # A text is digested without the padding that its column happens to have.
    texts = [array.dtype.kind in "US" for array in plain]
    found = np.empty(rows, dtype=np.uint64)
    for row in range(rows):
        state = hashlib.blake2b(digest_size=DIGEST_BYTES)
        for array, text in zip(plain, texts, strict=True):
            state.update("\0".join(map(str, array[row])).encode() + b"\0" if text else array[row].tobytes())
        found[row] = int.from_bytes(state.digest(), "big")
    return found


def _look(path: Path, settings: Data, progress: Progress) -> Seen:
    with closing(open_source(path)) as source:
        target = target_of(source, settings)
        ranges = {column.name: _Range(column) for column in source.columns}
        counted: Counter[str] | None = Counter() if target is not None and not target.shape else None
        inputs: list[Digests] = []
        whole: list[Digests] = []
        for _start, stop, columns in chunks(source):
            for name, array in columns.items():
                ranges[name].add(array)
            if counted is not None and target is not None:
                counted = _count(counted, columns[target.name])
            features = [array for name, array in columns.items() if target is None or name != target.name]
            inputs.append(digests(features or list(columns.values())))
            whole.append(digests(list(columns.values())))
            progress(stop, source.rows)
        examples = np.concatenate(inputs) if inputs else np.empty(0, np.uint64)
        pairs = np.stack([examples, np.concatenate(whole)], axis=1) if whole else np.empty((0, 2), np.uint64)
        different = np.unique(examples)
        _, times = np.unique(np.unique(pairs, axis=0)[:, 0], return_counts=True)
        part = PartDescription(
            name=source.name,
            rows=source.rows,
            sha256=source.sha256(),
            columns=tuple(ranges[column.name].description() for column in source.columns),
            target=target.name if target else "",
            classes=_classes(counted),
            repeated=len(examples) - len(different),
            contradicting=int((times > 1).sum()) if target else 0,
        )
        return Seen(part, different)


def _count(counted: "Counter[str]", values: "NDArray[Any]") -> "Counter[str] | None":
    """Count labels, or give up where they are no classes."""
    if values.dtype.kind == "f" and not bool(np.all(values % 1 == 0)):
        return None
    if values.dtype.kind == "f":
        values = values.astype(np.int64)
    different, times = np.unique(values, return_counts=True)
    counted.update(dict(zip(map(str, different.tolist()), times.tolist(), strict=True)))
    return counted if len(counted) <= CLASSES else None


def _classes(counted: "Counter[str] | None") -> tuple[ClassCount, ...]:
    if not counted:
        return ()
    numbers = all(label.lstrip("-").isdigit() for label in counted)
    order = sorted(
        counted, key=(lambda label: (int(label), label)) if numbers else (lambda label: (0, label))
    )
    return tuple(ClassCount(clean(label, NAME), counted[label]) for label in order)


class _Range:
    """The range of one column's numbers."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._missing = 0
        self._low, self._high, self._sum, self._n = np.inf, -np.inf, 0.0, 0

    def add(self, array: "NDArray[Any]") -> None:
        """Take in some rows."""
        if array.dtype.kind not in "buif" or not array.size:
            return
        flat = array.reshape(len(array), -1)
        values = flat
        if array.dtype.kind == "f":
            without = np.isnan(flat)
            self._missing += int(without.any(axis=1).sum())
            values = flat[~without] if without.any() else flat
        if values.size:
            self._low, self._high = min(self._low, float(values.min())), max(self._high, float(values.max()))
            self._sum += float(values.sum(dtype=np.float64))
            self._n += values.size

    def description(self) -> ColumnDescription:
        """Return what was found."""
        column = self._column
        low, high, mean = self._low, self._high, self._sum / self._n if self._n else 0.0
        known = self._n > 0
        return ColumnDescription(
            clean(column.name, NAME),
            column.dtype,
            column.shape,
            # What a table leaves empty reads as NaN, of numbers; of texts the reader has counted it.
            max(self._missing, column.missing),
            *((low, high, mean) if known and np.isfinite([low, high, mean]).all() else (None, None, None)),
        )
