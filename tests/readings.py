"""Readings of a device that tests make up, and the shortest way to have them recorded as the engine does."""

import math
import random
import sqlite3

from storage.records import Device
from storage.tables import devices, rollups
from storage.vocabulary import DeviceKind

MIDNIGHT = 1_764_115_200.0
"""The beginning of a day, 2025-11-26 in UTC."""


def card(at: float | None = None, utilisation: float | None = None) -> Device:
    """Return a device with one reading."""
    return Device(
        id="cuda:0",
        kind=DeviceKind.GPU,
        name="Card",
        usable_by=(),
        note="",
        memory_total_bytes=None,
        at=at,
        utilisation=utilisation,
    )


def uses(n: int, seed: int = 7) -> list[float]:
    """Return made-up utilisation that is skewed, as that of real cards is: mostly idle, at times full."""
    chance = random.Random(seed)
    return [min(1.0, 0.02 * math.exp(chance.gauss(0.0, 1.5))) for _ in range(n)]


def roll(connection: sqlite3.Connection, *, now: float) -> int:
    """Make every bucket that is over, as the engine does; return how many."""
    made = 0
    while (wanted := rollups.due(connection, now=now)) is not None:
        rollups.make(connection, wanted)
        made += 1
    return made


def record(connection: sqlite3.Connection, values: list[float], *, since: float, step_s: float = 1.0) -> None:
    """Record values of the card's utilisation, one a step."""
    devices.replace(connection, [card()])
    read = [card(since + number * step_s, value) for number, value in enumerate(values)]
    devices.add_samples(connection, read)
    rollups.note(connection, read)
