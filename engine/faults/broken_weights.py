"""Weights of the deployed version hold NaN or infinity."""

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.sentences import count
from engine.faults.state import ModelState
from storage.vocabulary import RepairKind, Severity

SHOWN = 3

SPEC = FaultSpec(
    code="broken-weights",
    severity=Severity.ERROR,
    means="Some weights are NaN or infinity. The model may still answer numbers for most inputs, and will not for others. "
    "Formats that give no access to their weights (ONNX, LiteRT, SavedModel, OpenVINO) cannot be inspected.",
    advice="Deploy the version before it: modeltender rollback {model}; its training diverged",
    urgent="Today. It answers numbers so far, and will fail on some input.",
    otherwise="If there is no earlier version, train one with a smaller learning rate (modeltender train {model}), and keep "
    "what is deployed until then.",
    repair=RepairKind.ROLLBACK,
)


def check(state: ModelState) -> Finding:
    """Name the arrays that hold no numbers."""
    version, probing = state.current.number, state.probing
    if probing is None:
        return unknown(state.not_probed or "it was not loaded", version=version)
    if probing.weights is None:
        return unknown(f"{probing.runtime} does not give the weights", version=version)
    arrays = count(probing.weights, "array")
    if probing.broken_weights:
        named = ", ".join(probing.broken_weights[:SHOWN])
        more = len(probing.broken_weights) - SHOWN
        return found(
            f"Version {version} has NaN or infinity among its weights: {named}{f' and {more} more' if more > 0 else ''}"
            f", of {arrays}",
            version=version,
        )
    return healthy(f"{arrays} of weights hold numbers only", version=version)
