"""Every runtime that can use this machine's first GPU, on that GPU: it answers as numpy and the CPU do, behind its walls.

Skipped where NVML finds no GPU. ``pytest tests/devices`` lists which formats were left out, and what they lack.
"""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.devices import nvidia
from engine.processes.client import Hosts
from engine.processes.model_process import ModelProcess
from engine.processes.probes import Probe
from engine.processes.protocol import Evaluate, MeasureLatency
from engine.protocols import Options
from engine.runtimes import RUNTIMES, runtime_for
from storage.records import Device
from storage.vocabulary import Format, Layer, LayerState, Task
from tests.tiny_models import (
    KERAS_WARNING,
    NAMES,
    PREPROCESS,
    ROWS,
    digits,
    digits_file,
    expected_probabilities,
    saved,
)

__all__ = ["digits_file", "saved"]

GPU = "cuda:0"

PATIENCE_S = 120
"""The first model on a GPU waits until its framework has read a gigabyte of libraries."""

pytestmark = [pytest.mark.filterwarnings(KERAS_WARNING), pytest.mark.timeout(4 * PATIENCE_S)]

FORMATS = [wanted for spec in RUNTIMES if "cuda" in spec.accelerators for wanted in spec.formats]

LOADER = """
import torch

INPUTS = {"images": ([None, 1, 8, 8], "float32")}
OUTPUTS = {"logits": ([None, 10], "float32")}


def load(weights, device):
    kernel, bias = (torch.from_numpy(weights[name].copy()).to(device) for name in ("kernel", "bias"))

    def run(images):
        return (torch.from_numpy(images.copy()).to(device).flatten(1) @ kernel + bias).cpu().numpy()

    return run
"""
"""An owner's Python file that makes the classifier of its weights on the device that it is told."""

OPTIONS: dict[Format, Options] = {Format.SAFETENSORS: (("loader", "loader.py"), ("source", LOADER))}
"""What a runtime must be told besides the artefact and the device."""

CONVOLVING = (Format.TORCHSCRIPT, Format.TORCH_EXPORT, Format.ONNX)
"""Formats that one network of convolutions is saved in."""

Saved = Callable[[Format], Path]


@pytest.fixture(scope="module")
def gpu() -> Device:
    """Return this machine's first GPU."""
    found = next((device for device in nvidia.detect() if device.id == GPU), None)
    if found is None:
        pytest.skip("NVML finds no GPU on this machine")
    return found


@pytest.fixture(scope="module", params=FORMATS, ids=[str(wanted) for wanted in FORMATS])
def wanted(request: pytest.FixtureRequest, gpu: Device) -> Format:
    """Return each format that this machine can run on its GPU; of the others the reason is that of the devices screen."""
    wanted = Format(request.param)
    runtime = runtime_for(wanted)
    if runtime.name not in gpu.usable_by:
        pytest.skip(next(one.reason for one in gpu.obstacles if one.runtime == runtime.name))
    return wanted


@pytest.fixture(scope="module")
def process(warm_hosts: Hosts, saved: Saved, digits_file: Path, wanted: Format) -> Iterator[ModelProcess]:
    """Return the classifier of digits, loaded on the GPU."""
    opened = opened_on(GPU, warm_hosts, saved(wanted), wanted, digits_file)
    yield opened
    opened.close()


def opened_on(device: str, hosts: Hosts, artefact: Path, wanted: Format, data: Path) -> ModelProcess:
    """Return a model in its process, on a device."""
    readable = [data, artefact.parent]
    return hosts.open(artefact, runtime_for(wanted), device, readable, options=OPTIONS.get(wanted, ()))


def test_a_model_on_a_gpu_is_confined(process: ModelProcess) -> None:
    """A driver reserves far more addresses than there is memory; every other wall stands."""
    assert {layer for layer, state in process.layers.items() if state is not LayerState.ON} <= {Layer.MEMORY}


