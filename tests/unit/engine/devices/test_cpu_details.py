"""What the processor tells besides its use: clocks, heat, quotas, swap and waiting, on recorded files.

Forms from the kernel's ``Documentation/admin-guide/pm/cpufreq.rst`` (kHz), ``Documentation/ABI/testing/sysfs-devices-system-cpu``
(thermal_throttle), ``Documentation/accounting/psi.rst`` and ``Documentation/admin-guide/cgroup-v2.rst``.
"""

from pathlib import Path

import msgspec
import pytest

from engine.devices import cgroup, cpu, pressure
from engine.devices.cgroup import Groups
from storage.device_details import Pressure
from storage.records import Device
from tests.unit.engine.devices.trees import write

PSI = "some avg10={} avg60=5.53 avg300=6.31 total=16142608898\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0"


@pytest.fixture
def cores(tmp_path: Path) -> Path:
    """Return the files of a machine of 32 cores in two packages."""
    for number in range(32):
        write(
            tmp_path / f"cpu{number}",
            {
                "cpufreq/scaling_cur_freq": str(2_000_000 + number * 10_000),
                "cpufreq/cpuinfo_max_freq": "3800000" if number else "4100000",
                "thermal_throttle/package_throttle_count": "7" if number < 16 else "2",
                "topology/physical_package_id": "0" if number < 16 else "1",
            },
        )
    write(tmp_path / "cpufreq", {"policy0": ""})
    return tmp_path


def processor(monkeypatch: pytest.MonkeyPatch, cores: Path) -> cpu.Reader:
    """Return what reads this processor as if it had those cores."""
    for name in ("clock_files", "throttle_files"):
        real = getattr(cpu, name)
        monkeypatch.setattr(cpu, name, lambda real=real: real(cores))
    return cpu.reader(cpu.detect()[0])


def test_clocks_of_many_cores(cores: Path) -> None:
    """The clock is the mean of some cores, spread over the machine; the highest is that of the fastest core."""
    files = cpu.clock_files(cores)
    assert len(files) == cpu.CLOCKS_READ
    assert len({file.parents[1] for file in files}) == cpu.CLOCKS_READ
    clock = cpu.mean_clock(files)
    assert clock is not None
    assert 2000 <= clock <= 2310
    assert cpu.highest_clock(cores) == 4100.0


def test_machine_that_tells_no_clock(tmp_path: Path) -> None:
    """Most virtual machines tell no clock: it is not known, and is not the number on the label."""
    assert cpu.clock_files(tmp_path) == []
    assert cpu.mean_clock([]) is None
    assert cpu.highest_clock(tmp_path) is None


def test_heat_is_told_while_it_slows(cores: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that slowed down since the last reading is slowed by heat; one that did earlier is not."""
    monkeypatch.setattr(cgroup, "groups", lambda: Groups((), ()))
    reader = processor(monkeypatch, cores)
    told = [reader.read(1.0).details.slowed_by, reader.read(2.0).details.slowed_by]
    for number in range(16):
        write(cores / f"cpu{number}" / "thermal_throttle", {"package_throttle_count": "9"})
    told.append(reader.read(3.0).details.slowed_by)
    assert told == [None, (), ("heat",)]


def test_quota_is_told_while_it_holds_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Under a quota the share of the time for which it kept processes waiting is told, and named as what slows."""
    (tmp_path / "cpu.max").write_text("10000 100000")
    (tmp_path / "cpu.stat").write_text("usage_usec 0\nthrottled_usec 0\n")
    monkeypatch.setattr(cgroup, "groups", lambda: Groups((tmp_path,), ()))
    reader = cpu.reader(cpu.detect()[0])
    first = reader.read(1.0).details
    (tmp_path / "cpu.stat").write_text("usage_usec 0\nthrottled_usec 3600000000\n")
    second = reader.read(2.0).details
    assert first.held_back is None
    assert second.held_back == 1.0
    assert second.slowed_by is not None
    assert "its control group's quota" in second.slowed_by


def test_waiting_of_the_machine(tmp_path: Path) -> None:
    """How long processes waited is a share of one for each resource."""
    write(tmp_path, {"cpu": PSI.format("6.25"), "memory": PSI.format("0.00"), "io": PSI.format("100.00")})
    assert pressure.of_machine(tmp_path) == Pressure(0.0625, 0.0, 1.0)


def test_waiting_of_a_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Under a limit it is the group's own waiting that counts."""
    write(tmp_path, {"memory.max": str(1 << 28), "memory.pressure": PSI.format("12.50")})
    monkeypatch.setattr(cgroup, "groups", lambda: Groups((), (tmp_path,)))
    assert cpu.reader(cpu.detect()[0]).read(1.0).details.pressure == Pressure(None, 0.125, None)


def test_kernel_without_accounts_of_waiting(tmp_path: Path) -> None:
    """A kernel that keeps no account, or refuses it, tells None, never 0."""
    assert pressure.of_machine(tmp_path / "none") is None
    (tmp_path / "cpu").mkdir()  # to read a folder fails as a refused file does
    assert pressure.of_machine(tmp_path) is None


def test_swap(tmp_path: Path) -> None:
    """Swap is read from the kernel's account of memory, in bytes."""
    write(
        tmp_path,
        {"meminfo": "MemTotal:       32000000 kB\nSwapTotal:       2097148 kB\nSwapFree:              0 kB"},
    )
    assert cpu.memory_row("SwapTotal:", tmp_path / "meminfo") == 2_097_148 * 1024
    assert cpu.memory_row("SwapFree:", tmp_path / "meminfo") == 0
    assert cpu.memory_row("SwapCached:", tmp_path / "meminfo") is None


def test_this_machine_tells_its_load() -> None:
    """The real processor has its load, and swap that is not more than there is."""
    reading: Device = cpu.reader(cpu.detect()[0]).read(1.0)
    assert reading.details.load is not None
    assert min(reading.details.load) >= 0
    if reading.details.swap_total_bytes is not None:
        assert reading.details.swap_used_bytes is not None
        assert 0 <= reading.details.swap_used_bytes <= reading.details.swap_total_bytes
    assert msgspec.json.decode(msgspec.json.encode(reading), type=Device) == reading
