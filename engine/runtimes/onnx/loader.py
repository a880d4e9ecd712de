"""Loads ONNX models and runs them with ONNX Runtime.

Runs in a model process only. Importing this module imports the framework, so that the host can fork without
paying again; it makes no session, opens no device and starts no thread. It must not be imported by the
engine.
"""

import contextlib
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Newer versions report their use to their makers: importing them would start a thread, which does not survive
# a fork, and write a database into the home folder. Nothing of a person's models leaves this machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime
from numpy.typing import NDArray

from engine.protocols import TensorSpec
from engine.runtimes.onnx.spec import parameters
from storage.errors import JobError

CPU, CUDA, OPENVINO = "CPUExecutionProvider", "CUDAExecutionProvider", "OpenVINOExecutionProvider"

PROVIDERS = {"cpu": CPU, "cuda": CUDA, "npu": OPENVINO}
"""What runs a model on each kind of device."""

INSTALL = {CUDA: "'onnxruntime-gpu[cuda,cudnn]'", OPENVINO: "onnxruntime-openvino"}
"""Which build of ONNX Runtime brings a provider."""

ERRORS_ONLY = 3
"""ONNX Runtime's severity from which it writes to stderr; its warnings are about its own fusions."""

DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int8)": "int8",
    "tensor(int16)": "int16",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(uint8)": "uint8",
    "tensor(uint16)": "uint16",
    "tensor(uint32)": "uint32",
    "tensor(uint64)": "uint64",
    "tensor(bool)": "bool",
    "tensor(string)": "str",
}
"""ONNX Runtime's names of element types that numpy has too."""


class OnnxModel:
    """An inference session."""

    def __init__(self, session: Any, count: int) -> None:
        self._session = session
        self.inputs = tuple(map(_spec, session.get_inputs()))
        self.outputs = tuple(map(_spec, session.get_outputs()))
        self.parameters: int | None = count
        self._names = [spec.name for spec in self.inputs]

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Run one batch."""
        if len(inputs) == len(self._names) == 1:
            # By far the most usual, and small models answer in microseconds.
            return tuple(self._session.run(None, {self._names[0]: inputs[0]}))
        return tuple(self._session.run(None, dict(zip(self._names, inputs, strict=True))))


def load(artefact: Path, device: str) -> OnnxModel:
    """Return the model in ``artefact``, ready on ``device``.

    Raises:
        JobError: the device cannot be used, or the model's outputs are no tensors.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS_ONLY
    # Said outright, it does not try to pin threads to cores that a container may not have.
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    options.use_deterministic_compute = True
    # The content has been looked at; a name that ends in .ort would make it read something else.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    session = onnxruntime.InferenceSession(str(artefact), options, providers=_providers(device))
    session.disable_fallback()
    wanted = PROVIDERS[device.partition(":")[0]]
    if session.get_providers()[0] != wanted:
        raise JobError(
            f"ONNX Runtime could not start on {device} and offers {session.get_providers()[0]} instead.",
            "Check that the libraries and the driver of that device are installed, or choose cpu.",
        )
    if not all(output.type.startswith("tensor(") for output in session.get_outputs()):
        raise JobError(
            "The model answers with maps or lists, not with tensors.",
            "Convert it without ZipMap: skl2onnx's option zipmap=False.",
        )
    return OnnxModel(session, parameters(artefact))


def _providers(device: str) -> list[Any]:
    kind, _, index = device.partition(":")
    if kind == "cpu":
        return [CPU]
    wanted = PROVIDERS.get(kind)
    if wanted is None:
        raise JobError(f"ONNX Runtime cannot run on {device}.", "Choose cpu, or cuda:0 if there is one.")
    if wanted not in onnxruntime.get_available_providers():
        raise JobError(
            f"This ONNX Runtime lacks {wanted}, so {device} cannot be used.",
            f"Install {INSTALL[wanted]} in place of onnxruntime, or choose cpu.",
        )
    options: dict[str, Any] = {"device_type": "NPU"}
    if wanted == CUDA:
        _load_cuda()
        options = {"device_id": int(index or 0)}
    # Operators that the device has no kernel for run on the CPU, as they do for every user of these providers.
    return [(wanted, options), CPU]


def _load_cuda() -> None:
    """Load CUDA's libraries from the packages that pip installs them as, where the provider would not look for them."""
    preload = getattr(onnxruntime, "preload_dlls", None)  # from 1.21 on
    if preload is not None:
        # What it prints of a library that it misses is told better by the provider, which then does not start.
        with contextlib.redirect_stdout(io.StringIO()):
            preload()


def _spec(argument: Any) -> TensorSpec:
    shape = None
    if argument.shape is not None:
        shape = tuple(size if isinstance(size, int) else None for size in argument.shape)
    return TensorSpec(argument.name, shape, DTYPES.get(argument.type, ""))
