"""What one NVIDIA card tells through NVML: its figures, what slows it down, who uses it, how it is divided.

Units are NVML's own (percent, bytes, milliwatts, MHz) and are turned into ours here. What a card, a driver or a user's
rights do not give is ``None``. An error of a main figure passes to the asker; one of the rest costs no more than itself.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, TypeVar

import msgspec

from engine.devices import xid
from engine.devices.nvml import exposed, optional, text
from storage.device_details import DeviceDetails, DeviceProcess, Partition
from storage.records import Device
from storage.text import clean

COLDEST_C = -40
HOTTEST_C = 150
MOST_W = 10_000
MOST_MHZ = 100_000
"""Readings beyond these are a failing card's, not heat, power or frequency."""

SAMPLES_S = 2.0
"""How far back the driver's own samples of its processes are asked for: it takes some a second."""

REASONS = {
    "SwPowerCap": "its power limit",
    "HwSlowdown": "a hardware slowdown",
    "SyncBoost": "another card in its group",
    "SwThermalSlowdown": "heat",
    "HwThermalSlowdown": "heat beyond the hardware's limit",
    "HwPowerBrakeSlowdown": "the power supply",
    "ApplicationsClocksSetting": "a limit that was set on its clocks",
    "DisplayClockSetting": "a display's clocks",
}
"""By the end of NVML's name (``nvmlClocksThrottleReason...``). That a card has nothing to do is no slowdown."""

MIG_ON = 1

Number = TypeVar("Number", int, float)


def read(nvml: Any, handle: Any, device: Device, now: float) -> Device:
    """Return a card with its readings."""
    busy = exposed(nvml, lambda: nvml.nvmlDeviceGetUtilizationRates(handle))
    held = memory(nvml, handle)
    heat = exposed(nvml, lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))
    power = exposed(nvml, lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000)
    doubts: list[str] = []
    utilisation = _plausible("utilisation", busy.gpu if busy else None, 0, 100, doubts)
    used = _plausible("memory use", held.used, 0, held.total, doubts) if held else None
    details = _details(nvml, handle, device.details, now, doubts)
    if busy and busy.memory <= 100:
        details = msgspec.structs.replace(details, memory_utilisation=busy.memory / 100)
    return msgspec.structs.replace(
        device,
        utilisation=None if utilisation is None else utilisation / 100,
        memory_used_bytes=used,
        temperature_c=_plausible("temperature", heat, COLDEST_C, HOTTEST_C, doubts),
        power_w=_plausible("power", power, 0, MOST_W, doubts),
        note=f"NVML reports an impossible {' and '.join(doubts)}" if doubts else device.note,
        details=details,
    )


def memory(nvml: Any, handle: Any) -> Any:
    """Return a card's memory: total, and what is used of it apart from what the driver keeps for itself.

    Drivers before 510 count what they keep as used.
    """
    told = exposed(nvml, lambda: nvml.nvmlDeviceGetMemoryInfo(handle, nvml.nvmlMemory_v2))
    return told or exposed(nvml, lambda: nvml.nvmlDeviceGetMemoryInfo(handle))


def lasting(nvml: Any, handle: Any) -> DeviceDetails:
    """Return what does not change from one reading to the next."""
    driver = optional(nvml, nvml.nvmlSystemGetDriverVersion)
    cuda = optional(nvml, nvml.nvmlSystemGetCudaDriverVersion_v2)
    words = f"NVIDIA {clean(text(driver), 20)}" if driver else ""
    return DeviceDetails(
        deaf=xid.deaf(nvml, handle),
        driver=words + (f", CUDA {cuda // 1000}.{cuda % 1000 // 10}" if cuda else ""),
        highest_clock_mhz=_clock(
            optional(nvml, lambda: nvml.nvmlDeviceGetMaxClockInfo(handle, nvml.NVML_CLOCK_SM))
        ),
    )


