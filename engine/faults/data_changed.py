"""The test data are others than those that the deployed version's figures are of."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.state import ModelState
from storage.vocabulary import RepairKind, Severity

SPEC = FaultSpec(
    code="test-data-changed",
    severity=Severity.WARNING,
    means="The files in `test/` changed, and no evaluation has been tried on them since: the figures that are shown, and "
    "that gates judge by, belong to data that no longer exist. New data are evaluated automatically, so something is "
    "preventing that.",
    advice="Evaluate it: modeltender evaluate {model}@current",
    urgent="This week. The figures belong to data that no longer exist.",
    otherwise="The evaluation is being prevented, or fails: modeltender jobs says which, and why.",
    repair=RepairKind.REEVALUATE,
)


def check(state: ModelState) -> Finding:
    """Compare the marks of the data."""
    version, data = state.current.number, state.data
    if not data.stamp:
        return unknown(f"there are no test data in test/{state.model}", version=version)
    if data.busy:
        return unknown("it is being evaluated", version=version)
    if not state.evaluations and not data.evaluated_stamp:
        return unknown("the deployed version has not been evaluated", version=version)
    if data.stamp != data.evaluated_stamp:
        return found(
            f"The data in test/{state.model} changed since version {version} was evaluated", version=version
        )
    return healthy("the figures are of the data that are there", version=version)
