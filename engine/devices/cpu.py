"""The processor and its memory, as much of them as this process may use.

Where a control group grants less than the machine has, the device is what is granted: its memory is the
group's limit, and it is busy when the group has used up its quota.
"""

import functools
import os
import platform
import time
from pathlib import Path
from typing import NamedTuple

import msgspec
import psutil

from engine.devices import celsius, cgroup, files, pressure, usability
from engine.devices.hardware import Rate
from storage.device_details import DeviceDetails, Pressure
from storage.records import Device
from storage.text import clean
from storage.vocabulary import DeviceKind

CPUINFO = Path("/proc/cpuinfo")
MEMINFO = Path("/proc/meminfo")
CPUS = Path("/sys/devices/system/cpu")
HWMON = Path("/sys/class/hwmon")
THERMAL = Path("/sys/class/thermal")

HWMON_DRIVERS = frozenset({"coretemp", "k10temp", "zenpower", "cpu_thermal"})
"""The kernel drivers whose first temperature is the processor's, not a disk's or a board's."""

CLOCKS_READ = 8
"""Of machines with more cores, as many are asked for their frequency: every question disturbs the core that it is about."""

KIB = 1024


class Busy(NamedTuple):
    """Processor time that was used, of how much there was, since some moment."""

    used: float
    offered: float


def detect() -> list[Device]:
    """Return the processor with its memory."""
    groups = cgroup.groups()
    memory = groups.memory_bytes()
    total = psutil.virtual_memory().total
    use = usability.use("cpu", {})
    return [
        Device(
            id="cpu",
            kind=DeviceKind.CPU,
            name=processor_name(),
            usable_by=use.usable_by,
            note=cores_in_words(psutil.cpu_count() or 1, _allowed_cores(), groups.cores()),
            memory_total_bytes=min(total, int(memory.amount)) if memory else total,
            obstacles=use.obstacles,
            details=DeviceDetails(highest_clock_mhz=highest_clock()),
        )
    ]


def reader(device: Device) -> "Reader":
    """Return what reads the processor."""
    return Reader(device)


@functools.cache
def processor_name(file: Path = CPUINFO) -> str:
    """Return what the processor calls itself, or its architecture where it does not say (most ARM)."""
    for row in (files.text(file) or "").splitlines():
        key, _, value = row.partition(":")
        if key.strip() in {"model name", "Model", "cpu model"} and value.strip():
            return clean(value.strip(), 60)
    return clean(f"{platform.machine() or 'unknown'} processor", 60)


def cores_in_words(cores: int, allowed: int, quota: cgroup.Limit | None) -> str:
    """Return how many cores there are, and how many of them are granted where that is less."""
    granted = min(allowed, quota.amount) if quota else allowed
    if granted < cores:
        reason = "by its cgroup" if granted < allowed else "by its CPU affinity"
        return f"{cores} cores, limited to {granted:g} {reason}"
    return "1 core" if cores == 1 else f"{cores} cores"


class Reader:
    """Reads the processor: how busy it was since the last reading, its memory, its temperature, what holds it back."""

    def __init__(self, device: Device) -> None:
        self._device = device
        groups = cgroup.groups()
        # A limit above what the machine has limits nothing.
        self._quota = _below(groups.cores(), psutil.cpu_count() or 1)
        self._memory = _below(groups.memory_bytes(), psutil.virtual_memory().total)
        self._sensor = temperature_sensor()
        self._clocks = clock_files()
        self._throttles = throttle_files()
        self._held_back = Rate()
        self._too_hot = Rate()
        self._last = self._busy()

    def read(self, now: float) -> Device:
        """Return the processor as it is."""
        busy = self._busy()
        utilisation = share(self._last, busy)
        self._last = busy
        return msgspec.structs.replace(
            self._device,
            at=now,
            utilisation=utilisation,
            memory_used_bytes=self._memory_used(),
            temperature_c=celsius.read(self._sensor) if self._sensor else None,
            details=self._details(),
        )

    def close(self) -> None:
        """Nothing is held open between readings."""

    def _details(self) -> DeviceDetails:
        held_back = self._held_back.of(cgroup.held_back_seconds(self._quota)) if self._quota else None
        total, free = (memory_row(name) for name in ("SwapTotal:", "SwapFree:"))
        return msgspec.structs.replace(
            self._device.details,
            clock_mhz=mean_clock(self._clocks),
            slowed_by=self._slowed_by(held_back),
            held_back=None if held_back is None else min(1.0, held_back),
            load=_load(),
            swap_total_bytes=total,
            swap_used_bytes=None if total is None or free is None else max(0, total - free),
            pressure=self._pressure(),
        )

    def _slowed_by(self, held_back: float | None) -> tuple[str, ...] | None:
        counts = [count for file in self._throttles if (count := files.number(file)) is not None]
        heat = self._too_hot.of(sum(counts) if counts else None)
        if heat is None and held_back is None:
            return None
        reasons = {"heat": heat, "its control group's quota": held_back}
        return tuple(words for words, grown in reasons.items() if grown)

    def _pressure(self) -> Pressure | None:
        limit = self._memory or self._quota
        return (pressure.of_group(limit.folder) if limit else None) or pressure.of_machine()

    def _busy(self) -> Busy | None:
        if self._quota is not None:
            used = cgroup.cpu_seconds(self._quota)
            return None if used is None else Busy(used, time.monotonic() * self._quota.amount)
        return _machine_busy()

    def _memory_used(self) -> int | None:
        if self._memory is not None:
            return cgroup.memory_used(self._memory)
        memory = psutil.virtual_memory()
        return memory.total - memory.available


