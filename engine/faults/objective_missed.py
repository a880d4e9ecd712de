"""An objective of quality is missed beyond chance: the whole interval of the figure lies on the wrong side of the limit."""

from collections.abc import Mapping
from math import ceil
from typing import NamedTuple

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.sentences import figure
from engine.faults.state import ModelState
from storage.objectives import COMPARISONS, LATENCY, MISSED_FAULT
from storage.records import Evaluation, Metric
from storage.settings import OBJECTIVE
from storage.vocabulary import RepairKind, Severity

SPEC = FaultSpec(
    code=MISSED_FAULT,
    severity=Severity.ERROR,
    means="A figure of the deployed version is on the wrong side of a limit in `[objectives]`, and so is its whole 95 % "
    "interval: chance does not explain it. A figure that misses the limit within its interval is not a fault yet.",
    advice="See since when: modeltender history {model}; deploy the version before it: modeltender rollback {model}; "
    "or train a better one",
    urgent="Today. It is worse than agreed, beyond chance.",
    otherwise="If the previous version misses it too (modeltender compare {model} previous current), the data have changed, not "
    "the model: train one on fresh data, or agree on another limit in [objectives].",
    repair=RepairKind.ROLLBACK,
    second=RepairKind.RETRAIN,
    source="the figure's own interval (docs/metrics.md): at the very limit, one test set in 40 is a false alarm",
)

MOST = 10_000_000
"""Examples beyond which a number is no help."""


class Judged(NamedTuple):
    """What the figures of an evaluation say about objectives of quality, a sentence each."""

    missed: tuple[str, ...]
    """Beyond chance."""
    undecided: tuple[str, ...]
    kept: tuple[str, ...]


def check(state: ModelState) -> Finding:
    """Hold each objective against the interval of its figure."""
    wanted, number = state.settings.objectives, state.current.number
    if all(name.startswith(LATENCY) for name in wanted):
        return healthy("no objective of quality is set in model.toml", version=number)
    if not state.evaluations:
        return unknown("the deployed version has not been evaluated", version=number)
    latest = state.evaluations[-1]
    judged = judge(wanted, latest)
    if judged.missed:
        return seen(number, judged, latest)
    if judged.undecided:
        return unknown("; ".join(judged.undecided), version=number)
    return healthy("; ".join(judged.kept), version=number, basis=str(latest.id))


def seen(number: int, judged: Judged, evaluation: Evaluation) -> Finding:
    """Return that a version misses objectives, as an evaluation has shown."""
    return found(f"Version {number}: {'; '.join(judged.missed)}", version=number, basis=str(evaluation.id))


def judge(objectives: Mapping[str, str], evaluation: Evaluation) -> Judged:
    """Hold each objective of quality against the interval of its figure; those of latency have a check of their own."""
    missed, undecided, kept = list[str](), list[str](), list[str]()
    for name, text in objectives.items():
        if name.startswith(LATENCY):
            continue
        metric, parsed = evaluation.metric(name), OBJECTIVE.fullmatch(text.strip())
        if metric is None or parsed is None:
            undecided.append(f"{name}: the last evaluation has no such figure")
            continue
        holds, limit = COMPARISONS[parsed[1]], float(parsed[2])
        best = metric.high if parsed[1].startswith(">") else metric.low
        if holds(metric.value, limit):
            kept.append(figure(metric))
        elif best is None or holds(best, limit):
            undecided.append(
                f"{figure(metric)} misses {text.strip()} within its interval{_needed(metric, limit)}"
            )
        else:
            side = "below" if parsed[1].startswith(">") else "above"
            missed.append(f"{figure(metric)} is {side} {limit:g} with 95 % confidence")
    return Judged(tuple(missed), tuple(undecided), tuple(kept))


def _needed(metric: Metric, limit: float) -> str:
    """Return how many examples would tell a figure from its limit, if it stays what it is."""
    if metric.low is None or metric.high is None or metric.value == limit:
        return ""
    # The interval shrinks with the root of the examples.
    reach = (metric.high - metric.low) / 2
    needed = ceil(metric.n * (reach / abs(metric.value - limit)) ** 2)
    return f"; about {needed:,} examples would tell" if metric.n < needed <= MOST else ""
