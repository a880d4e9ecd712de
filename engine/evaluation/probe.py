"""What a model answers to a few examples, byte for byte, and whether its weights are numbers.

Runs in a model process. It owns which examples are taken and in what form they travel; whether an answer is another
one than before is not decided here.
"""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.artefacts.doubts import SHOWN_EVIDENCE
from engine.data.examples import open_examples
from engine.evaluation.runs import Arrays, ask, fixed_size
from engine.processes.probes import MAXIMUM_BYTES, PlainArray, Probe, Probed, Repeat, Repeated
from engine.protocols import HasWeights, LoadedModel
from storage.errors import JobError
from storage.text import NAME, clean

FLOATING = "fV"
"""Kinds of numbers that can be none: numpy's own floats, and those that it has no name for (bfloat16 and narrower ones)."""

WHICH = "the examples of its check"
"""What the model was asked, in a sentence about its failure."""


def probe(model: LoadedModel, request: Probe) -> Probed:
    """Return what ``model`` answers to the examples of ``request``.

    Raises:
        JobError: there is no example that is small enough, or the model fails on them.
    """
    inputs = tuple(map(unpacked, request.inputs)) or _examples(model, request)
    outputs = ask(model, inputs, _which)
    answered = tuple(map(packed, outputs))
    if sum(len(array.data) for array in answered) > MAXIMUM_BYTES:
        raise JobError(
            f"The answers to {len(inputs[0])} examples take more than {MAXIMUM_BYTES >> 20} MiB, so they are "
            "not kept.",
        )
    again = tuple(map(packed, ask(model, inputs, _which)))
    looked, broken = _weights(model)
    return Probed(tuple(map(packed, inputs)), answered, answered == again, looked, broken)


def repeat(model: LoadedModel, request: Repeat) -> Repeated:
    """Ask ``model`` the same again and again, and say how often.

    Raises:
        JobError: it fails.
    """
    inputs = tuple(map(unpacked, request.inputs))
    ends, times = time.perf_counter() + request.duration_s, 0
    while not times or time.perf_counter() < ends:
        ask(model, inputs, _which)
        times += 1
    return Repeated(times)


def packed(array: "NDArray[Any]") -> PlainArray:
    """Return an array in the form in which it travels; what numpy has no name for becomes float32."""
    if array.dtype.kind in "USO":
        texts = _texts(array)
        return PlainArray(texts.dtype.str, texts.shape, texts.tobytes())
    plain = array if array.dtype.kind in "biuf" else array.astype(np.float32)
    return PlainArray(plain.dtype.name, plain.shape, np.ascontiguousarray(plain).tobytes())


def _texts(array: "NDArray[Any]") -> "NDArray[np.str_]":
    """Return texts as numpy's own: ONNX Runtime gives Python's, TensorFlow bytes; classifiers name their classes by them."""
    if array.dtype.kind == "U":
        return np.ascontiguousarray(array)
    words = [
        word.decode(errors="replace") if isinstance(word, bytes) else str(word)
        for word in array.ravel().tolist()
    ]
    return np.array(words, dtype=np.str_).reshape(array.shape)


def unpacked(array: PlainArray) -> "NDArray[Any]":
    """Return an array that travelled."""
    # A copy: frameworks write, or warn about, what may only be read.
    return np.frombuffer(array.data, dtype=array.dtype).reshape(array.shape).copy()


def _which() -> str:
    return WHICH


def _examples(model: LoadedModel, request: Probe) -> Arrays:
    examples = open_examples(Path(request.data), request.preprocess, model.inputs)
    fixed = fixed_size(model)
    most = MAXIMUM_BYTES // max(examples.example_bytes, 1)
    if most < (fixed or 1):
        what = (
            "An example of this model takes" if fixed in {None, 1} else f"{fixed} examples of this model take"
        )
        raise JobError(f"{what} more than {MAXIMUM_BYTES >> 20} MiB, so none are kept to ask again.")
    rows = min(fixed or request.rows, most, examples.rows)
    arrays = examples.batch(0, rows)
    missing = (fixed or rows) - rows
    return tuple(np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]) for array in arrays)


def _weights(model: LoadedModel) -> tuple[int | None, tuple[str, ...]]:
    """Return how many arrays of weights were looked through, and the names of those that hold no numbers."""
    if not isinstance(model, HasWeights):
        return None, ()
    looked, broken = 0, list[str]()
    for name, array in model.weights():
        looked += 1
        if not _finite(array):
            broken.append(clean(name, NAME))
    return looked, tuple(broken[:SHOWN_EVIDENCE])


def _finite(array: "NDArray[Any]") -> bool:
    if array.dtype.kind not in FLOATING or not array.size:
        return True
    # One pass where all is well: a sum of finite numbers is finite, and one that overflows is looked at closely.
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(array.sum(dtype=np.float64)) or np.isfinite(array).all())


def rows_without_number(outputs: "Iterable[NDArray[Any]]", rows: int) -> int:
    """Return how many examples have NaN or plus infinity among their answers; minus infinity may be a logarithm of zero."""
    wrong = np.zeros(rows, dtype=np.bool_)
    for output in outputs:
        if output.dtype.kind == "f":
            flat = output.reshape(rows, -1)
            wrong |= (np.isnan(flat) | np.isposinf(flat)).any(axis=1)
    return int(wrong.sum())


def different_rows(arrays: "Sequence[NDArray[Any]]") -> int:
    """Return how many different examples there are, by their bytes; each array has one row an example, and there is one at least."""
    rows = len(arrays[0])
    return len(
        {b"".join(np.ascontiguousarray(array[row]).tobytes() for array in arrays) for row in range(rows)}
    )