def _below(limit: cgroup.Limit | None, machine: float) -> cgroup.Limit | None:
    return limit if limit is not None and limit.amount < machine else None


def share(before: Busy | None, after: Busy | None) -> float | None:
    """Return how much of the time in between was used, 0 to 1, or ``None`` where it cannot be known."""
    if before is None or after is None or after.offered <= before.offered:
        return None
    # A group may use a little more than its quota within one period, and counters tick unevenly.
    return min(1.0, max(0.0, (after.used - before.used) / (after.offered - before.offered)))


def _machine_busy() -> Busy:
    times = psutil.cpu_times()._asdict()
    # Linux counts the time of virtual machines within user time as well.
    total = sum(times.values()) - times.get("guest", 0.0) - times.get("guest_nice", 0.0)
    return Busy(total - times["idle"] - times.get("iowait", 0.0), total)


def _allowed_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else psutil.cpu_count() or 1


def _load() -> tuple[float, float, float] | None:
    try:
        return os.getloadavg()
    except OSError:  # the kernel does not tell
        return None


def memory_row(name: str, file: Path = MEMINFO) -> int | None:
    """Return a row of ``/proc/meminfo`` in bytes."""
    for row in (files.text(file) or "").splitlines():
        words = row.split()
        if words[:1] == [name] and words[1].isdigit():
            return int(words[1]) * KIB
    return None


def clock_files(cpus: Path = CPUS) -> list[Path]:
    """Return the files that tell how fast some cores run now; empty where the machine does not tell (most virtual ones)."""
    found = sorted(cpus.glob("cpu[0-9]*/cpufreq/scaling_cur_freq"))
    step = max(1, len(found) // CLOCKS_READ)
    return found[::step][:CLOCKS_READ]


def mean_clock(clocks: list[Path]) -> float | None:
    """Return how fast the cores run now, on average, in MHz (the files hold kHz)."""
    found = [kilohertz for file in clocks if (kilohertz := files.number(file))]
    return sum(found) / len(found) / 1000 if found else None


def highest_clock(cpus: Path = CPUS) -> float | None:
    """Return the highest frequency that any core is made for, in MHz."""
    found = [files.number(file) for file in cpus.glob("cpu[0-9]*/cpufreq/cpuinfo_max_freq")]
    return max((kilohertz / 1000 for kilohertz in found if kilohertz), default=None)


def throttle_files(cpus: Path = CPUS) -> list[Path]:
    """Return the files that count how often the packages slowed down because of heat, one of each package.

    Every core of a package shows the same number for it.
    """
    packages: dict[str, Path] = {}
    for file in sorted(cpus.glob("cpu[0-9]*/thermal_throttle/package_throttle_count")):
        package = files.line(file.parents[1] / "topology" / "physical_package_id") or ""
        packages.setdefault(package, file)
    return list(packages.values())


def temperature_sensor(hwmon: Path = HWMON, thermal: Path = THERMAL) -> Path | None:
    """Return the file with the processor's temperature, or ``None`` where the machine shows none."""
    for chip in sorted(hwmon.glob("hwmon*")):
        if files.line(chip / "name") in HWMON_DRIVERS and (chip / "temp1_input").exists():
            return chip / "temp1_input"
    for zone in sorted(thermal.glob("thermal_zone*")):
        kind = files.line(zone / "type") or ""
        if kind == "x86_pkg_temp" or kind.startswith("cpu"):
            return zone / "temp"
    return None
