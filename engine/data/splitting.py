"""Dividing a data set into parts that share no example.

Owns which example goes where. Examples with the same inputs stay together, so that no part is measured on what another
was trained on; with strata each class is divided on its own. Runs in a data process, behind walls: the data are read
twice, in bounded memory but for a few bytes an example.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.data.archive_part import ArchivePart
from engine.data.describing import Digests, digests, target_of
from engine.data.descriptions import PARTS, PARTS_FOLDER
from engine.data.preparing import failed_to_write
from engine.data.readers import open_source
from engine.data.readers.source import COLUMN, Column, Source, chunks
from engine.data.readers.table_part import TablePart
from engine.processes.protocol import Divided, Split, Suffix
from storage.errors import JobError
from storage.text import NAME, clean

EXAMPLES: Final = "Give a part a larger share, or leave it out with 0."

Progress = Callable[[int, int], None]


def split(request: Split, scratch: Path, progress: Progress) -> Divided:
    """Write a data set as one file a part into a folder of ``scratch``.

    Raises:
        JobError: the data cannot be read or not be divided like that, or the disk is full.
    """
    with closing(open_source(Path(request.source))) as source:
        target = target_of(source, request.columns)
        if request.stratify and target is None:
            raise JobError(
                f"{source.name} has no {source.called} that is known to be the target, so its classes are unknown.",
                "Call it y, label, target or class, or leave out --stratify.",
            )
        inputs, labels = _read(source, target, request, progress)
        strata = labels if request.stratify else np.zeros(len(inputs), dtype=np.int64)
        places = divide(inputs, strata, request.shares, request.seed)
        rows = np.bincount(places, minlength=len(PARTS))
        for part, share, count in zip(PARTS, request.shares, rows.tolist(), strict=True):
            if share and not count:
                raise JobError(f"No example of {source.name} is left for {part}.", EXAMPLES)
        suffix = _write(source, places, scratch / PARTS_FOLDER, progress)
        leaks = sum(
            len(np.intersect1d(inputs[places == first], inputs[places == second]))
            for first in range(len(PARTS))
            for second in range(first)
        )
        return Divided(
            tuple(rows.tolist()),
            suffix=suffix,
            together=len(inputs) - len(np.unique(inputs)),
            leaks=leaks,
            name=source.name,
        )


def divide(
    inputs: Digests, strata: "NDArray[np.int64]", shares: Sequence[float], seed: int
) -> "NDArray[np.int64]":
    """Return the part of each example.

    Args:
        inputs: a digest of each example's inputs; equal ones stay together.
        strata: a number for each example; each number's examples are divided on their own. Of equal inputs with
            different numbers the first one's counts.
        shares: of the parts, adding up to 1.
        seed: of the order in which examples are drawn.
    """
    _, first, group, sizes = np.unique(inputs, return_index=True, return_inverse=True, return_counts=True)
    part_of_group = np.empty(len(sizes), dtype=np.int64)
    draw = np.random.default_rng(seed)
    for stratum in np.unique(strata[first]):
        # Large groups first, where there is still room for them; among equals chance decides.
        members = draw.permutation(np.flatnonzero(strata[first] == stratum))
        members = members[np.argsort(-sizes[members], kind="stable")]
        part_of_group[members] = _fill(sizes[members], np.asarray(shares))
    return part_of_group[group.reshape(-1)]


def _fill(sizes: "NDArray[np.int64]", shares: "NDArray[np.float64]") -> "NDArray[np.int64]":
    """Return a part for each group, so that each part has its share as nearly as the groups allow."""
    total = int(sizes.sum())
    if sizes.max() == 1:
        ends = np.round(np.cumsum(shares) * total).astype(np.int64)
        return np.searchsorted(ends, np.arange(total), side="right").clip(max=np.flatnonzero(shares)[-1])
    wanted = shares * total
    places = np.empty(len(sizes), dtype=np.int64)
    for place, size in enumerate(sizes.tolist()):
        places[place] = int(np.argmax(np.where(shares > 0, wanted, -np.inf)))
        wanted[places[place]] -= size
    return places


def _read(
    source: Source, target: Column | None, request: Split, progress: Progress
) -> "tuple[Digests, NDArray[np.int64]]":
    """Return a digest of the inputs and the number of the class of each example."""
    inputs: list[Digests] = []
    labels: list[NDArray[Any]] = []
    for _start, stop, columns in chunks(source):
        features = [array for name, array in columns.items() if target is None or name != target.name]
        inputs.append(digests(features or list(columns.values())))
        if request.stratify and target is not None:
            labels.append(_labels(source, target, columns[target.name]))
        progress(stop, 2 * source.rows)
    if not inputs:
        raise JobError(f"{source.name} has no examples.", "Save at least one.")
    together = np.concatenate(labels) if labels else np.zeros(0)
    return np.concatenate(inputs), np.unique(together, return_inverse=True)[1].reshape(-1)


def _labels(source: Source, target: Column, values: "NDArray[Any]") -> "NDArray[Any]":
    if values.ndim != 1 or (values.dtype.kind == "f" and not bool(np.all(values % 1 == 0))):
        raise JobError(
            f"The {source.called} {clean(target.name, NAME)} of {source.name} holds no classes, so there are none to keep "
            "in proportion.",
            "Leave out --stratify.",
        )
    return values


def _write(source: Source, places: "NDArray[np.int64]", folder: Path, progress: Progress) -> Suffix:
    """Write the parts, tables as tables and arrays as arrays, and return what their files end in."""
    try:
        return _write_parts(source, places, folder, progress)
    except OSError as error:
        raise failed_to_write(source.name, error, "divided") from None


def _write_parts(source: Source, places: "NDArray[np.int64]", folder: Path, progress: Progress) -> Suffix:
    folder.mkdir()
    there = np.unique(places).tolist()
    kind: type[TablePart | ArchivePart] = TablePart if source.called == COLUMN else ArchivePart
    parts = {part: kind(folder / PARTS[part], source) for part in there}
    for start, stop, columns in chunks(source):
        for number, part in parts.items():
            chosen = places[start:stop] == number
            if chosen.any():
                part.append({name: array[chosen] for name, array in columns.items()})
        progress(source.rows + stop, 2 * source.rows)
    for part in parts.values():
        part.finish()
    return kind.suffix
