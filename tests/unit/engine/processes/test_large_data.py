"""Data that are larger than a model process may use of memory: mapped, evaluated in pieces, never held."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.lib import format as npy

from engine.data.manifest import MANIFEST, Manifest
from engine.processes.client import Hosts
from engine.processes.model_process import ModelProcess
from engine.processes.protocol import Evaluate, MeasureLatency
from engine.runtimes import runtime_for
from storage.settings import LimitSettings, Preprocess
from storage.vocabulary import Format, Task
from tests.tiny_models import CHANNELS_FIRST, save_onnx

MEMORY_GIB = 0.25
MIB = 1024**2


def sparse(file: Path, dtype: str, shape: tuple[int, ...]) -> int:
    """Write an array of zeros that takes no room on the disk; return its size."""
    with file.open("wb") as stream:
        npy.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
        stream.truncate(stream.tell() + int(np.prod(shape)) * np.dtype(dtype).itemsize)
    return file.stat().st_size


def prepared(folder: Path, dtype: str, rows: int) -> Path:
    """Return prepared data of digits without a stroke, all of class 0."""
    folder.mkdir()
    sizes = {
        "input-0.npy": sparse(folder / "input-0.npy", dtype, (rows, 8, 8)),
        "targets.npy": sparse(folder / "targets.npy", "|u1", (rows,)),
    }
    manifest = Manifest("zeros", rows, "0" * 64, ("x",), (), sizes)
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that the processes may read."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def process(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelProcess]:
    """Return the classifier of digits, with little memory to itself."""
    hosts = Hosts(scratch=tmp_path_factory.mktemp("scratch"), limits=LimitSettings(memory_gib=MEMORY_GIB))
    opened = hosts.open(save_onnx(home / "model.onnx"), runtime_for(Format.ONNX), "cpu", [home])
    yield opened
    opened.close()
    hosts.close()


def test_more_data_than_memory_are_evaluated(process: ModelProcess, home: Path) -> None:
    """As floats they are four times what the process may have; it holds some pieces of them at a time."""
    rows = 4_000_000
    assert rows * 64 * 4 > 3.5 * MEMORY_GIB * 1024**3
    request = Evaluate(str(prepared(home / "many", "|u1", rows)), Task.CLASSIFICATION, (), CHANNELS_FIRST)
    found = process.evaluate(request, on_progress=lambda _done, _total: None, deadline_s=100)
    assert found.rows == rows


def test_data_beyond_the_limit_on_addresses_can_be_mapped(process: ModelProcess, home: Path) -> None:
    """What is mapped takes addresses, not memory; the engine grants as many as there are data, each time anew."""
    for name, gib in (("huge", 40), ("small", 0.01), ("huge again", 40)):
        rows = int(gib * 1024**3 / 256)
        request = MeasureLatency(
            str(prepared(home / name, "<f4", rows)), Preprocess(reshape=(1, 8, 8)), queries=5, budget_s=5.0
        )
        measured = process.measure_latency(request, on_progress=lambda _done, _total: None, deadline_s=30)
        assert len(measured.latencies_ms) > 0
