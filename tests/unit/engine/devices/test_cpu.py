"""The processor: this machine's own, and what is decided from files and counters."""

import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from engine.devices import celsius, cgroup, cpu
from engine.devices.cgroup import Groups, Limit
from storage.vocabulary import DeviceKind

GIB = 1 << 30


def test_processor_of_this_machine() -> None:
    """The machine's processor has a name, cores in words, and memory."""
    [found] = cpu.detect()
    assert (found.id, found.kind) == ("cpu", DeviceKind.CPU)
    assert found.name
    assert "core" in found.note
    assert found.memory_total_bytes is not None
    assert 0 < found.memory_total_bytes <= psutil.virtual_memory().total


def test_a_busy_core_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one core works without rest, the processor is busy by at least that core's share."""
    monkeypatch.setattr(cgroup, "groups", lambda: Groups((), ()))
    reader = cpu.reader(cpu.detect()[0])
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        pass
    reading = reader.read(5.0)
    assert reading.utilisation is not None
    assert reading.utilisation >= 0.7 / (psutil.cpu_count() or 1)
    assert reading.utilisation <= 1
    assert reading.memory_used_bytes is not None
    assert 0 < reading.memory_used_bytes < psutil.virtual_memory().total


def test_first_reading_without_time_in_between_is_none() -> None:
    """A share of no time at all is not known, and is not 0."""
    moment = cpu.Busy(used=3.0, offered=8.0)
    assert cpu.share(moment, moment) is None
    assert cpu.share(None, moment) is None


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (cpu.Busy(used=4.0, offered=10.0), 0.5),
        (cpu.Busy(used=3.0, offered=10.0), 0.0),
        (cpu.Busy(used=5.5, offered=10.0), 1.0),
        (cpu.Busy(used=2.9, offered=10.0), 0.0),
    ],
    ids=["half", "idle", "burst-above-quota", "counter-went-back"],
)
def test_share_stays_between_0_and_1(after: cpu.Busy, expected: float) -> None:
    """The busy share is used time of offered time, and counters that tick unevenly cannot push it out of 0 to 1."""
    assert cpu.share(cpu.Busy(used=3.0, offered=8.0), after) == expected


def test_group_limits_are_the_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Under a quota and a memory limit, the device is what is granted, and its use is the group's own."""
    (tmp_path / "memory.max").write_text(str(GIB))
    (tmp_path / "memory.current").write_text(str(GIB // 2))
    (tmp_path / "cpu.max").write_text("10000 100000")
    (tmp_path / "cpu.stat").write_text("usage_usec 0\n")
    monkeypatch.setattr(cgroup, "groups", lambda: Groups((tmp_path,), (tmp_path,)))
    passed = iter((100.0, 100.2))
    monkeypatch.setattr(cpu, "time", SimpleNamespace(monotonic=lambda: next(passed)))
    [found] = cpu.detect()
    assert found.memory_total_bytes == GIB
    assert "limited to 0.1 by its cgroup" in found.note
    reader = cpu.reader(found)
    # A tenth of a core over 0.2 s is 20 ms.
    (tmp_path / "cpu.stat").write_text("usage_usec 10000\n")
    reading = reader.read(5.0)
    assert reading.utilisation == pytest.approx(0.5)
    assert reading.memory_used_bytes == GIB // 2


@pytest.mark.parametrize(
    ("cores", "allowed", "quota", "words"),
    [
        (1, 1, None, "1 core"),
        (16, 16, None, "16 cores"),
        (16, 4, None, "16 cores, limited to 4 by its CPU affinity"),
        (16, 16, 1.5, "16 cores, limited to 1.5 by its cgroup"),
        (16, 2, 8.0, "16 cores, limited to 2 by its CPU affinity"),
        (2, 2, 8.0, "2 cores"),
    ],
)
def test_cores_in_words(cores: int, allowed: int, quota: float | None, words: str) -> None:
    """The note says how many cores there are and what limits them, the tightest limit first."""
    limit = None if quota is None else Limit(quota, Path())
    assert cpu.cores_in_words(cores, allowed, limit) == words


def test_name_from_recorded_cpuinfo(tmp_path: Path) -> None:
    """The name is the processor's own; where the kernel tells none, its architecture. Recorded files, x86 and ARM."""
    intel, arm = tmp_path / "intel", tmp_path / "arm"
    intel.write_text("processor\t: 0\nmodel\t\t: 143\nmodel name\t: Intel(R) Xeon(R) Platinum 8480+\n")
    arm.write_text("processor\t: 0\nBogoMIPS\t: 243.75\nCPU part\t: 0xd40\n")
    assert cpu.processor_name(intel) == "Intel(R) Xeon(R) Platinum 8480+"
    assert cpu.processor_name(arm).endswith("processor")


def test_temperature_from_recorded_sysfs(tmp_path: Path) -> None:
    """The processor's sensor is chosen among others, by the names that the kernel documents (a recorded tree)."""
    for number, (name, value) in enumerate({"nvme": "38850", "k10temp": "54250"}.items()):
        chip = tmp_path / "hwmon" / f"hwmon{number}"
        chip.mkdir(parents=True)
        (chip / "name").write_text(f"{name}\n")
        (chip / "temp1_input").write_text(f"{value}\n")
    sensor = cpu.temperature_sensor(tmp_path / "hwmon", tmp_path / "thermal")
    assert sensor is not None
    assert celsius.read(sensor) == 54.25


def test_thermal_zone_where_there_is_no_chip(tmp_path: Path) -> None:
    """Boards without such a chip show the temperature as a thermal zone (a recorded tree)."""
    zone = tmp_path / "thermal" / "thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal\n")
    (zone / "temp").write_text("48312\n")
    sensor = cpu.temperature_sensor(tmp_path / "hwmon", tmp_path / "thermal")
    assert sensor is not None
    assert celsius.read(sensor) == 48.312


@pytest.mark.parametrize("content", ["", "nonsense", "-273150", "4294967295", None])
def test_broken_sensor_is_none(tmp_path: Path, content: str | None) -> None:
    """A sensor that vanished or gives nonsense has no temperature, never 0."""
    sensor = tmp_path / "temp1_input"
    if content is not None:
        sensor.write_text(content)
    assert celsius.read(sensor) is None