def _details(nvml: Any, handle: Any, known: DeviceDetails, now: float, doubts: list[str]) -> DeviceDetails:
    clock = optional(nvml, lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM))
    memory_clock = optional(nvml, lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM))
    limit = optional(nvml, lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1000)
    return msgspec.structs.replace(
        known,
        clock_mhz=_plausible("clock", _clock(clock), 0, MOST_MHZ, doubts),
        memory_clock_mhz=_plausible("memory clock", _clock(memory_clock), 0, MOST_MHZ, doubts),
        power_limit_w=_plausible("power limit", limit, 0, MOST_W, doubts),
        slowed_by=_slowed_by(nvml, handle),
        corrected_errors=_errors(nvml, handle, nvml.NVML_MEMORY_ERROR_TYPE_CORRECTED),
        uncorrected_errors=_errors(nvml, handle, nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED),
        processes=_processes(nvml, handle, now),
        partitions=tuple(_partition(nvml, part) for part in partitions(nvml, handle)),
    )


def _clock(megahertz: int | None) -> float | None:
    return None if megahertz is None else float(megahertz)


def _slowed_by(nvml: Any, handle: Any) -> tuple[str, ...] | None:
    told = optional(nvml, lambda: nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle))
    if told is None:
        return None
    return tuple(
        words for name, words in REASONS.items() if told & getattr(nvml, f"nvmlClocksThrottleReason{name}")
    )


def _errors(nvml: Any, handle: Any, kind: int) -> int | None:
    """Return the errors of its memory since the driver was loaded."""
    count = optional(nvml, lambda: nvml.nvmlDeviceGetTotalEccErrors(handle, kind, nvml.NVML_VOLATILE_ECC))
    return None if count is None else int(count)


def _processes(nvml: Any, handle: Any, now: float) -> tuple[DeviceProcess, ...] | None:
    """Return who computes or draws on a card, by number; a container may see none of them."""
    computing = optional(nvml, lambda: nvml.nvmlDeviceGetComputeRunningProcesses(handle))
    drawing = optional(nvml, lambda: nvml.nvmlDeviceGetGraphicsRunningProcesses(handle))
    if computing is None and drawing is None:
        return None
    since_us = int((now - SAMPLES_S) * 1e6)
    samples = optional(nvml, lambda: nvml.nvmlDeviceGetProcessUtilization(handle, since_us))
    latest = {sample.pid: sample for sample in sorted(samples or [], key=lambda sample: sample.timeStamp)}
    held = {one.pid: one.usedGpuMemory for one in [*(drawing or []), *(computing or [])]}
    return tuple(
        DeviceProcess(
            pid,
            None if held[pid] is None else int(held[pid]),
            latest[pid].smUtil / 100 if pid in latest and latest[pid].smUtil <= 100 else None,
        )
        for pid in sorted(held)
    )


def partitions(nvml: Any, handle: Any) -> Iterator[Any]:
    """Return the handles of the instances that a card is divided into (MIG)."""
    mode = optional(nvml, lambda: nvml.nvmlDeviceGetMigMode(handle))
    if not mode or mode[0] != MIG_ON:
        return
    for number in range(optional(nvml, lambda: nvml.nvmlDeviceGetMaxMigDeviceCount(handle)) or 0):
        part = optional(nvml, partial(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, number))
        if part is not None:
            yield part


def _partition(nvml: Any, part: Any) -> Partition:
    name = optional(nvml, lambda: nvml.nvmlDeviceGetName(part))
    held = memory(nvml, part)
    return Partition(
        clean(text(name), 60) if name else "MIG instance",
        int(held.used) if held and 0 <= held.used <= held.total else None,
        int(held.total) if held else None,
    )


def _plausible(
    name: str, value: Number | None, least: float, most: float, doubts: list[str]
) -> Number | None:
    if value is None or least <= value <= most:
        return value
    doubts.append(name)
    return None
