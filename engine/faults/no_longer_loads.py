"""What is deployed cannot be loaded any more: a framework was upgraded, a file that it needs is gone, a wall is missing."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.state import ModelState
from storage.vocabulary import RepairKind, Severity, Status

SPEC = FaultSpec(
    code="no-longer-loads",
    severity=Severity.ERROR,
    means="The deployed version was loaded in a new process, as a server that starts would load it, and that failed. "
    "Servers that hold it in memory still answer; the next one to start will not.",
    advice="Load it once more: modeltender repair {model}; if that fails too: modeltender rollback {model}",
    repair=RepairKind.RELOAD,
)

BROKEN = frozenset({Status.FAILED, Status.QUARANTINED, Status.UNSUPPORTED})


def check(state: ModelState) -> Finding:
    """Say whether the deployed version has loaded."""
    current, content = state.current, state.content
    if content is not None and content.found_sha256 != content.deployed_sha256:
        return unknown("what lies there is not what was deployed", version=current.number)
    if current.status in BROKEN:
        reason = current.reason.rstrip(".") or "no reason was given"
        return found(
            f"Version {current.number} is deployed and does not load: {reason}", version=current.number
        )
    if current.status is not Status.READY:
        return unknown(f"version {current.number} is {current.status}", version=current.number)
    loading = current.loading
    told = (
        ""
        if loading is None
        else f" with {loading.runtime} {loading.runtime_version} in {loading.load_s:.2g} s"
    )
    return healthy(f"loads{told}", version=current.number)
