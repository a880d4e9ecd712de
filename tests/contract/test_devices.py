"""What every family of devices promises, on the hardware that is here."""

import subprocess
import sys

import pytest

from engine import devices
from engine.devices import FAMILIES, Found
from engine.runtimes import RUNTIMES

LOADED = """
import sys
from engine import devices
found = devices.family(sys.argv[1]).detect()
for device in found:
    devices.family(sys.argv[1]).reader(device).read(1.0)
heavy = {"tensorflow", "keras", "torch", "onnx", "onnxruntime", "numpy", "textual", "rich"}
print(*sorted(heavy & sys.modules.keys()))
"""


@pytest.fixture(params=FAMILIES)
def found(request: pytest.FixtureRequest) -> list[Found]:
    """Return the devices of one family."""
    family = devices.family(request.param)
    return [Found(device, family) for device in family.detect()]


def test_devices_have_no_reading_before_they_are_read(found: list[Found]) -> None:
    """A device that was only detected has a name and no figure of use."""
    for one in found:
        assert one.device.name
        assert one.device.at is None
        assert one.device.utilisation is None
        assert one.device.memory_used_bytes is None


def test_readings_are_plausible_or_none(found: list[Found]) -> None:
    """Every reading lies where it can lie, or is None; identity does not change with a reading."""
    for one in found:
        reader = one.reader()
        reading = reader.read(12.5)
        reader.close()
        assert (reading.id, reading.name, reading.at) == (one.device.id, one.device.name, 12.5)
        assert reading.utilisation is None or 0 <= reading.utilisation <= 1
        assert reading.temperature_c is None or -40 < reading.temperature_c < 150
        assert reading.power_w is None or reading.power_w >= 0
        if reading.memory_used_bytes is not None:
            assert reading.memory_total_bytes is not None
            assert 0 <= reading.memory_used_bytes <= reading.memory_total_bytes


def test_usable_by_names_runtimes(found: list[Found]) -> None:
    """A device is usable by runtimes that there are; one that none can use says why."""
    names = {spec.name for spec in RUNTIMES}
    for one in found:
        assert set(one.device.usable_by) <= names
        assert one.device.usable_by or one.device.obstacles


@pytest.mark.parametrize("name", FAMILIES)
def test_no_framework_is_loaded(name: str) -> None:
    """Looking for devices and reading them loads no framework, no numerical library and nothing that draws."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOADED, name], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.strip() == ""


def test_ids_are_unique() -> None:
    """No two devices of this machine share an id, and there is always a processor."""
    ids = [one.device.id for one in devices.detect()]
    assert len(ids) == len(set(ids))
    assert "cpu" in ids
