"""Loads OpenVINO's graphs and runs them, on the CPU or on an Intel NPU.

Runs in a model process only. Importing this module imports OpenVINO, so that the host can fork without paying again; it
opens no device and starts no thread. It must not be imported by the engine.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Importing OpenVINO reports its use to its makers, in a thread that does not survive a fork, unless the package that
# does so is missing. Nothing of a person's models leaves this machine.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # how Python says that it is missing

import openvino

from engine.protocols import TensorSpec
from engine.runtimes.openvino.spec import parameters
from storage.errors import JobError
from storage.text import clean

CPU, NPU = "CPU", "NPU"

EXACT = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
"""On the CPU: left to itself, OpenVINO computes in bfloat16 where the processor can, and figures would depend on it."""


class OpenVinoModel:
    """A compiled graph and the one request that runs it."""

    def __init__(self, compiled: Any, count: int) -> None:
        self._compiled = compiled
        self._request = compiled.create_infer_request()
        self.inputs = tuple(map(_spec, compiled.inputs, range(len(compiled.inputs))))
        self.outputs = tuple(map(_spec, compiled.outputs, range(len(compiled.outputs))))
        self.parameters: int | None = count

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Run one batch."""
        request = self._request
        request.infer(list(inputs), share_inputs=True)
        # The request overwrites its outputs the next time.
        return tuple([request.get_output_tensor(place).data.copy() for place in range(len(self.outputs))])


def load(artefact: Path, device: str) -> OpenVinoModel:
    """Return the model in ``artefact``, ready on ``device``.

    Raises:
        JobError: the device cannot be used, or OpenVINO does not accept the graph.
    """
    core = openvino.Core()
    place = _place(core, device)
    options: dict[str, Any] = {}
    if place == CPU:
        options = {
            **EXACT,
            "INFERENCE_NUM_THREADS": len(os.sched_getaffinity(0)),
            "ENABLE_CPU_PINNING": False,
        }
    try:
        compiled = core.compile_model(core.read_model(artefact), place, options)
    except RuntimeError as error:
        lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise JobError(
            f"OpenVINO does not accept the model on {device}: {clean(lines[-1], 250).rstrip('.')}.",
            "Convert it again with the OpenVINO that is installed here.",
        ) from None
    return OpenVinoModel(compiled, parameters(artefact))


def _place(core: Any, device: str) -> str:
    """Return OpenVINO's name of a device, after making sure that no other one is used instead."""
    kind, _, index = device.partition(":")
    if kind == "cpu":
        return CPU
    if kind != "npu":
        raise JobError(f"OpenVINO cannot run on {device} here.", "Choose cpu, or npu:0 if there is one.")
    found = [name for name in core.available_devices if name.partition(".")[0] == NPU]
    if int(index or 0) >= len(found):
        raise JobError(
            f"OpenVINO finds {len(found)} NPUs here, so {device} cannot be used.",
            "Install the driver of Intel's NPU (intel-npu-driver), or choose cpu.",
        )
    return str(found[int(index or 0)])


def _spec(port: Any, place: int) -> TensorSpec:
    """Return what a graph says of an input or output; a size that may vary is free."""
    names = sorted(port.names)
    shape = port.partial_shape
    sizes = None
    if shape.rank.is_static:
        sizes = tuple(None if size.is_dynamic else int(size.get_length()) for size in shape)
    try:
        dtype = np.dtype(port.element_type.to_dtype()).name
    except RuntimeError:
        # Such as text: numpy has no such type.
        dtype = ""
    return TensorSpec(names[0] if names else f"tensor {place}", sizes, dtype)
