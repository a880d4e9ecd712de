"""The probabilities of the deployed version mean less than they did when it was first evaluated."""

from engine.evaluation.rounding import number
from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.sentences import figure
from engine.faults.state import ModelState
from storage.vocabulary import RepairKind, Severity

METRIC = "ece"

MARGIN = 0.02
"""How much larger the error may be, beyond both intervals: two points are what a threshold feels."""

SPEC = FaultSpec(
    code="calibration-lost",
    severity=Severity.WARNING,
    means=f"The expected calibration error is larger than at this version's first evaluation, by more than {MARGIN:g} beyond "
    "both intervals. A probability of 0.9 is no longer right nine times in ten, and thresholds chosen by it are "
    "wrong.",
    advice="Look at the data: modeltender data describe {model}; then, with validation data as fresh as the test data: "
    "modeltender repair {model}",
    urgent="This week; today if a threshold decides something.",
    otherwise="Choose thresholds afresh on recent data, or deploy a version that is calibrated on them; the predicted classes "
    "may still be right.",
    repair=RepairKind.RECALIBRATE,
    closes=2,
    source="intervals of the calibration error (docs/metrics.md) that do not overlap, and a margin",
)


def check(state: ModelState) -> Finding:
    """Compare the calibration error with the first one."""
    version = state.current.number
    known = [(one, metric) for one in state.evaluations if (metric := one.metric(METRIC)) is not None]
    if not known:
        return unknown("there is no calibration error among the figures", version=version)
    (_, before), (latest, now) = known[0], known[-1]
    if latest.dataset_sha256 == known[0][0].dataset_sha256:
        return unknown("this version was evaluated on one test set only", version=version)
    if now.low is None or before.high is None:
        return unknown("the calibration error has no interval", version=version)
    basis = str(latest.id)
    if now.low > before.high + MARGIN:
        return found(
            f"Version {version} is less well calibrated: {figure(now)}, at first {number(before.value)}",
            version=version,
            basis=basis,
        )
    return healthy(f"{figure(now)}, at first {number(before.value)}", version=version, basis=basis)
