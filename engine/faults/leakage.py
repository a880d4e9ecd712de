"""Test examples are among the training data, so that the figures are too good to be true."""

from engine.evaluation.confidence import wilson
from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.state import ModelState
from storage.vocabulary import Severity

SHARE = 0.001
"""Of the test examples: one in a thousand moves no figure by more than its interval."""

SPEC = FaultSpec(
    code="leakage",
    severity=Severity.WARNING,
    means=f"More than {SHARE:.1%} of the test examples are also in `train/`, byte for byte: a model may know them by heart, "
    "and all its figures are too good.",
    advice="Divide the data again: modeltender data split FILE --model {model} --replace",
    urgent="This week. The model is no worse than before, but its figures are too good.",
    otherwise="If the same examples come back, test/ and train/ are filled from one source: divide the data before that.",
)


def check(state: ModelState) -> Finding:
    """Say how many test examples are training data too."""
    overlap = state.overlap
    if overlap is None:
        return unknown(state.not_compared or "training and test data were not compared")
    if not overlap.different:
        return unknown("there are no test examples")
    share = overlap.shared / overlap.different
    low, high = wilson(overlap.shared, overlap.different)
    told = f"{overlap.shared:,} of {overlap.different:,} different test examples are in the training data"
    if share > SHARE:
        return found(f"{told}: {share:.1%} [{low:.1%}, {high:.1%}]", basis=overlap.stamp)
    return healthy(told, basis=overlap.stamp)
