"""What every family promises, on recorded machines: all of the registry, so that a new family brings its machine.

The real hardware that is here is asked the same in tests/contract/test_devices.py.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pynvml
import pytest

from engine import devices
from engine.devices import FAMILIES, Found
from engine.runtimes import RUNTIMES
from storage.records import Device
from tests.unit.engine.devices import trees
from tests.unit.engine.devices.recorded_nvml import RecordedNvml
from tests.unit.engine.devices.trees import Tree

FROM_FILES: dict[str, list[Callable[[Tree], object]]] = {
    "amd": [trees.amd_gpu],
    "intel_gpu": [trees.intel_gpu_i915, lambda tree: trees.intel_gpu_xe(tree, 1)],
    "intel_npu": [trees.intel_npu],
    "amd_npu": [trees.amd_npu],
    "ascend": [trees.ascend],
    "edge_tpu": [trees.edge_tpu_on_pci, trees.edge_tpu_on_usb],
    "apple": [trees.apple],
    "qualcomm": [trees.qualcomm],
    "other": [trees.unknown_accelerator],
}
"""The machine of each family that reads the kernel's files."""

GARBAGE = ("", "\x00\xff\n", "-1", "99999999999999999999999999", "nan", "ue: x\nce:")


def found_on(tree: Tree, name: str) -> list[Found]:
    """Build the machine of a family, and return what the family finds there."""
    for build in FROM_FILES[name]:
        build(tree)
    family = devices.family(name)
    return [Found(device, family) for device in family.detect()]


def check(device: Device, reading: Device) -> None:
    """Hold a reading to what every reading promises."""
    assert (reading.id, reading.name) == (device.id, device.name)
    assert reading.utilisation is None or 0 <= reading.utilisation <= 1
    assert reading.temperature_c is None or -40 < reading.temperature_c < 150
    assert reading.power_w is None or reading.power_w >= 0
    if reading.memory_used_bytes is not None and reading.memory_total_bytes is not None:
        assert 0 <= reading.memory_used_bytes <= reading.memory_total_bytes
    told = reading.details
    for share in (told.memory_utilisation, told.held_back):
        assert share is None or 0 <= share <= 1


def test_every_family_has_a_recorded_machine() -> None:
    """A family that is added to the registry is tested on a machine of its own, or on this one."""
    assert {*FROM_FILES, "cpu", "nvidia"} == set(FAMILIES)


@pytest.mark.parametrize("name", FROM_FILES)
def test_devices_are_whole(tree: Tree, name: str) -> None:
    """Each device has a name, an address, ids of its own, and for every runtime either its use or a reason against it."""
    found = found_on(tree, name)
    assert found
    ids = [one.device.id for one in found]
    assert len(set(ids)) == len(ids)
    for one in found:
        device = one.device
        assert device.name
        assert device.details.address
        assert (device.at, device.utilisation, device.temperature_c, device.power_w) == (None,) * 4
        told = {*device.usable_by, *(obstacle.runtime for obstacle in device.obstacles)}
        assert told == {spec.name for spec in RUNTIMES}
        assert all(obstacle.reason for obstacle in device.obstacles)
        # Looking again finds the same: what differs would be taken for another device.
    assert [one.device for one in found] == one.family.detect()


@pytest.mark.parametrize("name", FROM_FILES)
def test_what_is_not_exposed_is_said(tree: Tree, name: str) -> None:
    """A device whose use stays unknown says why in its note; one whose use is known reads it as a share."""
    for one in found_on(tree, name):
        reader = one.reader()
        reader.read(1.0)
        reading = reader.read(2.0)
        check(one.device, reading)
        assert reading.utilisation is not None or reading.note
        reader.close()


def readable(tree: Tree) -> Iterator[Path]:
    """Return the files of a machine."""
    yield from sorted(path for path in (tree.sys / "devices").rglob("*") if path.is_file())


@pytest.mark.parametrize("name", FROM_FILES)
def test_any_sensor_may_vanish(tree: Tree, name: str) -> None:
    """Whichever of its files vanishes while a device is watched, it is read on, plausibly and without an error."""
    found = found_on(tree, name)
    readers = [(one.device, one.reader()) for one in found]
    for file in readable(tree):
        kept = file.read_bytes()
        file.unlink()
        for device, reader in readers:
            check(device, reader.read(1.0))
        file.write_bytes(kept)


@pytest.mark.parametrize("name", FROM_FILES)
@pytest.mark.parametrize("content", GARBAGE, ids=range(len(GARBAGE)))
def test_any_sensor_may_lie(tree: Tree, name: str, content: str) -> None:
    """Whatever its files say, a device is found and read without an error, and no figure is impossible."""
    found = found_on(tree, name)
    readers = [(one.device, one.reader()) for one in found]
    for file in readable(tree):
        file.write_bytes(content.encode("latin-1"))
    for device, reader in readers:
        check(device, reader.read(1.0))
    for device in devices.family(name).detect():
        check(device, devices.family(name).reader(device).read(1.0))


@pytest.mark.parametrize("name", FROM_FILES)
def test_machine_may_lose_everything_at_once(tree: Tree, name: str) -> None:
    """When all of a machine's files go, every reader says so and nothing is found any more."""
    found = found_on(tree, name)
    readers = [(one.device, one.reader()) for one in found]
    shutil.rmtree(tree.sys)
    for device, reader in readers:
        reading = reader.read(1.0)
        check(device, reading)
        assert reading.note == "is gone"
    assert devices.family(name).detect() == []


CODES = sorted(
    value
    for name, value in vars(pynvml).items()
    if name.startswith("NVML_ERROR_") and isinstance(value, int) and value
)


MAIN = {
    "nvmlDeviceGetUtilizationRates",
    "nvmlDeviceGetMemoryInfo",
    "nvmlDeviceGetTemperature",
    "nvmlDeviceGetPowerUsage",
}
"""Questions whose errors tell of the card."""


@pytest.mark.parametrize("code", CODES)
def test_any_question_to_nvml_may_fail(nvml: RecordedNvml, code: int) -> None:
    """Whichever question a card answers with whichever error, nothing is raised or invented, and details cost no figure."""
    card = nvml.cards[0]
    family = devices.family("nvidia")
    identified = family.detect()[0]
    reader = family.reader(identified)
    working: dict[str, Any] = dict(card.answers)
    for question in working:
        card.answers = {**working, question: pynvml.NVMLError(code)}
        found = family.detect()
        assert len(found) == 2
        for device in found:
            check(device, family.reader(device).read(1.0))
        reading = reader.read(1.0)
        check(identified, reading)
        assert question in MAIN or reading.utilisation == 0.81
        card.answers = working
    assert reader.read(2.0).utilisation == 0.81
