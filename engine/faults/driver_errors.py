"""The driver of a device reported an error: NVIDIA's Xid."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.sentences import count
from engine.faults.state import PlaceState
from storage.records import Device
from storage.vocabulary import Severity
from storage.xids import TOLD_S, xid

SPEC = FaultSpec(
    code="driver-errors",
    severity=Severity.ERROR,
    means="The driver of an NVIDIA device reported an error (Xid) within the last day, while the engine was listening. The "
    "fault says what its number means and what usually causes it; a program's own mistakes, and bad memory that is "
    "about to be taken out of use, are only a warning. Devices whose driver reports no errors are not judged.",
    advice="See which: modeltender devices; a program's own mistake has to be fixed there; otherwise move what runs on the "
    "device and reset it (nvidia-smi --gpu-reset, or restart the machine)",
    urgent="Now if it is hardware, driver or firmware: programs there may fail or be wrong; otherwise today.",
    otherwise="Look its number up (docs.nvidia.com/deploy/xid-errors) and read the lines around it (journalctl -k, for Xid). If "
    "the same error comes back after a reset, replace the device, or change its driver.",
)


def check(state: PlaceState) -> Finding:
    """Read what was heard of each device."""
    listening = [one for one in state.devices if one.details.driver_errors is not None]
    if not listening:
        return unknown("no device here whose driver tells of its errors")
    ill = [one for one in listening if one.details.driver_errors]
    if ill:
        numbers = [error.number for one in ill for error in one.details.driver_errors or ()]
        severity = Severity.ERROR if any(xid(number).grave for number in numbers) else Severity.WARNING
        return found("; ".join(map(_told, ill)), severity=severity)
    since = max(one.details.listening_since or 0.0 for one in listening)
    if state.now - since < TOLD_S:
        return unknown(
            f"none since the engine began to listen {(state.now - since) / 3600:.1f} h ago; it takes a day to tell"
        )
    return healthy(f"no driver of {count(len(listening), 'device')} reported an error within a day")


def _told(device: Device) -> str:
    errors = device.details.driver_errors or ()
    said = ", and ".join(
        f"{xid(one.number).sentence(one.number)}, {count(one.count, 'time')}" for one in errors
    )
    return f"The driver of {device.id} ({device.name}) reported {said}"
