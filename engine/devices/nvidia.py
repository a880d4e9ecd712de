"""NVIDIA GPUs, read through NVML.

Owns the numbering (``cuda:0`` is what CUDA calls so with ``CUDA_DEVICE_ORDER=PCI_BUS_ID``, among the devices
that ``CUDA_VISIBLE_DEVICES`` leaves), and what is said of a GPU that NVML cannot tell of. No GPU: no device, and
no complaint.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from engine.devices import cuda, files, hardware, nvidia_card, usability, xid
from engine.devices.nvml import NvmlError, Session, text
from engine.devices.usability import Use
from storage.device_details import DeviceDetails
from storage.records import Device
from storage.text import clean
from storage.vocabulary import DeviceKind

PROC = Path("/proc/driver/nvidia/gpus")
"""Where the kernel driver lists its GPUs, whether or not NVML can be used."""

KIND = "cuda"

VENDOR = "0x10de"
GPUS = ("0x0300", "0x0302")
"""Classes of PCI devices: those with an output for a screen, and those without."""

CONTROL = "nvidiactl"
"""The node that every program on a GPU opens first; a container that was not given the GPU lacks it."""

DIVIDED = "divided into instances (MIG), which run programs that name one in CUDA_VISIBLE_DEVICES"

OPEN_S = 5.0
"""A driver without persistence mode wakes each GPU first, which takes a second or two."""

READ_S = 0.4
"""Readings take milliseconds; a driver that needs longer is in trouble, and the next sample must not wait for it."""

session = Session()


def detect() -> list[Device]:
    """Return the GPUs that CUDA programs of this user see, or those that are here and cannot be used."""
    try:
        devices = session.ask(_detect, OPEN_S)
    except NvmlError as error:
        return _without_nvml(str(error))
    if not devices:
        return []
    use = usability.use(KIND, cuda.JUDGES)
    return [msgspec.structs.replace(one, usable_by=use.usable_by, obstacles=use.obstacles) for one in devices]


def reader(device: Device) -> "Reader":
    """Return what reads a GPU."""
    return Reader(device)


class Reader:
    """Reads one GPU; a sensor that fails reads ``None``, and a GPU that fails says so in its note."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._listener = xid.Listener()

    def read(self, now: float) -> Device:
        """Return the GPU as it is."""
        device = msgspec.structs.replace(self._device, at=now)
        try:
            return session.ask(lambda nvml: _read(nvml, device, self._listener, now), READ_S)
        except NvmlError as error:
            return msgspec.structs.replace(device, note=str(error))

    def close(self) -> None:
        """Stop listening; the connection to NVML is shared by all GPUs and stays open for as long as the process lives."""
        with suppress(NvmlError):  # without NVML nothing is listened to
            session.ask(lambda nvml: self._listener.close(nvml, session.opening), READ_S)


def _detect(nvml: Any) -> list[Device]:
    return [_identify(nvml, number, index) for number, index in enumerate(visible(nvml))]


def _identify(nvml: Any, number: int, index: int) -> Device:
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        name = text(nvml.nvmlDeviceGetName(handle))
        held = nvidia_card.memory(nvml, handle)
        details = nvidia_card.lasting(nvml, handle)
        divided = any(True for _part in nvidia_card.partitions(nvml, handle))
    except nvml.NVMLError as error:
        # One GPU that fell off its bus must not hide the others.
        return _device(number, "NVIDIA GPU", note=f"NVML: {clean(str(error), 120)}")
    note = DIVIDED if divided else ""
    return _device(number, name, note=note, total=held.total if held else None, details=details)


def _device(
    number: int,
    name: str,
    *,
    note: str = "",
    total: int | None = None,
    use: Use | None = None,
    details: DeviceDetails | None = None,
) -> Device:
    return Device(
        id=f"{KIND}:{number}",
        kind=DeviceKind.GPU,
        name=clean(name, 60),
        usable_by=use.usable_by if use else (),
        note=note,
        memory_total_bytes=total,
        obstacles=use.obstacles if use else (),
        details=details or DeviceDetails(),
    )


def _read(nvml: Any, device: Device, listener: xid.Listener, now: float) -> Device:
    number = int(device.id.partition(":")[2])
    indices = visible(nvml)
    if number >= len(indices):
        return msgspec.structs.replace(device, note=hardware.GONE)
    handle = nvml.nvmlDeviceGetHandleByIndex(indices[number])
    # Before its figures: a card that is about to be lost may not give them any more.
    heard = listener.told(nvml, handle, device.details, session.opening, now)
    return nvidia_card.read(nvml, handle, msgspec.structs.replace(device, details=heard), now)


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
    """Return the GPU that a UUID names, or the one of which it names an instance."""
    if not beginning.startswith(("GPU-", "MIG-")):
        return None
    for index in range(count):
        with suppress(nvml.NVMLError):  # a lost GPU has no UUID to match
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            parts = nvidia_card.partitions(nvml, handle) if beginning.startswith("MIG-") else [handle]
            if any(text(nvml.nvmlDeviceGetUUID(part)).startswith(beginning) for part in parts):
                return index
    return None


def _without_nvml(why: str) -> list[Device]:
    """Return the GPUs that the kernel driver holds, or else those that no driver of NVIDIA's holds."""
    held = names_from_proc(PROC)
    if held:
        use = usability.use(KIND, cuda.JUDGES, nodes=(hardware.DEV / CONTROL,))
        return [_device(number, name, note=why, use=use) for number, name in enumerate(held)]
    found = []
    for number, folder in enumerate(hardware.on_pci(VENDOR, GPUS)):
        holder = hardware.driver(folder)
        why = f"the driver {holder} holds it" if holder else "no driver holds it"
        hint = "CUDA needs NVIDIA's own driver; a container needs the option --gpus all"
        use = usability.use(KIND, cuda.JUDGES, nodes=(hardware.DEV / CONTROL,))
        details = DeviceDetails(address=hardware.address(folder), driver=holder)
        name = hardware.pci_name(folder, "NVIDIA")
        found.append(_device(number, name, note=f"{why}: {hint}", use=use, details=details))
    return found


def names_from_proc(folder: Path) -> list[str]:
    """Return the names of the GPUs that the kernel driver holds, in the order of their bus addresses."""
    names = []
    for file in sorted(folder.glob("*/information")):
        told = files.text(file)
        if told is not None:  # else it was unplugged a moment ago
            fields = dict(row.partition(":")[::2] for row in told.splitlines())
            names.append(fields.get("Model", "").strip() or "NVIDIA GPU")
    return names
