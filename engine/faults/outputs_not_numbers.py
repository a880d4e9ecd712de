"""The deployed version answers with NaN or infinity."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.sentences import count
from engine.faults.state import ModelState
from storage.vocabulary import RepairKind, Severity

SPEC = FaultSpec(
    code="outputs-not-numbers",
    severity=Severity.ERROR,
    means="The deployed version answered kept examples with NaN or infinity: its weights or its arithmetic overflow.",
    advice="Deploy the version before it: modeltender rollback {model}; then look at its training, or at its precision",
    urgent="Now. People get NaN.",
    otherwise="If there is no earlier version, take the model out of service and train one (modeltender train {model}). If the "
    "previous version does the same, its inputs are not what it was trained on: compare [preprocess] in model.toml.",
    repair=RepairKind.ROLLBACK,
)


def check(state: ModelState) -> Finding:
    """Count the examples that it has no number for."""
    version, probing = state.current.number, state.probing
    if probing is None:
        return unknown(state.not_probed or "it was not asked", version=version)
    examined = probing.examined
    asked = count(examined.rows, "example")
    if examined.without_number:
        return found(
            f"Version {version} answers NaN or infinity on {examined.without_number} of {asked}",
            version=version,
        )
    return healthy(f"numbers on all of {asked}", version=version)
