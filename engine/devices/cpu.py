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

from engine.devices import cgroup, support
from engine.runtimes import RUNTIMES
from storage.records import Device
from storage.text import clean
from storage.vocabulary import DeviceKind

CPUINFO = Path("/proc/cpuinfo")
HWMON = Path("/sys/class/hwmon")
THERMAL = Path("/sys/class/thermal")

HWMON_DRIVERS = frozenset({"coretemp", "k10temp", "zenpower", "cpu_thermal"})
"""The kernel drivers whose first temperature is the processor's, not a disk's or a board's."""

HOTTEST_C = 150.0
COLDEST_C = -40.0
"""Outside of these a sensor is broken or not wired: processors switch themselves off long before."""


class Busy(NamedTuple):
    """Processor time that was used, of how much there was, since some moment."""

    used: float
    offered: float


def detect() -> list[Device]:
    """Return the processor with its memory."""
    groups = cgroup.groups()
    memory = groups.memory_bytes()
    total = psutil.virtual_memory().total
    return [
        Device(
            id="cpu",
            kind=DeviceKind.CPU,
            name=processor_name(),
            usable_by=tuple(spec.name for spec in RUNTIMES if support.complete(spec)),
            note=cores_in_words(psutil.cpu_count() or 1, _allowed_cores(), groups.cores()),
            memory_total_bytes=min(total, int(memory.amount)) if memory else total,
        )
    ]


@functools.cache
def processor_name(file: Path = CPUINFO) -> str:
    """Return what the processor calls itself, or its architecture where it does not say (most ARM)."""
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:  # not Linux
        lines = []
    for line in lines:
        key, _, value = line.partition(":")
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
    """Reads the processor: how busy it was since the last reading, its memory, its temperature."""

    def __init__(self, device: Device) -> None:
        self._device = device
        groups = cgroup.groups()
        # A limit above what the machine has limits nothing.
        self._quota = _below(groups.cores(), psutil.cpu_count() or 1)
        self._memory = _below(groups.memory_bytes(), psutil.virtual_memory().total)
        self._sensor = temperature_sensor()
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
            temperature_c=celsius(self._sensor) if self._sensor else None,
        )

    def close(self) -> None:
        """Nothing is held open between readings."""

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


def temperature_sensor(hwmon: Path = HWMON, thermal: Path = THERMAL) -> Path | None:
    """Return the file with the processor's temperature, or ``None`` where the machine shows none."""
    for chip in sorted(hwmon.glob("hwmon*")):
        if _line(chip / "name") in HWMON_DRIVERS and (chip / "temp1_input").exists():
            return chip / "temp1_input"
    for zone in sorted(thermal.glob("thermal_zone*")):
        kind = _line(zone / "type") or ""
        if kind == "x86_pkg_temp" or kind.startswith("cpu"):
            return zone / "temp"
    return None


def celsius(sensor: Path) -> float | None:
    """Return a sensor's temperature (the file holds thousandths), or ``None`` where it gives nothing sensible."""
    try:
        degrees = int(_line(sensor) or "") / 1000
    except ValueError:
        return None
    return degrees if COLDEST_C < degrees < HOTTEST_C else None


def _line(file: Path) -> str | None:
    try:
        return file.read_text().strip()
    except OSError:  # sensors come and go with their drivers; a missing one is simply not exposed
        return None
