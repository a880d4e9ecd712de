"""A wall of the sandbox that stood around models before is missing now."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.state import PlaceState
from storage.vocabulary import WALLS, LayerState, Severity

SPEC = FaultSpec(
    code="sandbox-weakened",
    severity=Severity.WARNING,
    means="A wall of the sandbox that stood around a recorded evaluation is no longer available on this machine: another "
    "kernel, a container with different rights.",
    advice="See which and why: modeltender doctor; to load no model without: [trust] require_sandbox = true",
    urgent="Today; now if strangers send you models.",
    otherwise="If the kernel or the container cannot be changed, accept it knowingly (modeltender acknowledge ID), or load "
    "nothing without the full sandbox: [trust] require_sandbox.",
)


def check(state: PlaceState) -> Finding:
    """Compare the walls with those of earlier evaluations."""
    if not state.walls:
        return unknown("the engine could not find out which walls there are")
    standing = {layer for layer, found_state in state.walls.items() if found_state == LayerState.ON}
    lost = sorted(state.walls_before - standing)
    if lost:
        names = ", ".join(name for layer, name in WALLS.items() if layer in lost)
        return found(f"Models run without what stood around them before: {names}")
    return healthy(f"{len(standing)} of {len(WALLS)} walls stand")
