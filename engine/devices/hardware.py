"""What families share that read a device from the kernel's files: finding it, naming it, and reading it again and again.

Owns what may happen to any of them: a device that is unplugged, that sleeps and must not be woken, whose driver hangs or
is reset. A family adds which files tell what. The folder of a device is that of its hardware, where the bus has it.
"""

import functools
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.devices import files
from engine.devices.deadline import Driver, NoAnswerError
from engine.devices.usability import Use
from storage.device_details import DeviceDetails
from storage.records import Device
from storage.text import clean
from storage.vocabulary import DeviceKind

SYS = Path("/sys")
DEV = Path("/dev")

GONE = "is gone"
"""What is said of a device that was unplugged, or taken from the container."""

SILENT = "its driver does not answer"

USE_NOT_EXPOSED = "its driver does not tell how busy it is"

READ_S = 0.4
"""The kernel's files take microseconds; a driver that needs longer is in trouble, and the next sample must not wait."""

PCI_NAMES = (Path("/usr/share/misc/pci.ids"), Path("/usr/share/hwdata/pci.ids"))
"""Where Debian and Fedora keep the names of PCI devices; many containers have neither."""

Look = Callable[[Path, Device], Device]
"""Returns a device with its readings, from the folder of its hardware and what is known of it."""


class Reader:
    """Reads one device through its family's ``look``."""

    def __init__(self, device: Device, folders: Iterable[Path], look: Look) -> None:
        wanted = device.details.address
        self._device = device
        self._folder = next((folder for folder in folders if address(folder) == wanted), None)
        self._look = look
        self._driver = Driver()

    def read(self, now: float) -> Device:
        """Return the device as it is; where it is gone or its driver hangs, the note says so."""
        device = msgspec.structs.replace(self._device, at=now)
        try:
            return self._driver.ask(lambda: self._put(device), READ_S)
        except NoAnswerError:
            return msgspec.structs.replace(device, note=SILENT)

    def close(self) -> None:
        """Nothing is held open between readings."""

    def _put(self, device: Device) -> Device:
        if self._folder is None or not self._folder.exists():
            return msgspec.structs.replace(device, note=GONE)
        if sleeps(self._folder):
            return detailed(device, asleep=True)
        return self._look(self._folder, device)


class Rate:
    """How fast a counter grows from one reading to the next."""

    def __init__(self) -> None:
        self._last: tuple[float, float] | None = None

    def of(self, count: float | None) -> float | None:
        """Return its growth in a second, or ``None`` for the first reading and after a reset."""
        now, before = time.monotonic(), self._last
        self._last = None if count is None else (now, count)
        if count is None or before is None or now <= before[0] or count < before[1]:
            return None
        return (count - before[1]) / (now - before[0])


class Member(NamedTuple):
    """An entry of a class of devices: its number there, and the folder of its hardware."""

    number: int
    folder: Path


def members(kind: str, prefix: str, drivers: frozenset[str] | None = None) -> Iterator[Member]:
    """Return those entries of a class (``drm``, ``accel``) that one of the drivers holds, or all, in their order.

    A card's outputs (``card0-HDMI-A-1``) are no cards.
    """
    numbers = (entry.name.removeprefix(prefix) for entry in (SYS / "class" / kind).glob(f"{prefix}*"))
    for number in sorted(int(number) for number in numbers if number.isdigit()):
        folder = SYS / "class" / kind / f"{prefix}{number}" / "device"
        if drivers is None or driver(folder) in drivers:
            yield Member(number, folder)


def on_pci(vendor: str, classes: tuple[str, ...]) -> Iterator[Path]:
    """Return the folders of a vendor's PCI devices of some classes, in the order of their addresses."""
    for folder in sorted((SYS / "bus" / "pci" / "devices").glob("*")):
        if files.line(folder / "vendor") == vendor and (files.line(folder / "class") or "").startswith(
            classes
        ):
            yield folder


def driver(folder: Path) -> str:
    """Return the name of the driver that holds some hardware, empty where none does."""
    return files.target(folder / "driver")


def address(folder: Path) -> str:
    """Return where hardware is: its address on the bus, or its name in the device tree."""
    return clean(folder.resolve().name, 60)


def sleeps(folder: Path) -> bool:
    """Whether hardware is powered down; to read most of its files would wake it."""
    return files.line(folder / "power" / "runtime_status") == "suspended"


def sensors(folder: Path) -> Path:
    """Return the folder of the hardware's own sensors, which need not be there."""
    found = sorted((folder / "hwmon").glob("hwmon*"))
    return found[0] if found else folder / "hwmon"


def render_node(folder: Path) -> Path:
    """Return the node through which programs compute on a graphics card."""
    names = sorted(node.name for node in (folder / "drm").glob("renderD*"))
    return DEV / "dri" / (names[0] if names else "renderD128")


def accelerator_node(member: Member) -> Path:
    """Return the node through which programs use an accelerator."""
    return DEV / "accel" / f"accel{member.number}"


def share(file: Path) -> float | None:
    """Return a file's percentage as a share of one."""
    percent = files.number(file)
    return percent / 100 if percent is not None and percent <= 100 else None


def scaled(file: Path, divisor: float) -> float | None:
    """Return a file's number in another unit."""
    found = files.number(file)
    return None if found is None else found / divisor


def within(used: int | None, total: int | None) -> int | None:
    """Return what is used of something, or ``None`` where that is more than there is."""
    return used if used is None or total is None or used <= total else None


def detailed(device: Device, **details: object) -> Device:
    """Return a device that tells more."""
    return msgspec.structs.replace(device, details=msgspec.structs.replace(device.details, **details))


def pci_name(folder: Path, vendor: str) -> str:
    """Return what the system's list of PCI devices calls the hardware, or else its vendor and number."""
    numbers = [files.line(folder / name) or "" for name in ("vendor", "device")]
    known = _listed(*(number.removeprefix("0x") for number in numbers))
    return clean(f"{vendor} {known or numbers[1]}".strip(), 60)


@functools.cache
def _listed(vendor: str, number: str) -> str:
    for file in PCI_NAMES:
        _, _, below = (files.text(file) or "").partition(f"\n{vendor}  ")
        for row in below.splitlines()[1:]:
            if not row.startswith(("\t", "#")):
                break
            if row.startswith(f"\t{number}  "):
                return row.split("  ", 1)[1].strip()
    return ""


def device(
    identity: str,
    kind: DeviceKind,
    name: str,
    use: Use,
    *,
    folder: Path,
    note: str = "",
    total: int | None = None,
) -> Device:
    """Return a device without readings."""
    return Device(
        id=identity,
        kind=kind,
        name=clean(name, 60),
        usable_by=use.usable_by,
        note=note,
        memory_total_bytes=total,
        obstacles=use.obstacles,
        details=DeviceDetails(address=address(folder), driver=driver(folder)),
    )
