"""What an examination finds, as frozen records; the fields are what ``doctor --json`` prints."""

import msgspec

from storage.device_details import Obstacle
from storage.records import Device
from storage.vocabulary import Condition, DeviceKind, Layer, LayerState


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    name: str
    status: Condition
    detail: str
    fix: str = ""
    """What mends it, a command where there is one; empty where nothing needs mending."""


class DeviceFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A device with its present reading; ``None`` where not exposed."""

    id: str
    kind: DeviceKind
    name: str
    utilisation: float | None
    memory_used_bytes: int | None
    memory_total_bytes: int | None
    usable_by: tuple[str, ...]
    note: str
    unusable_by: tuple[Obstacle, ...]

    @classmethod
    def of(cls, device: Device) -> "DeviceFigures":
        """Return the figures of a device."""
        same = (name for name in cls.__struct_fields__ if name != "unusable_by")
        return cls(**{name: getattr(device, name) for name in same}, unusable_by=device.obstacles)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was found."""

    ok: bool
    """Whether nothing is wrong that keeps modeltender from its work."""
    checks: tuple[Check, ...]
    python: str
    frameworks: dict[str, str]
    """Versions of what is installed, by distribution."""
    devices: tuple[DeviceFigures, ...]
    sandbox: dict[Layer, LayerState]


def fine(name: str, detail: str) -> Check:
    """Return a check that found nothing to mend."""
    return Check(name=name, status=Condition.OK, detail=detail)


def warning(name: str, detail: str, fix: str) -> Check:
    """Return a check that found something to know about."""
    return Check(name=name, status=Condition.WARNING, detail=detail, fix=fix)


def problem(name: str, detail: str, fix: str) -> Check:
    """Return a check that found something that must be mended."""
    return Check(name=name, status=Condition.PROBLEM, detail=detail, fix=fix)
