"""The folder of what is deployed is gone."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.state import ModelState
from storage.vocabulary import RepairKind, Severity

SPEC = FaultSpec(
    code="missing",
    severity=Severity.ERROR,
    means="The folder of the deployed version is gone: a server that starts with the model finds nothing.",
    advice="Restore it: modeltender repair {model}; or deploy another one: modeltender rollback {model}",
    urgent="Now. Servers that hold it in memory still answer; one that restarts finds nothing.",
    otherwise="If there is no copy, the fault or the repair says so: deploy another version (modeltender promote "
    "{model}@VERSION), or put its files back into models/{model}/ from where they were made; their hash identifies "
    "them.",
    repair=RepairKind.RESTORE,
)


def check(state: ModelState) -> Finding:
    """Say whether the folder is there."""
    number, content = state.current.number, state.content
    if content is None:
        return unknown("what was deployed is not on record", version=number)
    if content.gone:
        where = f"models/{state.model}/{number}"
        return found(f"Version {number} of {state.model} is deployed, but {where} is gone", version=number)
    return healthy("its folder is there", version=number)
