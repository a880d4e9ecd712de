"""The test data, the labels and the deployed version do not fit each other any more."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.state import ModelState
from storage.vocabulary import Severity

SPEC = FaultSpec(
    code="schema-mismatch",
    severity=Severity.WARNING,
    means="An example of the current test data, prepared and read as model.toml says, does not go through the deployed "
    "version: other inputs, another shape or type, an unknown label, or another number of labels than it "
    "distinguishes. The version cannot be evaluated, and recorded figures may be about something else.",
    advice="Correct what the sentence names, in test/{model}/ or in model.toml; what is in the data: modeltender data "
    "describe {model}",
    urgent="Today. Nothing can be evaluated, so nobody would see it get worse.",
    otherwise="If data and settings are right, this is not the version for them: modeltender show {model}@current says what it "
    "takes and gives; modeltender rollback {model}.",
)


def check(state: ModelState) -> Finding:
    """Say whether an example of the data went through the model."""
    version, fit = state.current.number, state.fit
    if not state.data.stamp:
        return unknown(f"there are no test data in test/{state.model}", version=version)
    if fit is None:
        return unknown(state.not_probed or "no example of the test data was tried", version=version)
    if fit.problem:
        return found(
            f"test/{state.model} does not fit version {version}: {fit.problem}",
            version=version,
            basis=fit.basis,
        )
    return healthy(
        "an example of the test data goes through it, with its label", version=version, basis=fit.basis
    )
