"""Accelerators that are read from the kernel's files, on recorded trees (see trees.py), not hardware."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import devices
from engine.devices import amd, edge_tpu, hardware, intel_gpu, intel_npu
from engine.devices.hardware import GONE, SILENT, USE_NOT_EXPOSED
from storage.records import Device
from storage.vocabulary import DeviceKind
from tests.unit.engine.devices import trees
from tests.unit.engine.devices.trees import Tree, write

GIB = 1 << 30


def here() -> dict[str, Device]:
    """Return what is found besides the processor, by id."""
    return {one.device.id: one.device for one in devices.detect() if one.device.id != "cpu"}


def read(identity: str) -> Device:
    """Return one reading of a device."""
    [found] = [one for one in devices.detect() if one.device.id == identity]
    return found.reader().read(5.0)


@pytest.mark.usefixtures("tree")
def test_machine_without_accelerators_has_none() -> None:
    """A machine whose kernel lists no accelerator has a processor only, without complaint."""
    assert here() == {}


def test_amd_gpu(tree: Tree) -> None:
    """An AMD GPU has its product's name and its memory, and reads in our units."""
    trees.amd_gpu(tree)
    found = here()["rocm:0"]
    assert (found.name, found.kind, found.note) == ("Radeon RX 7900 XTX", DeviceKind.GPU, "")
    assert found.memory_total_bytes == 25_753_026_560
    reading = read("rocm:0")
    assert (reading.at, reading.utilisation, reading.memory_used_bytes) == (5.0, 0.37, 2 * GIB)
    assert (reading.temperature_c, reading.power_w) == (56.0, 212.0)
    told = reading.details
    assert (told.clock_mhz, told.memory_clock_mhz, told.power_limit_w) == (2304.0, 1249.0, 339.0)
    assert (told.memory_utilisation, told.corrected_errors, told.uncorrected_errors) == (0.12, 24, 1)
    assert (told.address, told.driver) == ("0000:03:00.0", "amdgpu")


def test_power_of_this_moment_stands_in_for_the_average(tree: Tree) -> None:
    """Where the firmware does not average, the power of the moment is told."""
    folder = trees.amd_gpu(tree)
    (folder / "hwmon" / "hwmon3" / "power1_average").unlink()
    write(folder / "hwmon" / "hwmon3", {"power1_input": "180000000"})
    assert read("rocm:0").power_w == 180.0


def test_gpu_that_does_not_tell_its_use_says_so(tree: Tree) -> None:
    """A GPU whose firmware does not count is n/a, never 0, and the note says why."""
    folder = trees.amd_gpu(tree)
    (folder / "gpu_busy_percent").unlink()
    assert here()["rocm:0"].note == USE_NOT_EXPOSED
    assert read("rocm:0").utilisation is None


@pytest.mark.parametrize("content", ["", "101", "-1", "busy"])
def test_impossible_percentage_is_none(tree: Tree, content: str) -> None:
    """A share that cannot be is not known."""
    folder = trees.amd_gpu(tree)
    (folder / "gpu_busy_percent").write_text(content)
    assert read("rocm:0").utilisation is None


def test_gpu_in_reset_reads_none(tree: Tree) -> None:
    """While a driver is reset it refuses its files; what it refuses is not known, and the rest goes on."""
    folder = trees.amd_gpu(tree)
    for name in ("gpu_busy_percent", "hwmon/hwmon3/temp1_input"):
        (folder / name).unlink()
        (folder / name).mkdir()  # to read a folder fails as a refused file does
    reading = read("rocm:0")
    assert (reading.utilisation, reading.temperature_c, reading.power_w) == (None, None, 212.0)
    assert reading.note == ""


