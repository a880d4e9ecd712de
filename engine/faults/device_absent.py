"""What the deployed version was evaluated on is gone, or cannot be used by its runtime any more.

A warning, although nobody may be served: the version is not at fault, and an error would take back what is on probation.
"""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.state import ModelState
from storage.vocabulary import Severity

SPEC = FaultSpec(
    code="device-absent",
    severity=Severity.WARNING,
    means="The device on which the deployed version was last evaluated is no longer here, or its runtime can no longer use "
    "it: a card that fell off its bus, a driver that does not load, a container that was not given the device.",
    advice="See what is here and why: modeltender devices; until it is back: modeltender evaluate {model}@current --device "
    "cpu",
    urgent="Now if something serves it there; otherwise today.",
    otherwise="Ask the driver (nvidia-smi) and the kernel (journalctl -k, for Xid or for 'fallen off the bus'). A "
    "container loses its devices when the driver is upgraded under it: restart it.",
)


def check(state: ModelState) -> Finding:
    """Look for the device among those that are here."""
    version, last = state.current.number, state.current.evaluation
    if last is None:
        return unknown("the deployed version has not been evaluated", version=version)
    if not state.devices:
        return unknown("the engine has not looked for devices yet", version=version)
    device = next((one for one in state.devices if one.id == last.device), None)
    if device is None:
        here = ", ".join(one.id for one in state.devices)
        return found(
            f"Version {version} was last evaluated on {last.device}, which is not here any more; there is {here}",
            version=version,
        )
    if last.runtime not in device.usable_by:
        why = next((one.reason for one in device.obstacles if one.runtime == last.runtime), device.note)
        return found(
            f"Version {version} was last evaluated on {last.device} ({device.name}), which {last.runtime} cannot use any "
            f"more{f': {why}' if why else ''}",
            version=version,
        )
    return healthy(f"{last.device}, on which it was evaluated, is here", version=version)
