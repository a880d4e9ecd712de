"""AMD's NPUs (XDNA), as the kernel's driver ``amdxdna`` names them; it tells nothing of their use."""

from collections.abc import Iterator

from engine.devices import files, hardware, named
from engine.devices.named import Seen
from storage.records import Device
from storage.vocabulary import DeviceKind

DRIVERS = frozenset({"amdxdna"})

KIND = "xdna"


def detect() -> list[Device]:
    """Return the NPUs that the driver holds."""
    return named.devices(KIND, _seen())


def reader(device: Device) -> hardware.Reader:
    """Return what sees whether an NPU is still there."""
    return named.reader(device, _seen())


def _seen() -> Iterator[Seen]:
    for member in hardware.members("accel", "accel", DRIVERS):
        # The driver's own word for the product, such as RyzenAI-npu5.
        product = files.line(member.folder / "vbnv")
        name = f"AMD {product}" if product else hardware.pci_name(member.folder, "AMD NPU")
        yield Seen(name, DeviceKind.NPU, member.folder, hardware.accelerator_node(member))
