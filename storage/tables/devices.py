"""Devices and their readings."""

import sqlite3

import msgspec

from storage.device_details import DeviceDetails, Obstacle
from storage.records import Device
from storage.vocabulary import DeviceKind

HISTORY_POINTS = 60
"""Readings that the console draws: one minute at the usual rate."""

SAMPLE = ("utilisation", "memory_used_bytes", "temperature_c", "power_w")


def replace(connection: sqlite3.Connection, devices: list[Device]) -> None:
    """Record which devices there are; those that went keep no row, only their readings."""
    kept = [device.id for device in devices]
    connection.execute(f"DELETE FROM devices WHERE id NOT IN ({', '.join('?' * len(kept))})", kept)  # noqa: S608 - placeholders only
    for device in devices:
        connection.execute(
            "INSERT INTO devices (id, kind, name, usable_by, note, memory_total_bytes, obstacles, details) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name, usable_by = excluded.usable_by, "
            "note = excluded.note, memory_total_bytes = excluded.memory_total_bytes, obstacles = excluded.obstacles",
            (
                device.id,
                device.kind,
                device.name,
                msgspec.json.encode(device.usable_by).decode(),
                device.note,
                device.memory_total_bytes,
                msgspec.json.encode(device.obstacles).decode(),
                msgspec.json.encode(device.details).decode(),
            ),
        )


def add_samples(connection: sqlite3.Connection, devices: list[Device]) -> None:
    """Record the readings of the devices that have one (``at`` set); a device that is not recorded is left out.

    What is told in `DeviceDetails` is kept of the latest reading only.
    """
    read = [device for device in devices if device.at is not None]
    connection.executemany(
        "INSERT OR REPLACE INTO device_samples (device_id, at, utilisation, memory_used_bytes, temperature_c, power_w) "
        "SELECT ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM devices WHERE id = ?)",
        [(device.id, device.at, *(getattr(device, name) for name in SAMPLE), device.id) for device in read],
    )
    connection.executemany(
        "UPDATE devices SET details = ? WHERE id = ?",
        [
            (msgspec.json.encode(device.details).decode(), device.id)
            for device in {device.id: device for device in read}.values()
        ],
    )


def read(connection: sqlite3.Connection) -> list[Device]:
    """Return the devices, processors first, each with its latest readings."""
    rows = connection.execute("SELECT * FROM devices ORDER BY kind, id").fetchall()
    return [_device(connection, row) for row in rows]


def _device(connection: sqlite3.Connection, row: sqlite3.Row) -> Device:
    latest: sqlite3.Row | None = None
    shares: list[float] = []
    for sample in connection.execute(
        "SELECT * FROM device_samples WHERE device_id = ? ORDER BY at DESC LIMIT ?",
        (row["id"], HISTORY_POINTS),
    ):
        latest = latest or sample
        if sample["utilisation"] is not None:
            shares.append(sample["utilisation"])
    return Device(
        id=row["id"],
        kind=DeviceKind(row["kind"]),
        name=row["name"],
        usable_by=msgspec.json.decode(row["usable_by"], type=tuple[str, ...]),
        note=row["note"],
        memory_total_bytes=row["memory_total_bytes"],
        at=latest["at"] if latest else None,
        utilisation=latest["utilisation"] if latest else None,
        memory_used_bytes=latest["memory_used_bytes"] if latest else None,
        temperature_c=latest["temperature_c"] if latest else None,
        power_w=latest["power_w"] if latest else None,
        history=tuple(reversed(shares)),
        obstacles=msgspec.json.decode(row["obstacles"], type=tuple[Obstacle, ...]),
        details=msgspec.json.decode(row["details"], type=DeviceDetails),
    )
