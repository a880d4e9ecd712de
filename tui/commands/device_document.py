"""What ``devices --json`` prints of a device: the contract's fields first, then everything else that it tells."""

from datetime import UTC, datetime

import msgspec

from storage.device_details import DeviceProcess, DriverError, Obstacle, Partition, Pressure
from storage.records import Device
from storage.vocabulary import DeviceKind
from storage.xids import xid


class DriverErrorDocument(msgspec.Struct, frozen=True):
    """Errors of one number that a driver reported (NVIDIA's Xid)."""

    number: int
    meaning: str
    count: int
    at: datetime
    """When the latest was heard of."""


class DeviceDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``devices``: one device with its latest reading; ``null`` where it does not expose one."""

    id: str
    kind: DeviceKind
    name: str
    utilisation: float | None
    memory_used_bytes: int | None
    memory_total_bytes: int | None
    usable_by: tuple[str, ...]
    note: str
    unusable_by: tuple[Obstacle, ...]
    """Each other runtime with its reason and the command that helps, where one does."""
    at: datetime | None
    """When it was read."""
    temperature_c: float | None
    power_w: float | None
    power_limit_w: float | None
    clock_mhz: float | None
    highest_clock_mhz: float | None
    memory_clock_mhz: float | None
    memory_utilisation: float | None
    slowed_by: tuple[str, ...] | None
    corrected_errors: int | None
    uncorrected_errors: int | None
    driver_errors: tuple[DriverErrorDocument, ...] | None
    """Within a day, while the engine listened; ``null`` where its driver tells of none."""
    processes: tuple[DeviceProcess, ...] | None
    partitions: tuple[Partition, ...]
    asleep: bool
    load: tuple[float, float, float] | None
    swap_used_bytes: int | None
    swap_total_bytes: int | None
    pressure: Pressure | None
    held_back: float | None
    address: str
    driver: str


MADE = frozenset({"at", "unusable_by", "driver_errors"})


def device_document(device: Device) -> DeviceDocument:
    """Return what ``devices`` says of a device."""
    told = {
        name: getattr(device if name in device.__struct_fields__ else device.details, name)
        for name in DeviceDocument.__struct_fields__
        if name not in MADE
    }
    at = None if device.at is None else datetime.fromtimestamp(device.at, UTC)
    errors = device.details.driver_errors
    heard = None if errors is None else tuple(map(_error_document, errors))
    return DeviceDocument(**told, at=at, unusable_by=device.obstacles, driver_errors=heard)


def _error_document(error: DriverError) -> DriverErrorDocument:
    at = datetime.fromtimestamp(error.at, UTC)
    return DriverErrorDocument(error.number, xid(error.number).meaning, error.count, at)


class DeviceHistoryDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``history --device``: what a reading was in one stretch of time."""

    at: datetime
    """When the stretch begins."""
    device: str
    reading: str
    step_s: float | None
    """How long it is; ``None`` for a single reading."""
    n: int
    min: float
    mean: float
    max: float
    p50: float
    p90: float
    p99: float
