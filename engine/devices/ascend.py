"""Huawei's Ascend NPUs, named by their place on the bus; how busy they are, only their maker's tool tells.

Any processing accelerator of Huawei's on PCI is an Ascend.
"""

from collections.abc import Iterator

from engine.devices import hardware, named
from engine.devices.named import Seen
from storage.records import Device
from storage.vocabulary import DeviceKind

VENDOR = "0x19e5"
ACCELERATORS = ("0x1200",)

KIND = "cann"

NOTE = "how busy it is, only its maker's tool tells (npu-smi info)"


def detect() -> list[Device]:
    """Return the NPUs on the bus."""
    return named.devices(KIND, _seen())


def reader(device: Device) -> hardware.Reader:
    """Return what sees whether an NPU is still there."""
    return named.reader(device, _seen())


def _seen() -> Iterator[Seen]:
    for number, folder in enumerate(hardware.on_pci(VENDOR, ACCELERATORS)):
        name = hardware.pci_name(folder, "Huawei Ascend")
        yield Seen(name, DeviceKind.NPU, folder, hardware.DEV / f"davinci{number}", NOTE)
