"""Devices as they were at an earlier moment: from the readings themselves, else from the minute, hour or day around it."""

import sqlite3

from msgspec.structs import replace

from storage.device_details import DeviceDetails
from storage.records import Device
from storage.tables import devices, rollups

AROUND = {rollups.RAW: "", rollups.MINUTE: "minute", rollups.HOUR: "hour", rollups.DAY: "day"}
"""What a reading is the mean of, finest first."""

NEAR_S = 60.0
"""A reading this old still tells of the moment: devices are read once a minute at the least."""

JUST_BEYOND_S = 1e-3
"""Stretches of time leave their end out; the moment itself belongs to it."""


def devices_at(connection: sqlite3.Connection, at: float) -> list[Device]:
    """Return the devices that are known now, each with its readings of a moment; which others there were is not recorded."""
    return [_device(connection, device, at) for device in devices.read(connection)]


def read_near(connection: sqlite3.Connection, at: float) -> bool:
    """Whether any device was read within a minute of a moment: somebody was at work then."""
    return any(
        _buckets(connection, device.id, reading, level, at)
        for device in devices.read(connection)
        for reading in devices.SAMPLE
        for level in (rollups.RAW, rollups.MINUTE)
    )


def _device(connection: sqlite3.Connection, device: Device, at: float) -> Device:
    bare = replace(
        device,
        at=None,
        utilisation=None,
        memory_used_bytes=None,
        temperature_c=None,
        power_w=None,
        history=(),
        details=DeviceDetails(),
        note="not recorded",
    )
    for level, word in AROUND.items():
        found = {reading: _buckets(connection, device.id, reading, level, at) for reading in devices.SAMPLE}
        latest = {reading: buckets[-1].mean for reading, buckets in found.items() if buckets}
        if latest:
            memory = latest.get("memory_used_bytes")
            return replace(
                bare,
                at=at,
                utilisation=latest.get("utilisation"),
                memory_used_bytes=None if memory is None else round(memory),
                temperature_c=latest.get("temperature_c"),
                power_w=latest.get("power_w"),
                history=tuple(bucket.mean for bucket in found["utilisation"]) if level == rollups.RAW else (),
                note=f"the mean of that {word}" if word else device.note,
            )
    return bare


def _buckets(
    connection: sqlite3.Connection, device_id: str, reading: str, level: int, at: float
) -> list[rollups.Bucket]:
    since = at - NEAR_S if level == rollups.RAW else at
    return rollups.read(connection, device_id, reading, level=level, since=since, until=at + JUST_BEYOND_S)[
        -devices.HISTORY_POINTS :
    ]
