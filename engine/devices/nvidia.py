"""NVIDIA GPUs, read through NVML.

Owns the numbering (``cuda:0`` is what CUDA calls so with ``CUDA_DEVICE_ORDER=PCI_BUS_ID``, among the devices
that ``CUDA_VISIBLE_DEVICES`` leaves) and every question to the driver, each with a deadline. No library,
no driver, no GPU: no device, and no complaint.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from engine.devices import cuda
from engine.devices.deadline import Driver, NoAnswerError
from engine.runtimes import RUNTIMES
from storage.records import Device
from storage.text import clean
from storage.vocabulary import DeviceKind

PROC = Path("/proc/driver/nvidia/gpus")
"""Where the kernel driver lists its GPUs, whether or not NVML can be used."""

OPEN_S = 5.0
"""A driver without persistence mode wakes each GPU first, which takes a second or two."""

READ_S = 0.4
"""Readings take milliseconds; a driver that needs longer is in trouble, and the next sample must not wait for it."""

COLDEST_C = -40
HOTTEST_C = 150
MOST_W = 10_000
"""Readings beyond these are a failing card's, not heat or power."""

Answer = TypeVar("Answer")


class NvmlError(Exception):
    """NVML cannot tell, in words for a person."""


class Session:
    """One connection to NVML for the whole process, opened when first needed and again after it broke."""

    def __init__(self) -> None:
        self._driver = Driver()
        self._nvml: Any = None

    def ask(self, question: Callable[[Any], Answer], within_s: float) -> Answer:
        """Return the answer to a question that gets the opened NVML module.

        Raises:
            NvmlError: NVML is not there, does not answer in time, or answers with an error.
        """
        try:
            return self._driver.ask(lambda: self._put(question), within_s)
        except NoAnswerError:
            raise NvmlError("the NVIDIA driver does not answer") from None
        except ImportError:
            raise NvmlError("its usage is not exposed: pip install 'modeltender[nvidia]'") from None

    def _put(self, question: Callable[[Any], Answer]) -> Answer:
        import pynvml

        try:
            if self._nvml is None:
                pynvml.nvmlInit()
                self._nvml = pynvml
            return question(pynvml)
        except pynvml.NVMLError as error:
            self._break()
            raise NvmlError(f"NVML: {clean(str(error), 120)}") from None

    def _break(self) -> None:
        """After an error the next question opens NVML anew, which is how a reloaded driver comes back."""
        if self._nvml is not None:
            with suppress(self._nvml.NVMLError):  # the library may be beyond a proper farewell
                self._nvml.nvmlShutdown()
            self._nvml = None


session = Session()


def detect() -> list[Device]:
    """Return the GPUs that CUDA programs of this user see."""
    try:
        devices = session.ask(_detect, OPEN_S)
    except NvmlError as error:
        # Without the library or the driver there is nothing in PROC either, and so no device.
        return [_device(number, name, note=str(error)) for number, name in enumerate(names_from_proc(PROC))]
    usable, note = cuda.support([spec for spec in RUNTIMES if "cuda" in spec.accelerators])
    return [msgspec.structs.replace(device, usable_by=usable, note=device.note or note) for device in devices]


class Reader:
    """Reads one GPU; a sensor that fails reads ``None``, and a GPU that fails says so in its note."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def read(self, now: float) -> Device:
        """Return the GPU as it is."""
        device = msgspec.structs.replace(self._device, at=now)
        try:
            return session.ask(lambda nvml: _read(nvml, device), READ_S)
        except NvmlError as error:
            return msgspec.structs.replace(device, note=str(error))

    def close(self) -> None:
        """The connection to NVML is shared by all GPUs and stays open for as long as the process lives."""


def _detect(nvml: Any) -> list[Device]:
    return [_identify(nvml, number, index) for number, index in enumerate(visible(nvml))]


def _identify(nvml: Any, number: int, index: int) -> Device:
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        name = nvml.nvmlDeviceGetName(handle)
        memory = _exposed(nvml, lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
    except nvml.NVMLError as error:
        # One GPU that fell off its bus must not hide the others.
        return _device(number, "NVIDIA GPU", note=f"NVML: {clean(str(error), 120)}")
    return _device(number, _text(name), total=memory.total if memory else None)


def _device(number: int, name: str, *, note: str = "", total: int | None = None) -> Device:
    return Device(
        id=f"cuda:{number}",
        kind=DeviceKind.GPU,
        name=clean(name, 60),
        usable_by=(),
        note=note,
        memory_total_bytes=total,
    )


def _read(nvml: Any, device: Device) -> Device:
    handle = nvml.nvmlDeviceGetHandleByIndex(visible(nvml)[int(device.id.partition(":")[2])])
    busy = _exposed(nvml, lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    memory = _exposed(nvml, lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
    heat = _exposed(nvml, lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))
    power = _exposed(nvml, lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000)
    doubts: list[str] = []
    utilisation = _plausible("utilisation", busy, 0, 100, doubts)
    used = _plausible("memory use", memory.used, 0, memory.total, doubts) if memory else None
    return msgspec.structs.replace(
        device,
        utilisation=None if utilisation is None else utilisation / 100,
        memory_used_bytes=used,
        temperature_c=_plausible("temperature", heat, COLDEST_C, HOTTEST_C, doubts),
        power_w=_plausible("power", power, 0, MOST_W, doubts),
        note=f"NVML reports an impossible {' and '.join(doubts)}" if doubts else device.note,
    )


def _exposed(nvml: Any, read: Callable[[], Answer]) -> Answer | None:
    """Return a reading, or ``None`` where this card, driver or user does not get it; real trouble passes."""
    try:
        return read()
    except (nvml.NVMLError_NotSupported, nvml.NVMLError_NoPermission, nvml.NVMLError_FunctionNotFound):
        return None


Number = TypeVar("Number", int, float)


def _plausible(
    name: str, value: Number | None, least: float, most: float, doubts: list[str]
) -> Number | None:
    if value is None or least <= value <= most:
        return value
    doubts.append(name)
    return None


def visible(nvml: Any) -> list[int]:
    """Return NVML's numbers of the GPUs that ``CUDA_VISIBLE_DEVICES`` leaves, in CUDA's order.

    As CUDA reads it: numbers or beginnings of UUIDs, and the list ends at the first that names no GPU.
    """
    count = nvml.nvmlDeviceGetCount()
    wanted = os.environ.get("CUDA_VISIBLE_DEVICES")
    if wanted is None:
        return list(range(count))
    indices: list[int] = []
    for word in map(str.strip, wanted.split(",")):
        index = int(word) if word.isdigit() else _with_uuid(nvml, count, word)
        if index is None or index >= count:
            break
        indices.append(index)
    return indices


def _with_uuid(nvml: Any, count: int, beginning: str) -> int | None:
    for index in range(count if beginning.startswith("GPU-") else 0):
        with suppress(nvml.NVMLError):  # a lost GPU has no UUID to match
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            if _text(nvml.nvmlDeviceGetUUID(handle)).startswith(beginning):
                return index
    return None


def names_from_proc(folder: Path) -> list[str]:
    """Return the names of the GPUs that the kernel driver holds, in the order of their bus addresses."""
    names = []
    for file in sorted(folder.glob("*/information")):
        with suppress(OSError):  # unplugged a moment ago
            fields = dict(line.partition(":")[::2] for line in file.read_text().splitlines())
            names.append(fields.get("Model", "").strip() or "NVIDIA GPU")
    return names


def _text(value: str | bytes) -> str:
    """NVML's Python binding gave bytes until version 11.5."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value
