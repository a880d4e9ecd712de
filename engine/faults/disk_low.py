"""The disk of the workspace is nearly full."""

from engine.faults.finding import FaultSpec, Finding, found, healthy
from engine.faults.sentences import size
from engine.faults.state import PlaceState
from storage.vocabulary import Severity

SPEC = FaultSpec(
    code="disk-low",
    severity=Severity.ERROR,
    means="Less is free on the disk of the workspace than `[checks] free_gib` (1 GiB unless it says otherwise). When it "
    "is full, no version can be ingested, restored or promoted, and no figure is written.",
    advice="Free some space: look at .modeltender/damaged and .modeltender/quarantine, at old versions in models/, and "
    "at prepared copies ([retention] prepared_gib)",
    urgent="Now, where it is still falling; else today.",
    otherwise="See what grows (du -x -d 2 / | sort -n | tail). Deployed models are served all the same; the engine goes "
    "on where it was when there is room.",
    opens=(2, 3),
    closes=2,
)


def check(state: PlaceState) -> Finding:
    """Compare what is free with what should be."""
    told = f"{size(state.free_bytes)} of {size(state.total_bytes)} are free"
    if state.free_bytes < state.wanted_free_bytes:
        return found(f"{told} on the disk of the workspace; {size(state.wanted_free_bytes)} should be")
    return healthy(told)
