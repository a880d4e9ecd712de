"""The deployed version answers every example alike."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.sentences import count
from engine.faults.state import ModelState
from storage.vocabulary import RepairKind, Severity

NEEDED = 4
"""Different examples that all have to be answered alike: a pair may be alike."""

SPEC = FaultSpec(
    code="outputs-constant",
    severity=Severity.ERROR,
    means="The deployed version gave different examples exactly the same answer: it has collapsed, its inputs do not reach "
    "it, or they are scaled to nothing.",
    advice="Compare [preprocess] in model.toml with its training; deploy the version before it: modeltender rollback {model}",
    urgent="Now. Everybody gets the same answer.",
    otherwise="If the previous version does the same, the model is not the cause: look at its inputs (modeltender data describe "
    "{model}) and at [preprocess] in model.toml.",
    repair=RepairKind.ROLLBACK,
)


def check(state: ModelState) -> Finding:
    """Count the different answers."""
    version, probing = state.current.number, state.probing
    if probing is None:
        return unknown(state.not_probed or "it was not asked", version=version)
    examined = probing.examined
    asked = count(examined.different_inputs, "different example")
    if examined.without_number:
        return unknown("it answers with NaN or infinity", version=version)
    if examined.different_inputs < NEEDED:
        return unknown(
            f"needs {NEEDED} different examples; there are {examined.different_inputs}", version=version
        )
    if examined.different_outputs == 1:
        return found(f"Version {version} gives {asked} the very same answer", version=version)
    return healthy(f"{count(examined.different_outputs, 'different answer')} to {asked}", version=version)
