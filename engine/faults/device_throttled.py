"""A device is slowed down by heat or by its power supply, time after time."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.state import PlaceState
from storage.records import Device
from storage.vocabulary import Severity

HARM = ("heat", "hardware slowdown", "power supply", "voltage regulator")
"""Words of the reasons (`engine.devices`) that say that something is wrong. A limit of power or of clocks that was set is
somebody's wish, and a quota is told by `modeltender devices`."""

SPEC = FaultSpec(
    code="device-throttled",
    severity=Severity.WARNING,
    means="In three of the last four looks a device was slowed down by heat, its power supply or its own protection: "
    "answers take longer there than when they were measured.",
    advice="See which and how hot: modeltender devices --watch; look at its fan, its air and what else runs there",
    urgent="Today. Answers take longer; nothing is wrong with them.",
    otherwise="If nothing else runs there and the air is cool, its fan or power supply is failing: have it checked, and lower "
    "its power limit until then (nvidia-smi -pl).",
    opens=(3, 4),
    closes=2,
)


def check(state: PlaceState) -> Finding:
    """Look for harmful reasons among those that slow devices down."""
    telling = [one for one in state.devices if one.details.slowed_by is not None]
    if not telling:
        return unknown("no device here tells what slows it down")
    slow = [(one, reasons) for one in telling if (reasons := _harm(one))]
    if slow:
        return found("; ".join(_told(one, reasons) for one, reasons in slow))
    return healthy(f"none of {len(telling)} that tell is slowed down by heat or power")


def _harm(device: Device) -> tuple[str, ...]:
    reasons = device.details.slowed_by or ()
    return tuple(reason for reason in reasons if any(word in reason for word in HARM))


def _told(device: Device, reasons: tuple[str, ...]) -> str:
    heat = "" if device.temperature_c is None else f", at {device.temperature_c:.0f} °C"
    return f"{device.id} ({device.name}) is slowed down by {' and '.join(reasons)}{heat}"
