"""Hardware that can run models, one module a family.

The registry names the families and imports one only when it is asked for. A family is a module with
``detect() -> list[Device]`` and ``reader(device)``, which returns what has ``read(now) -> Device``; none of them raises
because of a sensor, and none loads a model framework. What is not exposed is ``None``, never 0.
"""

import logging
from importlib import import_module
from typing import NamedTuple, Protocol, cast

from storage.records import Device

log = logging.getLogger(__name__)

FAMILIES = (
    "cpu",
    "nvidia",
    "amd",
    "intel_gpu",
    "intel_npu",
    "amd_npu",
    "ascend",
    "edge_tpu",
    "apple",
    "qualcomm",
    "other",
)
"""Modules of this package; a new family is a file here and its name in this list."""


class DeviceReader(Protocol):
    """Reads one device again and again."""

    def read(self, now: float) -> Device:
        """Return the device as it is; a sensor that failed reads ``None``, and ``note`` says why."""
        ...

    def close(self) -> None:
        """Let go of the driver."""
        ...


class Family(Protocol):
    """What each module of a family offers."""

    def detect(self) -> list[Device]:
        """Return the devices of this family that are here, without readings."""
        ...

    def reader(self, device: Device) -> DeviceReader:
        """Return what reads one of them."""
        ...


class Found(NamedTuple):
    """A device and the family that knows how to read it."""

    device: Device
    family: Family

    def reader(self) -> DeviceReader:
        """Return what reads this device."""
        return self.family.reader(self.device)


def family(name: str) -> Family:
    """Return the family called ``name``."""
    return cast("Family", import_module(f"{__name__}.{name}"))


def detect() -> list[Found]:
    """Return every device that is here."""
    return [Found(device, known) for known in map(family, FAMILIES) for device in _detected(known)]


def _detected(known: Family) -> list[Device]:
    try:
        return known.detect()
    except Exception:
        # A family promises not to raise; one that breaks its promise must not hide the others' devices.
        log.exception("%s could not look for its devices", known)
        return []