def test_the_evaluation_is_the_one_of_numpy(process: ModelProcess, wanted: Format, digits_file: Path) -> None:
    """A GPU rounds in other places; the class of every example is the same."""
    request = Evaluate(str(digits_file), Task.CLASSIFICATION, (), PREPROCESS[wanted])
    found = process.evaluate(request, on_progress=lambda _done, _total: None, deadline_s=PATIENCE_S)
    hits = expected_probabilities().argmax(axis=1) == digits()[1][1000:]
    assert found.rows == ROWS
    assert found.correct is not None
    outcomes = np.unpackbits(np.frombuffer(found.correct, np.uint8), count=ROWS).astype(bool)
    assert (outcomes == hits).all()


def test_a_few_examples_are_answered_alike_twice(
    process: ModelProcess, wanted: Format, digits_file: Path
) -> None:
    """To the bit, which is what an integrity check asks."""
    found = process.probe(Probe(data=str(digits_file), preprocess=PREPROCESS[wanted]), deadline_s=PATIENCE_S)
    assert found.repeatable
    assert found.broken_weights == ()


def test_single_queries_are_timed(process: ModelProcess, wanted: Format, digits_file: Path) -> None:
    """The time ends when the answer is back in memory: no query is quicker than a copy over the bus."""
    request = MeasureLatency(str(digits_file), PREPROCESS[wanted], 200, 2.0)
    found = process.measure_latency(request, on_progress=lambda _done, _total: None, deadline_s=PATIENCE_S)
    assert len(found.latencies_ms) == 200
    assert min(found.latencies_ms) > 0.005


def test_the_gpu_tells_which_process_uses_it(process: ModelProcess, gpu: Device) -> None:
    """A loaded model's process is among those of the GPU, with the memory that it holds there."""
    reader = nvidia.reader(gpu)
    read = reader.read(0.0)
    reader.close()
    assert read.details.processes is not None
    held = {one.pid: one.memory_bytes for one in read.details.processes}
    assert (held.get(process.pid) or 0) > 50_000_000


@pytest.mark.parametrize("wanted", CONVOLVING, ids=map(str, CONVOLVING), indirect=True)
def test_convolutions_answer_as_on_the_cpu(
    warm_hosts: Hosts, digits_file: Path, wanted: Format, tmp_path: Path
) -> None:
    """As exactly as frameworks multiply on a GPU, in TF32 with ten bits of each number, and alike twice."""
    artefact = convolving(wanted, tmp_path)
    request = Probe(data=str(digits_file), preprocess=PREPROCESS[wanted], rows=256)
    answers: list[NDArray[np.float32]] = []
    for device in ("cpu", GPU):
        process = opened_on(device, warm_hosts, artefact, wanted, digits_file)
        found = process.probe(request, deadline_s=PATIENCE_S)
        process.close()
        assert found.repeatable
        (logits,) = found.outputs
        answers.append(np.frombuffer(logits.data, np.float32).reshape(logits.shape))
    there, here = answers
    assert np.abs(there - here).max() < 5e-3 * np.abs(there).max()
    assert (there.argmax(axis=1) == here.argmax(axis=1)).all()


def convolving(wanted: Format, folder: Path) -> Path:
    """Save a small network of convolutions with numbers drawn once, the same in each format."""
    import torch

    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(1, 32, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(32, 32, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(32 * 64, 10),
    ).eval()
    file = folder / NAMES[wanted]
    with warnings.catch_warnings():
        # torch.jit is deprecated, and torch.export warns about torch's own code.
        warnings.simplefilter("ignore")
        if wanted is Format.ONNX:
            _save_as_onnx({name: held.numpy() for name, held in network.state_dict().items()}, file)
        elif wanted is Format.TORCHSCRIPT:
            torch.jit.script(network).save(str(file))
        else:
            example = (torch.zeros(4, 1, 8, 8),)
            shapes = ({0: torch.export.Dim("batch")},)
            torch.export.save(torch.export.export(network, example, dynamic_shapes=shapes), file)
    return file


def _save_as_onnx(weights: "dict[str, NDArray[np.float32]]", file: Path) -> None:
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("Conv", ["x", "0.weight", "0.bias"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "2.weight", "2.bias"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("Flatten", ["d"], ["e"]),
        helper.make_node("Gemm", ["e", "5.weight", "5.bias"], ["logits"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "convolving",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    file.write_bytes(helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString())
