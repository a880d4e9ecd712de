"""The memory of a device has errors that it could not correct."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.sentences import count
from engine.faults.state import PlaceState
from storage.vocabulary import Severity

SPEC = FaultSpec(
    code="device-errors",
    severity=Severity.ERROR,
    means="Since its driver was loaded, a device has counted memory errors that it could not correct (ECC): results "
    "computed there may be wrong, and programs on it get killed. Devices that do not count such errors are not "
    "judged.",
    advice="See which: modeltender devices; move what runs there, then reset the device, which takes bad pages out of use "
    "(nvidia-smi --gpu-reset, or restart the machine); replace it if the errors come back",
    urgent="Now. Results computed there may be wrong.",
    otherwise="If errors come back after a reset, have the device replaced; until then keep models off it (CUDA_VISIBLE_DEVICES "
    "of what serves them).",
)


def check(state: PlaceState) -> Finding:
    """Read the counters of the devices."""
    counting = [one for one in state.devices if one.details.uncorrected_errors is not None]
    if not counting:
        return unknown("no device here counts errors of its memory")
    broken = [one for one in counting if one.details.uncorrected_errors]
    if broken:
        told = "; ".join(
            f"{one.id} ({one.name}) has {count(one.details.uncorrected_errors or 0, 'uncorrected error')} of its memory"
            for one in broken
        )
        return found(told)
    corrected = sum(one.details.corrected_errors or 0 for one in counting)
    return healthy(
        f"no uncorrected errors on {count(len(counting), 'device')}, {count(corrected, 'corrected one')}"
    )
