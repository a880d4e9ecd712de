"""Google's Edge TPUs: on PCI or M.2 through the driver ``apex``, which tells their temperature, and on USB.

The driver's files as Google documents them for its Coral boards; the numbers on USB are those of the chip before and
after its first program was loaded into it.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from engine.devices import celsius, files, hardware, named
from engine.devices.named import Seen
from storage.records import Device
from storage.vocabulary import DeviceKind

KIND = "tpu"

ON_USB = frozenset({("1a6e", "089a"), ("18d1", "9302")})


def detect() -> list[Device]:
    """Return the Edge TPUs that are plugged in."""
    return named.devices(KIND, _seen())


def reader(device: Device) -> hardware.Reader:
    """Return what reads an Edge TPU."""
    return named.reader(device, _seen(), look)


def _seen() -> Iterator[Seen]:
    entries = (hardware.SYS / "class" / "apex").glob("apex_*")
    for entry in sorted(entries, key=lambda entry: (len(entry.name), entry.name)):
        node = hardware.DEV / entry.name
        yield Seen("Google Edge TPU", DeviceKind.NPU, entry / "device", node)
    for folder in sorted((hardware.SYS / "bus" / "usb" / "devices").glob("*")):
        numbers = (files.line(folder / "idVendor"), files.line(folder / "idProduct"))
        if numbers in ON_USB:
            yield Seen("Google Edge TPU (USB)", DeviceKind.NPU, folder, _usb_node(folder))


def _usb_node(folder: Path) -> Path:
    """Return the node of a USB device, which is numbered anew each time that it is plugged in."""
    bus, number = (files.number(folder / name) or 0 for name in ("busnum", "devnum"))
    return hardware.DEV / "bus" / "usb" / f"{bus:03d}" / f"{number:03d}"


def look(folder: Path, device: Device) -> Device:
    """Return an Edge TPU with its temperature, where it tells one."""
    found = sorted(folder.glob("apex/apex_*/temp"))
    return msgspec.structs.replace(device, temperature_c=celsius.read(found[0]) if found else None)
