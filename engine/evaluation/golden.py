"""How the answers of a model now compare with those that are on record: to the bit, within a tolerance, or neither.

Pure. It owns the tolerance of each kind of number; what becomes of a difference is a check's to say.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.data.readers.source import TEXT
from engine.evaluation.likeness import Compared, Examined
from engine.evaluation.probe import different_rows, rows_without_number, unpacked
from engine.processes.probes import PlainArray, Probed
from storage.exported import Parity

RELATIVE = {"float16": 1e-2, "float32": 1e-4, "float64": 1e-8}
"""How far apart two answers may be, as a share of the largest one (of 1 where all are smaller): an order of magnitude
more than a framework's other order of summation makes of a deep network in that precision."""

STEP = 1.0
"""The same for whole numbers: quantised models round to the next step."""


def pack(arrays: Sequence[PlainArray]) -> bytes:
    """Return arrays as they are kept on record."""
    return msgspec.msgpack.encode(tuple(arrays))


def unpack(kept: bytes) -> tuple[PlainArray, ...]:
    """Return arrays that were kept on record."""
    return msgspec.msgpack.decode(kept, type=tuple[PlainArray, ...])


def examine(probed: Probed) -> Examined:
    """Return what the answers of a probe are like."""
    inputs, outputs = [[unpacked(array) for array in arrays] for arrays in (probed.inputs, probed.outputs)]
    rows = len(outputs[0])
    return Examined(rows, different_rows(inputs), different_rows(outputs), rows_without_number(outputs, rows))


def compare(before: Sequence[PlainArray], now: Sequence[PlainArray]) -> Compared:
    """Return how far answers are from those on record."""
    rows = before[0].shape[0] if before and before[0].shape else 0
    if list(map(_form, before)) != list(map(_form, now)):
        return Compared(False, float("inf"), 0.0, rows, rows, same_form=False)
    if list(before) == list(now):
        return Compared(True, 0.0, 0.0, 0, rows)
    found = [_compare(unpacked(old), unpacked(new)) for old, new in zip(before, now, strict=True)]
    # The output that is furthest beyond what it may be speaks for all.
    largest, tolerance = max(found, key=lambda pair: pair[0] / pair[1])
    return Compared(False, largest, tolerance, _turned(before, now), rows)


def parity(before: Sequence[PlainArray], now: Sequence[PlainArray], *, dataset: str) -> Parity:
    """Return the same as exports tell it."""
    found = compare(before, now)
    mean = 0.0
    if found.same_form and not found.identical:
        apart = [
            _apart(unpacked(old), unpacked(new)).ravel()
            for old, new in zip(before, now, strict=True)
            if not _is_text(old)
        ]
        mean = float(np.concatenate(apart).mean())
    return Parity(
        dataset=dataset,
        n=found.rows,
        max_difference=found.largest,
        mean_difference=mean,
        agreement=1.0 - found.turned / found.rows if found.rows else None,
        tolerance=found.tolerance,
    )


def _is_text(array: PlainArray) -> bool:
    return np.dtype(array.dtype).kind == "U"


def _form(array: PlainArray) -> tuple[str, tuple[int, ...]]:
    """Return what kind of values an array has, and how many; how long texts are is not their kind."""
    return TEXT if _is_text(array) else array.dtype, array.shape


def _compare(old: "NDArray[Any]", new: "NDArray[Any]") -> tuple[float, float]:
    if old.dtype.kind == "U":
        # There is nothing between one name and another.
        return (0.0 if bool((old == new).all()) else float("inf")), STEP
    relative = RELATIVE.get(old.dtype.name)
    largest = float(_apart(old, new).max(initial=0.0))
    finite = np.abs(old[np.isfinite(old)].astype(np.float64))
    scale = max(1.0, float(finite.max(initial=0.0)))
    return largest, STEP if relative is None else relative * scale


def _apart(old: "NDArray[Any]", new: "NDArray[Any]") -> "NDArray[np.float64]":
    """Return how far apart each two numbers are: not at all where neither is one, infinitely where one of them is none."""
    # As float64 no difference of two numbers overflows, and infinities of the same sign are the same.
    before, after = old.astype(np.float64), new.astype(np.float64)
    with np.errstate(invalid="ignore"):
        apart = np.where(
            (before == after) | (np.isnan(before) & np.isnan(after)), 0.0, np.abs(after - before)
        )
    return np.where(np.isnan(apart), np.inf, apart)


def _turned(before: Sequence[PlainArray], now: Sequence[PlainArray]) -> int:
    """Return for how many examples the largest output of the first array of scores is another one."""
    for old, new in zip(before, now, strict=True):
        if len(old.shape) == 2 and old.shape[1] > 1 and not _is_text(old):
            first, second = unpacked(old), unpacked(new)
            return int((first.argmax(axis=1) != second.argmax(axis=1)).sum())
    return 0
