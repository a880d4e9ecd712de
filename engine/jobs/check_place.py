"""Gathering what checks of the workspace are judged from: the disk, the engine's own processes, devices, the sandbox.

Owns what is read, and that readings of memory are kept on record from one check to the next. It decides nothing.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator

import psutil

from engine.faults.growth import Reading
from engine.faults.state import PlaceState
from engine.jobs.context import Context
from storage.records import Device
from storage.tables import devices, engine, evaluations, memory
from storage.tables.memory import Process
from storage.vocabulary import Layer

CRASHES = 50

FULL = "full"
"""How an evaluation's isolation is called where every wall stood."""

FRESH_S = 60.0
"""Readings of devices that are older are of another hour: the sampler reads once a second."""


def place_state(context: Context) -> PlaceState:
    """Return what is known about the workspace and the machine."""
    disk = psutil.disk_usage(str(context.workspace.root))
    now, sizes = context.now(), dict(_sizes(context))
    with context.writer.transaction() as connection:
        described = engine.read(connection)
        isolated = evaluations.any_isolated(connection, FULL)
        crashes = engine.unexpected_starts(connection, limit=CRASHES)
        read = devices.read(connection)
        known = dict(_remembered(connection, sizes, now))
    return PlaceState(
        now=now,
        free_bytes=disk.free,
        total_bytes=disk.total,
        wanted_free_bytes=int(context.settings.checks.free_gib * (1 << 30)),
        devices=tuple(_fresh(read, now)),
        memory=known,
        crashes=tuple(crashes),
        walls=described.sandbox if described else {},
        walls_before=frozenset(layer.value for layer in Layer) if isolated else frozenset(),
    )


def _sizes(context: Context) -> Iterator[tuple[Process, int]]:
    """Yield the engine and each host of a framework, with their resident memory now."""
    named = [("the engine", os.getpid())]
    named += [(f"the host of {host.framework}", host.pid) for host in context.hosts.states()]
    for name, pid in named:
        try:
            found = psutil.Process(pid)
            yield Process(name, pid, found.create_time()), int(found.memory_info().rss)
        except psutil.NoSuchProcess:
            # A host may end at any time; there is nothing to read of it then.
            continue


def _remembered(
    connection: sqlite3.Connection, sizes: dict[Process, int], now: float
) -> Iterator[tuple[str, tuple[Reading, ...]]]:
    """Record what the processes take now, and yield what is known of each."""
    for process, size in sizes.items():
        memory.add(connection, process, at=now, size=size)
        yield process.name, tuple(Reading(*one) for one in memory.read(connection, process))


def _fresh(read: Iterable[Device], now: float) -> Iterator[Device]:
    return (one for one in read if one.at is not None and abs(now - one.at) <= FRESH_S)