def test_intel_gpu_on_i915(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """An Intel GPU tells clocks, heat, power and what slows it; how busy it is, it does not, which is said."""
    folder = trees.intel_gpu_i915(tree)
    times = iter([10.0, 12.0])
    monkeypatch.setattr("engine.devices.hardware.time.monotonic", lambda: next(times))
    energy = hardware.Rate()
    found = here()["xpu:0"]
    first = intel_gpu.look(folder, found, energy)
    write(folder / "hwmon" / "hwmon2", {"energy1_input": "1170000000"})
    second = intel_gpu.look(folder, found, energy)
    assert (first.power_w, second.power_w) == (None, 85.0)
    assert (second.utilisation, second.temperature_c) == (None, 61.0)
    assert second.note == intel_gpu.NOTE
    told = second.details
    assert (told.clock_mhz, told.highest_clock_mhz, told.power_limit_w) == (2050.0, 2400.0, 190.0)
    assert told.slowed_by == ("its sustained power limit",)


def test_intel_gpu_on_xe(tree: Tree) -> None:
    """The newer driver has its files elsewhere: the same figures, and the memory of its tiles."""
    trees.intel_gpu_xe(tree)
    found = here()["xpu:0"]
    assert found.memory_total_bytes == 12 * GIB
    reading = read("xpu:0")
    assert (reading.temperature_c, reading.details.clock_mhz, reading.details.slowed_by) == (48.0, 2850.0, ())


def test_intel_npu(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """An Intel NPU is busy by as much as its counter of worked time grew; its memory is the machine's."""
    folder = trees.intel_npu(tree)
    times = iter([10.0, 12.0, 13.0])
    monkeypatch.setattr("engine.devices.hardware.time.monotonic", lambda: next(times))
    busy = hardware.Rate()
    found = here()["npu:0"]
    first = intel_npu.look(folder, found, busy)
    write(folder, {"npu_busy_time_us": "5500000"})
    second = intel_npu.look(folder, found, busy)
    write(folder, {"npu_busy_time_us": "12"})
    after_reset = intel_npu.look(folder, found, busy)
    assert (first.utilisation, second.utilisation, after_reset.utilisation) == (None, 0.25, None)
    assert second.memory_used_bytes == 64 * 2**20
    assert (second.details.clock_mhz, second.details.highest_clock_mhz) == (1400.0, 1850.0)
    assert "shares the machine's memory" in found.note


def test_intel_npu_on_older_kernels(tree: Tree) -> None:
    """Before Linux 6.11 the driver counts nothing, which is said; until 7.1 its frequencies have other names."""
    folder = trees.intel_npu(tree)
    (folder / "npu_busy_time_us").unlink()
    for name in ("current_freq", "hw_max_freq"):
        (folder / "freq" / name).unlink()
    write(folder, {"npu_current_frequency_mhz": "0", "npu_max_frequency_mhz": "1400"})
    assert "from Linux 6.11 on" in here()["npu:0"].note
    reading = read("npu:0")
    assert reading.utilisation is None
    assert (reading.details.clock_mhz, reading.details.highest_clock_mhz) == (0.0, 1400.0)


def test_amd_npu_is_named(tree: Tree) -> None:
    """An AMD NPU has its driver's word for the product; its use is not exposed, which is said."""
    trees.amd_npu(tree)
    found = here()["xdna:0"]
    assert (found.name, found.kind, found.note) == ("AMD RyzenAI-npu5", DeviceKind.NPU, USE_NOT_EXPOSED)
    assert read("xdna:0").utilisation is None


def test_ascend_is_named(tree: Tree) -> None:
    """Huawei's NPUs are found on the bus, each with its node, and the tool that tells more is named."""
    trees.ascend(tree, 0)
    trees.ascend(tree, 1)
    found = here()
    assert [found[name].name for name in ("cann:0", "cann:1")] == ["Huawei Ascend 0xd802"] * 2
    assert "npu-smi info" in found["cann:1"].note
    assert read("cann:1").utilisation is None


def test_edge_tpus(tree: Tree) -> None:
    """An Edge TPU on PCI tells its temperature; one on USB is named."""
    trees.edge_tpu_on_pci(tree)
    trees.edge_tpu_on_usb(tree)
    found = here()
    assert [found[name].name for name in ("tpu:0", "tpu:1")] == ["Google Edge TPU", "Google Edge TPU (USB)"]
    assert (read("tpu:0").temperature_c, read("tpu:1").temperature_c) == (45.05, None)


def test_edge_tpu_on_usb_before_its_first_program(tree: Tree) -> None:
    """Until a program was loaded into it, the chip shows another maker's number."""
    folder = trees.edge_tpu_on_usb(tree)
    write(folder, {"idVendor": "1a6e", "idProduct": "089a"})
    assert set(here()) == {"tpu:0"}


def test_qualcomm_is_named(tree: Tree) -> None:
    """What is Qualcomm's is named where it is seen."""
    trees.qualcomm(tree)
    assert {identity: one.name for identity, one in here().items()} == {
        "qnn:0": "Qualcomm Cloud AI 0xa100",
        "qnn:1": "Qualcomm Adreno",
        "qnn:2": "Qualcomm Hexagon",
    }


def test_apple_is_named(tree: Tree) -> None:
    """What is Apple's is named where Linux sees it."""
    trees.apple(tree)
    assert {identity: one.name for identity, one in here().items()} == {
        "apple:0": "Apple GPU",
        "apple:1": "Apple Neural Engine",
    }


def test_unknown_accelerator_is_named_by_its_driver(tree: Tree) -> None:
    """An accelerator that no family knows is shown once, by its driver, without figures."""
    trees.unknown_accelerator(tree)
    found = here()
    assert set(found) == {"accel:0"}
    assert (found["accel:0"].name, found["accel:0"].note) == (
        "accelerator of the driver rocket",
        USE_NOT_EXPOSED,
    )


BUILDERS: dict[str, Callable[[Tree], object]] = {
    "rocm:0": trees.amd_gpu,
    "xpu:0": trees.intel_gpu_xe,
    "npu:0": trees.intel_npu,
    "xdna:0": trees.amd_npu,
    "cann:0": trees.ascend,
    "tpu:0": trees.edge_tpu_on_pci,
    "accel:0": trees.unknown_accelerator,
}


@pytest.mark.parametrize("identity", BUILDERS)
def test_unplugged_device_is_gone(tree: Tree, identity: str) -> None:
    """A device that is unplugged while it is watched reads None and says that it is gone; it is found no more."""
    folder = BUILDERS[identity](tree)
    assert isinstance(folder, Path)
    [found] = [one for one in devices.detect() if one.device.id == identity]
    reader = found.reader()
    assert reader.read(5.0).note == found.device.note
    tree.unplug(folder)
    reading = reader.read(6.0)
    assert (reading.note, reading.utilisation, reading.temperature_c) == (GONE, None, None)
    assert here() == {}


def test_unplugged_before_it_is_first_read(tree: Tree) -> None:
    """A device that goes between the look and its first reading is gone, and not mixed up with its neighbour."""
    first, second = trees.amd_gpu(tree, 0, "0000:03:00.0"), trees.amd_gpu(tree, 1, "0000:43:00.0")
    write(second, {"gpu_busy_percent": "90"})
    found = {one.device.id: one for one in devices.detect()}
    tree.unplug(first)
    assert found["rocm:0"].reader().read(5.0).note == GONE
    assert found["rocm:1"].reader().read(5.0).utilisation == 0.9


def test_sleeping_device_is_not_woken(tree: Tree) -> None:
    """A GPU that is powered down reads None, says that it sleeps, and none of its sensors is touched."""
    folder = trees.amd_gpu(tree)
    write(folder, {"power/runtime_status": "suspended"})
    (folder / "gpu_busy_percent").unlink()
    os.mkfifo(folder / "gpu_busy_percent")  # who touches it waits for ever, and is told to be silent
    reading = read("rocm:0")
    assert (reading.utilisation, reading.details.asleep, reading.note) == (None, True, "")


def test_hanging_driver_does_not_hold_up_the_rest(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that holds a question for ever costs one deadline, says that it is silent, and is read again later."""
    trees.amd_gpu(tree)
    monkeypatch.setattr(hardware, "READ_S", 0.05)
    going = threading.Event()
    real = amd.look

    def hang(folder: Path, device: Device) -> Device:
        going.wait(60)
        return real(folder, device)

    monkeypatch.setattr(amd, "look", hang)
    reader = amd.reader(amd.detect()[0])
    assert [reader.read(5.0).note, reader.read(6.0).note] == [SILENT, SILENT]
    going.set()
    monkeypatch.setattr(hardware, "READ_S", 30.0)
    # The first question may still be on its way out.
    waited = threading.Event()
    for _ in range(600):
        if reader.read(7.0).utilisation == 0.37:
            break
        waited.wait(0.05)
    assert reader.read(8.0).utilisation == 0.37


def test_hidden_node_is_an_obstacle_with_a_remedy(tree: Tree) -> None:
    """A container that sees a device but has no node for it says so, and how to pass it in."""
    folder = trees.intel_npu(tree)
    (tree.dev / "accel" / "accel0").unlink()
    found = here()["npu:0"]
    assert found.usable_by == ()
    reasons = {one.runtime: one for one in found.obstacles}
    assert "accel0 is not here" in reasons["openvino"].reason
    assert f"--device {tree.dev}/accel/accel0" in reasons["openvino"].remedy
    assert folder.exists()


def test_node_of_others_is_an_obstacle_with_a_remedy(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who may not open a device's node is told the group that may."""
    trees.intel_npu(tree)
    monkeypatch.setattr("engine.devices.usability.os.access", lambda *_asked: False)
    [obstacle] = [one for one in here()["npu:0"].obstacles if one.runtime == "openvino"]
    assert "may not open" in obstacle.reason
    group = (tree.dev / "accel" / "accel0").group()
    assert obstacle.remedy.startswith(f"sudo usermod -aG {group} ")


def test_npu_is_for_openvino(tree: Tree) -> None:
    """An Intel NPU is used by OpenVINO, and by ONNX Runtime's build with that provider only; others say what they run on."""
    trees.intel_npu(tree)
    found = here()["npu:0"]
    reasons = {one.runtime: (one.reason, one.remedy) for one in found.obstacles}
    assert found.usable_by == ("openvino",)
    assert reasons["onnxruntime"] == (
        "onnxruntime has no OpenVINO provider",
        "pip uninstall onnxruntime; pip install onnxruntime-openvino",
    )
    assert reasons["litert"] == ("its models are run on cpu only", "")
    assert reasons["keras"] == ("its models are run on cpu and cuda only", "")


def test_names_from_the_list_of_pci_devices(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has the list of PCI devices, a card without a product's name gets its name from there."""
    folder = trees.amd_gpu(tree)
    (folder / "product_name").unlink()
    listed = tree.sys.parent / "pci.ids"
    listed.write_text(
        "# a list\n1001  Somebody\n\t744c  Not this one\n1002  Advanced Micro Devices, Inc. [AMD/ATI]\n"
        "\t744b  Another\n\t744c  Navi 31 [Radeon RX 7900 XT/7900 XTX]\n\t\t1002 0e3b  A board\n1003  Next\n"
    )
    monkeypatch.setattr(hardware, "PCI_NAMES", (listed,))
    hardware._listed.cache_clear()
    assert here()["rocm:0"].name == "AMD Navi 31 [Radeon RX 7900 XT/7900 XTX]"


def test_names_cannot_steer_a_terminal(tree: Tree) -> None:
    """Whatever a device calls itself, no control character gets through."""
    folder = trees.amd_gpu(tree)
    write(folder, {"product_name": "Radeon\x1b[2J X"})
    assert here()["rocm:0"].name == "Radeon\ufffd[2J X"


def test_temperature_of_a_broken_sensor_is_none(tree: Tree) -> None:
    """A sensor that gives nonsense has no temperature."""
    folder = trees.edge_tpu_on_pci(tree)
    write(folder / "apex" / "apex_0", {"temp": "-89700000"})
    assert edge_tpu.reader(edge_tpu.detect()[0]).read(5.0).temperature_c is None
