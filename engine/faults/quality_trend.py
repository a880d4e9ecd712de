"""The deployed version's figure falls from one test set to the next: what it sees has changed."""

from collections.abc import Iterable
from statistics import NormalDist
from typing import NamedTuple

from engine.evaluation.rounding import number
from engine.faults.cusum import LIMIT, Figure, falling
from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.sentences import count, figure
from engine.faults.state import ModelState
from storage.records import Evaluation, Metric
from storage.tables.evaluations import headline
from storage.vocabulary import RepairKind, Severity

NEEDED = 5
"""Different test sets that a trend needs."""

SPEC = FaultSpec(
    code="quality-trend",
    severity=Severity.WARNING,
    means="The headline figure of the deployed version falls from one test set to the next, by more than chance explains: "
    "its inputs are no longer what it was trained on. The same version on the same data says nothing new, so each "
    "test set counts once.",
    advice="Look at the data: modeltender data describe {model}; then train a version on fresh ones: modeltender repair {model} --fault ID",
    urgent="This week. It gets worse with each new test set.",
    otherwise="If a freshly trained version falls as well, the task itself has changed: look at the classes and slices that "
    "fell first (modeltender show {model}@current).",
    repair=RepairKind.RETRAIN,
    closes=2,
    source="self-starting CUSUM: Page 1954, Biometrika 41:100; Hawkins 1987, The Statistician 36:299",
)

Z = NormalDist().inv_cdf(0.975)


class Point(NamedTuple):
    """The figure of one test set."""

    evaluation: int
    metric: Metric
    error: float


def check(state: ModelState) -> Finding:
    """Add up by how much the figures have fallen."""
    version, points = state.current.number, _points(state.evaluations)
    if len(points) < NEEDED:
        return unknown(
            f"needs {NEEDED} different test sets; this version was evaluated on {len(points)}",
            version=version,
        )
    trend = falling(Figure(point.metric.value, point.error) for point in points)
    last, basis = points[-1], str(points[-1].evaluation)
    if trend.sum > LIMIT:
        sets = count(len(points) - trend.since, "test set")
        return found(
            f"Version {version} gets worse: {figure(last.metric)} on the last of {sets} in a row, before that "
            f"{number(trend.before)} on average (CUSUM {trend.sum:.1f}, limit {LIMIT:g})",
            version=version,
            basis=basis,
        )
    return healthy(
        f"{figure(last.metric)}, no trend over {count(len(points), 'test set')} (CUSUM {trend.sum:.1f} of {LIMIT:g})",
        version=version,
        basis=basis,
    )


def _points(evaluations: Iterable[Evaluation]) -> list[Point]:
    """Return the figure of each test set, in the order in which the sets were first used."""
    points: dict[str, Point] = {}
    for evaluation in evaluations:
        metric = headline(evaluation)
        if metric is None or metric.low is None or metric.high is None or metric.high <= metric.low:
            continue
        error = (metric.high - metric.low) / (2 * Z)
        points[evaluation.dataset_sha256] = Point(evaluation.id, metric, error)
    return list(points.values())
