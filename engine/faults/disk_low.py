"""The disk of the workspace is nearly full."""

from engine.faults.finding import FaultSpec, Finding, found, healthy
from engine.faults.sentences import size
from engine.faults.state import PlaceState
from storage.vocabulary import RepairKind, Severity

SPEC = FaultSpec(
    code="disk-low",
    severity=Severity.ERROR,
    means="The workspace's disk has less free space than `[checks] free_gib` (1 GiB by default). Once it is full, no "
    "version can be ingested, restored or promoted, and no figure can be written.",
    advice="See what may go: modeltender repair --fault ID --dry-run; then run it without --dry-run",
    urgent="Now if free space is still shrinking; otherwise today.",
    otherwise="What people made or set aside is never removed: look at .modeltender/damaged, .modeltender/quarantine and "
    "train/, and let old versions go ([retention] versions). See what grows (du -x -d 2 / | sort -n | tail). Deployed "
    "models are still served; the engine continues where it left off once there is space.",
    repair=RepairKind.FREE_DISK,
    opens=(2, 3),
    closes=2,
)


def check(state: PlaceState) -> Finding:
    """Compare what is free with what should be."""
    told = f"{size(state.free_bytes)} of {size(state.total_bytes)} are free"
    if state.free_bytes < state.wanted_free_bytes:
        return found(f"{told} on the disk of the workspace; {size(state.wanted_free_bytes)} should be")
    return healthy(told)
