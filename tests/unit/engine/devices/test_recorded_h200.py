"""A real NVIDIA H200, played again from what its NVML said (see replayed_nvml.py), up to what a person sees."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.devices import nvidia
from engine.devices.nvml import Session
from engine.devices.sampler import Sampler
from storage.database import Writer
from storage.device_details import DeviceProcess
from storage.records import Device
from storage.tables import engine
from storage.workspace import Workspace
from tests.unit.engine.devices.replayed_nvml import AFTER_WORK, AT_REST, AT_WORK, ReplayedNvml
from tests.unit.engine.devices.trees import Tree
from tui.command_line import main

Install = Callable[..., None]


@pytest.fixture
def h200(monkeypatch: pytest.MonkeyPatch, tree: Tree) -> ReplayedNvml:
    """Return the recording, which the family meets instead of this machine's NVML."""
    replayed = ReplayedNvml("h200.json")
    for node in replayed.recording["nodes"]:
        tree.node(node.removeprefix("/dev/"))
    monkeypatch.setitem(sys.modules, "pynvml", replayed)
    monkeypatch.setattr(nvidia, "session", Session())
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return replayed


def read(h200: ReplayedNvml, state: str) -> Device:
    """Return the second reading in a state of the recording."""
    h200.go_to(AT_REST)
    reader = nvidia.reader(nvidia.detect()[0])
    h200.go_to(state, 1)
    return reader.read(5.0)


def test_it_is_identified(h200: ReplayedNvml) -> None:
    """The card has its name, its memory, its driver and the clock that it can reach."""
    del h200
    [found] = nvidia.detect()
    assert (found.id, found.name, found.note) == ("cuda:0", "NVIDIA H200", "")
    assert found.memory_total_bytes == 150_754_820_096
    assert found.details.driver == "NVIDIA 580.159.04, CUDA 13.0"
    assert found.details.highest_clock_mhz == 1980.0


def test_at_rest_nothing_is_used(h200: ReplayedNvml) -> None:
    """At rest it is idle, which is no slowdown; what the driver keeps of its memory for itself is not used."""
    reading = read(h200, AT_REST)
    assert (reading.utilisation, reading.memory_used_bytes, reading.temperature_c) == (0.0, 0, 42)
    assert reading.power_w == pytest.approx(81.7, abs=0.1)
    assert reading.details.slowed_by == ()
    assert reading.details.processes == ()
    assert (reading.details.corrected_errors, reading.details.uncorrected_errors) == (0, 0)
    assert reading.note == ""


def test_at_work_all_of_it_shows(h200: ReplayedNvml) -> None:
    """While torch multiplied matrices it was busy, drew nearly its limit, and was slowed by that; torch's process shows."""
    reading = read(h200, AT_WORK)
    assert (reading.utilisation, reading.memory_used_bytes) == (1.0, 1_059_913_728)
    assert reading.power_w == pytest.approx(691.3, abs=0.1)
    told = reading.details
    assert (told.power_limit_w, told.slowed_by, told.clock_mhz) == (700.0, ("its power limit",), 1500.0)
    assert told.memory_utilisation == 0.25
    assert told.processes == (DeviceProcess(h200.recording["worker"], 1_050_673_152, 0.83),)


def test_afterwards_its_memory_is_free(h200: ReplayedNvml) -> None:
    """After torch's process was killed, nobody uses the card and its memory is free."""
    reading = read(h200, AFTER_WORK)
    assert (reading.memory_used_bytes, reading.details.processes) == (0, ())


def test_frameworks_of_that_machine(
    h200: ReplayedNvml, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the builds that were installed there, torch can use the card, and ONNX Runtime's lacks its CUDA provider."""
    for name, told in h200.recording["installed"].items():
        folder = tmp_path / "site" / f"{name.replace('-', '_')}-{told['version']}.dist-info"
        folder.mkdir(parents=True)
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {told['version']}"]
        lines += [f"Requires-Dist: {one}" for one in told["requires"]]
        (folder / "METADATA").write_text("\n".join(lines) + "\n")
    monkeypatch.setattr("sys.path", [str(tmp_path / "site")])
    [found] = nvidia.detect()
    reasons = {one.runtime: one.reason for one in found.obstacles}
    assert {"torchscript", "torch.export"} <= set(found.usable_by)
    assert reasons["onnxruntime"] == "onnxruntime has no CUDA provider"
    assert reasons["savedmodel"].startswith("tensorflow")


def test_the_command_shows_it(
    h200: ReplayedNvml, workspace: Workspace, writer: Writer, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the engine recorded of the card at work is what ``modeltender devices`` shows, at 80 columns and in JSON."""
    sampler = Sampler(writer, 1.0, time.time)
    sampler._look()
    h200.go_to(AT_WORK, 2)
    sampler._sample()
    with writer.transaction() as connection:
        engine.start(connection, pid=1, version="1", now=time.time(), sandbox={})
    assert main(["devices", "-w", str(workspace.root)]) == 0
    shown = capsys.readouterr().out
    [row] = [line for line in shown.splitlines() if line.startswith("cuda:0 ")]
    assert row.split()[:7] == ["cuda:0", "gpu", "99%", "1010.8", "MiB", "140.4", "GiB"]
    assert row.endswith("W  NVIDIA H200")
    assert f"used by process {h200.recording['worker']} (1002.0 MiB, " in shown
    assert "slowed by its power limit" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert main(["devices", "--json", "-w", str(workspace.root)]) == 0
    card = next(one for one in json.loads(capsys.readouterr().out) if one["id"] == "cuda:0")
    assert (card["name"], card["utilisation"], card["power_limit_w"]) == ("NVIDIA H200", 0.99, 700.0)
    assert [one["pid"] for one in card["processes"]] == [h200.recording["worker"]]
