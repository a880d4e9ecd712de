"""Accelerators that no other family knows: the kernel lists them, and their driver is all that is known of them."""

from collections.abc import Iterator

from engine.devices import amd_npu, apple, hardware, intel_npu, named, qualcomm
from engine.devices.named import Seen
from storage.records import Device
from storage.vocabulary import DeviceKind

KNOWN = amd_npu.DRIVERS | apple.ENGINES | intel_npu.DRIVERS | qualcomm.CARDS

KIND = "accel"


def detect() -> list[Device]:
    """Return the accelerators of unknown drivers."""
    return named.devices(KIND, _seen())


def reader(device: Device) -> hardware.Reader:
    """Return what sees whether an accelerator is still there."""
    return named.reader(device, _seen())


def _seen() -> Iterator[Seen]:
    for member in hardware.members("accel", "accel"):
        driver = hardware.driver(member.folder)
        if driver not in KNOWN:
            name = f"accelerator of the driver {driver}" if driver else "accelerator without a driver"
            yield Seen(name, DeviceKind.NPU, member.folder, hardware.accelerator_node(member))
