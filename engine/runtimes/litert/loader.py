"""Loads LiteRT files and runs them with the interpreter's XNNPACK kernels.

Runs in a model process only. Importing this module imports LiteRT, so that the host can fork without paying again; it
makes no interpreter, opens no device and starts no thread. It must not be imported by the engine.

A fully quantised model takes and gives integers that stand for real numbers. Here it takes and gives the real numbers:
inputs are quantised with the tensor's own scale and zero point, as TensorFlow's guide to post-training quantisation
does it, so that its figures compare with those of the model that it was made from.
"""

import os
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from engine.protocols import TensorSpec
from engine.runtimes.litert.spec import parameters
from storage.errors import JobError
from storage.text import clean

KEPT_SIZES = 6
"""Interpreters that are kept, one a batch size: as many as a calibration, a last short batch and single queries use."""

SMALL_BYTES = 64 * 1024 * 1024
"""Of larger models one interpreter is kept: each has weights of its own, arranged for the processor."""

PREFIX, SUFFIX = "serving_default_", ":0"
"""What TensorFlow's converter puts around the names of inputs."""


class LiteRtModel:
    """A model behind one interpreter for each batch size that is in use."""

    def __init__(self, artefact: Path) -> None:
        self._artefact = artefact
        self._kept = 1 if artefact.stat().st_size > SMALL_BYTES else KEPT_SIZES
        first = self._open()
        # What it cannot run shows now, and not in the middle of an evaluation.
        first.allocate_tensors()
        self._takes = first.get_input_details()
        self._gives = first.get_output_details()
        self._ready: OrderedDict[tuple[tuple[int, ...], ...], Interpreter] = OrderedDict()
        self.inputs = tuple(map(_spec, self._takes))
        self.outputs = tuple(map(_spec, self._gives))
        self.parameters: int | None = parameters(artefact)

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Run one batch."""
        interpreter = self._sized(tuple(array.shape for array in inputs))
        for detail, array in zip(self._takes, inputs, strict=True):
            interpreter.set_tensor(detail["index"], _quantised(array, detail))
        interpreter.invoke()
        return tuple(_real(interpreter.get_tensor(detail["index"]), detail) for detail in self._gives)

    def _sized(self, shapes: tuple[tuple[int, ...], ...]) -> Interpreter:
        """Return an interpreter whose inputs have these shapes."""
        found = self._ready.get(shapes)
        if found is not None:
            self._ready.move_to_end(shapes)
            return found
        while len(self._ready) >= self._kept:
            self._ready.popitem(last=False)
        interpreter = self._open()
        for detail, shape in zip(self._takes, shapes, strict=True):
            interpreter.resize_tensor_input(detail["index"], shape)
        interpreter.allocate_tensors()
        self._ready[shapes] = interpreter
        return interpreter

    def _open(self) -> Interpreter:
        return Interpreter(model_path=str(self._artefact), num_threads=len(os.sched_getaffinity(0)))


def load(artefact: Path, device: str) -> LiteRtModel:
    """Return the model in ``artefact``, ready on ``device``.

    Raises:
        JobError: the device cannot be used, or the file is damaged or needs a newer LiteRT.
    """
    if device != "cpu":
        raise JobError(f"LiteRT cannot run on {device} here.", "Choose cpu.")
    try:
        return LiteRtModel(artefact)
    except (ValueError, RuntimeError) as error:
        words = clean(str(error) or type(error).__name__, 250).rstrip(".")
        raise JobError(f"LiteRT does not accept the model: {words}.", "Convert it again.") from None


def _spec(detail: dict[str, Any]) -> TensorSpec:
    """Return a tensor as its model was made to take it: the batch is free where its converter left it so."""
    signature = detail["shape_signature"]
    shape = tuple(
        None if size < 0 else int(size) for size in (signature if len(signature) else detail["shape"])
    )
    name = str(detail["name"]).removeprefix(PREFIX).removesuffix(SUFFIX)
    dtype = np.dtype(np.float32) if _scale(detail) is not None else np.dtype(detail["dtype"])
    return TensorSpec(name, shape, dtype.name)


def _scale(detail: dict[str, Any]) -> tuple[float, int] | None:
    """Return scale and zero point of a tensor of integers that stand for real numbers."""
    scale, zero = detail["quantization"]
    if not scale or np.dtype(detail["dtype"]).kind not in "iu":
        return None
    return float(scale), int(zero)


def _quantised(array: "NDArray[Any]", detail: dict[str, Any]) -> "NDArray[Any]":
    found = _scale(detail)
    if found is None:
        return array
    scale, zero = found
    limits = np.iinfo(detail["dtype"])
    integers: NDArray[Any] = np.clip(np.rint(array / np.float32(scale)) + zero, limits.min, limits.max)
    return integers.astype(detail["dtype"])


def _real(array: "NDArray[Any]", detail: dict[str, Any]) -> "NDArray[Any]":
    found = _scale(detail)
    if found is None:
        return array
    scale, zero = found
    return (array.astype(np.float32) - np.float32(zero)) * np.float32(scale)
