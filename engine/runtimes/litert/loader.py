"""Loads LiteRT files and runs them with the interpreter's XNNPACK kernels.

Runs in a model process only. Importing this module imports LiteRT, so that the host can fork without paying again; it
makes no interpreter, opens no device and starts no thread. It must not be imported by the engine.

A fully quantised model takes and gives integers that stand for real numbers. Here it takes and gives the real numbers:
inputs are quantised with the tensor's own scale and zero point, as TensorFlow's guide to post-training quantisation
does it, so that its figures compare with those of the model that it was made from.
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from engine.protocols import TensorSpec
from engine.runtimes.litert.spec import parameters
from storage.errors import JobError
from storage.text import clean

KEPT_SIZES = 7
"""Interpreters that are kept, one a batch size: as many as a calibration, a last short batch and single queries use."""

SMALL_BYTES = 64 * 1024 * 1024
"""Of larger models one interpreter is kept: each has weights of its own, arranged for the processor."""

PREFIX, SUFFIX = "serving_default_", ":0"
"""What TensorFlow's converter puts around the names of inputs."""

Shapes = tuple[tuple[int, ...], ...]
"""Of one batch of each input."""


class LiteRtModel:
    """A model behind one interpreter for each batch size that is in use."""

    def __init__(self, artefact: Path) -> None:
        self._artefact = artefact
        self._kept = 1 if artefact.stat().st_size > SMALL_BYTES else KEPT_SIZES
        first = self._open()
        # What it cannot run shows now, and not in the middle of an evaluation.
        first.allocate_tensors()
        takes, gives = first.get_input_details(), first.get_output_details()
        self._takes = tuple(map(_Tensor, takes))
        self._gives = tuple(map(_Tensor, gives))
        self._ready: OrderedDict[Shapes, Interpreter] = OrderedDict()
        self._shapes: Shapes = ()
        self._interpreter = first
        self._single = len(takes) == len(gives) == 1 and not (self._takes[0].scale or self._gives[0].scale)
        """Whether it has one input and one output and quantises neither."""
        self._shape: tuple[int, ...] | None = None
        self._answer: Callable[[NDArray[Any]], tuple[NDArray[Any], ...]] | None = None
        """The short way of such a model: for batches of one shape."""
        self.inputs = tuple(map(_spec, takes))
        self.outputs = tuple(map(_spec, gives))
        self.parameters: int | None = parameters(artefact)

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Run one batch."""
        if self._answer is not None and inputs[0].shape == self._shape:
            return self._answer(inputs[0])
        shapes: Shapes = tuple(array.shape for array in inputs)
        if shapes != self._shapes:
            self._interpreter, self._shapes = self._sized(shapes), shapes
        interpreter = self._interpreter
        if self._single:
            self._shape, self._answer = shapes[0], _short_way(interpreter, self._takes[0], self._gives[0])
        for tensor, array in zip(self._takes, inputs, strict=True):
            interpreter.set_tensor(tensor.index, tensor.quantised(array) if tensor.scale else array)
        interpreter.invoke()
        answers = [interpreter.get_tensor(tensor.index) for tensor in self._gives]
        return tuple(
            [
                tensor.real(answer) if tensor.scale else answer
                for tensor, answer in zip(self._gives, answers, strict=True)
            ]
        )

    def _sized(self, shapes: Shapes) -> Interpreter:
        """Return an interpreter whose inputs have these shapes."""
        found = self._ready.get(shapes)
        if found is not None:
            self._ready.move_to_end(shapes)
            return found
        while len(self._ready) >= self._kept:
            self._ready.popitem(last=False)
        interpreter = self._open()
        for tensor, shape in zip(self._takes, shapes, strict=True):
            interpreter.resize_tensor_input(tensor.index, shape)
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


def _short_way(
    interpreter: Interpreter, taken: "_Tensor", given: "_Tensor"
) -> "Callable[[NDArray[Any]], tuple[NDArray[Any], ...]]":
    """Return what answers a batch with every look-up done before: small models answer in microseconds."""
    set_tensor, invoke, get_tensor = interpreter.set_tensor, interpreter.invoke, interpreter.get_tensor
    take, give = taken.index, given.index

    def answer(batch: "NDArray[Any]") -> "tuple[NDArray[Any], ...]":
        set_tensor(take, batch)
        invoke()
        return (get_tensor(give),)

    return answer


class _Tensor:
    """An input or output: where it lies, and how its integers stand for real numbers, if they do."""

    def __init__(self, detail: dict[str, Any]) -> None:
        scale, zero = detail["quantization"]
        self.index = int(detail["index"])
        self._dtype = np.dtype(detail["dtype"])
        self.scale = np.float32(scale if self._dtype.kind in "iu" else 0)
        """0 where the tensor holds what it stands for."""
        self._zero = np.float32(zero)

    def quantised(self, array: "NDArray[Any]") -> "NDArray[Any]":
        """Return the integers that stand for real numbers; what they cannot hold becomes their limit."""
        limits = np.iinfo(self._dtype)
        integers: NDArray[Any] = np.clip(np.rint(array / self.scale) + self._zero, limits.min, limits.max)
        return integers.astype(self._dtype)

    def real(self, array: "NDArray[Any]") -> "NDArray[Any]":
        """Return the real numbers that integers stand for."""
        return (array.astype(np.float32) - self._zero) * self.scale


def _spec(detail: dict[str, Any]) -> TensorSpec:
    """Return a tensor as its model was made to take it: the batch is free where its converter left it so."""
    signature = detail["shape_signature"]
    shape = tuple(
        None if size < 0 else int(size) for size in (signature if len(signature) else detail["shape"])
    )
    name = str(detail["name"]).removeprefix(PREFIX).removesuffix(SUFFIX)
    dtype = np.dtype(np.float32) if _Tensor(detail).scale else np.dtype(detail["dtype"])
    return TensorSpec(name, shape, dtype.name)
