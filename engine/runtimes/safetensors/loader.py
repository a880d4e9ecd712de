"""Reads the weights of a safetensors file and runs what their owner's Python file makes of them.

Runs in a model process only, behind full walls. It imports numpy and no framework: what else the owner's file wants, it
imports by itself from the installed packages, which the process may read.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.artefacts.content import Content, ContentError
from engine.own_files import execute, failed
from engine.protocols import TensorSpec
from engine.runtimes.safetensors.spec import Header, Tensor, read_header
from storage.errors import JobError
from storage.text import NAME, clean

HINT = "It needs load(weights, device), which returns a function of arrays, batch first, to one array or a tuple of them."

FORM = '{"name": ([None, 28, 28], "float32")}'
"""How a file says what its model takes or gives; an axis that may vary is None."""

NUMBERS = "fiub"
"""Kinds of numpy's types that figures can be computed from."""

BFLOAT16 = "BF16"

DTYPES = {
    "BOOL": "?",
    "U8": "u1",
    "I8": "i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    BFLOAT16: "<u2",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
    "C64": "<c8",
}
"""What numpy calls each type; the others it does not have."""

Call = Callable[..., Any]


class OwnModel:
    """What an owner's file made of the weights."""

    def __init__(self, file: str, call: Call, names: dict[str, Any], count: int) -> None:
        self._file = file
        self._call = call
        # Unless the file says more: one input, and nothing is known of the outputs.
        self.inputs = _specs(file, names, "INPUTS") or (TensorSpec("input", None, ""),)
        self.outputs = _specs(file, names, "OUTPUTS")
        self.parameters: int | None = count

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Run one batch."""
        # A mapped array may only be read, which torch cannot express: it would warn, or write.
        given = [array if array.flags.writeable else array.copy() for array in inputs]
        try:
            answer = self._call(*given)
            answers = tuple(map(np.asarray, answer if isinstance(answer, (tuple, list)) else (answer,)))
        except Exception as error:
            # Whoever asked adds what the model was given.
            raise RuntimeError(failed(self._file, "failed", error, hint=HINT).message) from error
        if any(array.dtype.kind not in NUMBERS for array in answers):
            raise JobError(
                f"The model of {self._file} answers with {type(answer).__name__}, not with arrays of numbers.",
                HINT,
            )
        return answers


def load(artefact: Path, device: str, *, loader: str, source: str) -> OwnModel:
    """Return the model that the file ``loader`` makes of the weights in ``artefact``, ready on ``device``.

    Raises:
        JobError: the device cannot be used, or the file or the weights cannot.
    """
    if device != "cpu":
        raise JobError(
            f"Without torch, weights cannot run on {device}.", "Install it: pip install 'modeltender[torch]'."
        )
    return OwnModel(loader, *made(artefact, device, loader, source))


def made(artefact: Path, device: str, loader: str, source: str) -> tuple[Call, dict[str, Any], int]:
    """Return what a file makes of the weights, the names that it defines, and how many weights there are.

    Raises:
        JobError: the file or the weights cannot be used.
    """
    names = execute(loader, source, hint=HINT)
    build = names.get("load")
    if not callable(build):
        raise JobError(f"{loader} has no function load.", HINT)
    try:
        with Content(artefact) as content:
            header = read_header(content)
    except ContentError as error:
        raise JobError(f"{clean(artefact.name, NAME)} {error}.") from None
    weights = _weights(artefact, header)
    try:
        call = build(weights, device)
    except MemoryError:
        # It has a sentence of its own, which says what limits it.
        raise
    except Exception as error:
        raise failed(loader, "failed in load", error, hint=HINT) from error
    if not callable(call):
        raise JobError(
            f"load of {loader} gave {type(call).__name__}, which takes no arrays: it is no function.", HINT
        )
    return call, names, header.parameters


def _weights(artefact: Path, header: Header) -> "dict[str, NDArray[Any]]":
    """Return every tensor as an array of its own, which may be changed."""
    weights = {}
    with artefact.open("rb") as stream:
        for name, tensor in header.tensors.items():
            dtype = DTYPES.get(tensor.dtype)
            if dtype is None:
                raise JobError(
                    f"{clean(artefact.name, NAME)} holds {clean(name, NAME)} as {tensor.dtype}, a type that numpy lacks.",
                    "Save the weights as F32, F16 or BF16.",
                )
            stream.seek(header.start + tensor.data_offsets[0])
            weights[name] = _array(stream, tensor, dtype)
    return weights


def _array(stream: Any, tensor: Tensor, dtype: str) -> "NDArray[Any]":
    numbers = np.fromfile(stream, dtype, int(np.prod(tensor.shape, dtype=np.int64)))
    if tensor.dtype == BFLOAT16:
        # The upper half of a float32, and numpy has no type for it: so it is one, with the same value.
        numbers = (numbers.astype(np.uint32) << 16).view(np.float32)
    return numbers.reshape(tensor.shape)


def _specs(file: str, names: dict[str, Any], what: str) -> tuple[TensorSpec, ...]:
    """Return what a file says of its model's inputs or outputs, in their order."""
    try:
        said = msgspec.convert(names.get(what, {}), dict[str, tuple[tuple[int | None, ...] | None, str]])
        return tuple(
            TensorSpec(name, shape, np.dtype(dtype).name if dtype else "")
            for name, (shape, dtype) in said.items()
        )
    except (msgspec.ValidationError, TypeError) as error:
        raise JobError(
            f"{what} of {file} is not understood: {clean(str(error))}.", f"Write {FORM}."
        ) from None
