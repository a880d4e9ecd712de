"""Devices that are named where they are seen, because nothing that everybody may read tells of their use.

A family says where its hardware shows; here it becomes a device whose figures are not exposed, which is said.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from engine.devices import hardware, usability
from storage.records import Device
from storage.vocabulary import DeviceKind


class Seen(NamedTuple):
    """A piece of hardware: its name, the folder of its files, and the node through which programs use it."""

    name: str
    kind: DeviceKind
    folder: Path
    node: Path
    note: str = hardware.USE_NOT_EXPOSED


def devices(kind: str, seen: Iterable[Seen]) -> list[Device]:
    """Return the devices of a kind, numbered in the order in which they are seen."""
    return [
        hardware.device(
            f"{kind}:{number}",
            one.kind,
            one.name,
            usability.use(kind, {}, nodes=(one.node,)),
            folder=one.folder,
            note=one.note,
        )
        for number, one in enumerate(seen)
    ]


def reader(device: Device, seen: Iterable[Seen], look: hardware.Look | None = None) -> hardware.Reader:
    """Return what sees whether a device is still there, and reads what little it may tell."""
    return hardware.Reader(device, [one.folder for one in seen], look or _as_known)


def _as_known(folder: Path, device: Device) -> Device:
    del folder  # nothing in it tells of use
    return device
