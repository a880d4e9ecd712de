"""The deployed version is old, and nothing newer has come."""

from engine.faults.finding import FaultSpec, Finding, found, healthy
from engine.faults.sentences import age
from engine.faults.state import ModelState
from storage.vocabulary import RepairKind, Severity

SPEC = FaultSpec(
    code="stale-model",
    severity=Severity.INFO,
    means="The deployed version arrived longer ago than `[checks] model_age`. Its inputs today may not be what it was "
    "trained on.",
    advice="Train one on fresh data: modeltender repair {model} --fault ID; or save your own in train/{model}/",
    urgent="No hurry.",
    otherwise="If it is meant to be that old, say so: [checks] model_age in its model.toml.",
    repair=RepairKind.RETRAIN,
)


def check(state: ModelState) -> Finding:
    """Compare the age of the version with what it may be."""
    version = state.current.number
    since = state.now - state.current.found_at
    if since > state.plan.model_age_s:
        return found(
            f"Version {version} came {age(since)} ago and is still deployed; after {age(state.plan.model_age_s)} it is "
            "called old",
            version=version,
        )
    return healthy(f"came {age(max(since, 0.0))} ago", version=version)
