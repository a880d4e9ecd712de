"""Apple's GPUs and neural engines, named where Linux sees them."""

from collections.abc import Iterator

from engine.devices import hardware, named
from engine.devices.named import Seen
from storage.records import Device
from storage.vocabulary import DeviceKind

GRAPHICS = frozenset({"asahi"})
ENGINES = frozenset({"ane"})

KIND = "apple"


def detect() -> list[Device]:
    """Return what is here of Apple's."""
    return named.devices(KIND, _seen())


def reader(device: Device) -> hardware.Reader:
    """Return what sees whether a device is still there."""
    return named.reader(device, _seen())


def _seen() -> Iterator[Seen]:
    for member in hardware.members("drm", "card", GRAPHICS):
        yield Seen("Apple GPU", DeviceKind.GPU, member.folder, hardware.render_node(member.folder))
    for member in hardware.members("accel", "accel", ENGINES):
        yield Seen("Apple Neural Engine", DeviceKind.NPU, member.folder, hardware.accelerator_node(member))
