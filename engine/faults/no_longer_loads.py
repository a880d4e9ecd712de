"""What is deployed cannot be loaded any more: a framework was upgraded, a file that it needs is gone, a wall is missing.

The process that failed says what the file tells of who wrote it (a ``.keras`` archive's ``metadata.json``); what it was
loaded with before and what is installed now is told here.
"""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.state import ModelState
from storage.vocabulary import RepairKind, Severity, Status

SPEC = FaultSpec(
    code="no-longer-loads",
    severity=Severity.ERROR,
    means="The deployed version was loaded in a new process, as a restarting server would load it, and that failed. Servers "
    "that hold it in memory still answer; the next one to start will not.",
    advice="Load it once more: modeltender repair {model}; if that fails too, have it rewritten: modeltender repair {model} "
    "--fault ID --by convert; or: modeltender rollback {model}",
    urgent="Now, before what serves it restarts; until then it answers.",
    otherwise="The fault says what the version was saved and last loaded with, and what is installed: reinstall that, have an "
    "environment that still has it rewrite the version (--by convert --python PATH), or deploy one that loads "
    "(modeltender rollback {model}). The loader's full message: modeltender engine logs.",
    repair=RepairKind.RELOAD,
    second=RepairKind.CONVERT,
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
            f"Version {current.number} is deployed and does not load{_upgraded(state)}: {reason}",
            version=current.number,
        )
    if current.status is not Status.READY:
        return unknown(f"version {current.number} {current.status.fate}", version=current.number)
    loading = current.loading
    told = (
        ""
        if loading is None
        else f" with {loading.runtime} {loading.runtime_version} in {loading.load_s:.2g} s"
    )
    return healthy(f"loads{told}", version=current.number)


def _upgraded(state: ModelState) -> str:
    """Return with what it last loaded and what is installed now, where that is something else."""
    loading, installed = state.current.loading, state.installed
    if loading is None or not loading.runtime_version or installed is None:
        return ""
    before = f"{loading.runtime} {loading.runtime_version}"
    if not installed:
        return f" (it last loaded with {before}, of which something is not installed now)"
    if any(one.endswith(f" {loading.runtime_version}") for one in installed):
        return ""
    return f" (it last loaded with {before}; installed now: {', '.join(installed)})"
