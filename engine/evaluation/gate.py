"""What a candidate must show before it may be promoted: decided from two versions' records alone.

Owns the checks, their sentences and the verdict. It reads no clock, file or database, and must not know how
a promotion is done.

The first gate compares two figures of independent evaluations. With d the candidate's advantage over the
current version (positive is better, also where a lower figure is the better one), [low, high] the interval
of d at the gate's confidence, and m the margin:

    superior       low > 0: the candidate is better, beyond what chance explains
    non-inferior   not superior, and d >= -m: the figure is not worse by more than the margin
    inconclusive   d < -m <= high: the figure is worse, but chance may explain it; or a figure is missing
    inferior       high < -m: the candidate is worse by more than the margin

The first two pass. The interval is the hybrid score interval of two unpaired proportions, which joins the
Wilson limits of both (Newcombe 1998, Statistics in Medicine 17:873, method 10). Figures that are no
proportion keep their own 95 % limits and are joined the same way (MOVER; Zou and Donner 2008, Statistics in
Medicine 27:1693). Both take the two evaluations as unpaired although they saw the same examples; two versions
that mostly err on the same ones have a narrower interval in truth, so this one is on the careful side.
"""

from collections.abc import Callable
from math import hypot
from typing import NamedTuple

from engine.evaluation.confidence import CONFIDENCE, wilson
from engine.evaluation.metrics import METRICS
from storage.records import Evaluation, GateCheck, GateReport, Metric, Version
from storage.settings import Gate
from storage.tables.evaluations import headline
from storage.vocabulary import CheckVerdict, Verdict

PROPORTIONS = frozenset({"accuracy"})
"""Metrics that are a share of the examples, so that their interval follows from value and n at any confidence."""

EVALUATED = "evaluated"
SAME_DATA = "same-data"
DEPLOYED = "deployed"

PASSING = frozenset({Verdict.SUPERIOR, Verdict.NON_INFERIOR})


class Difference(NamedTuple):
    """How much better the candidate's figure is, with its interval; the limits are ``None`` where not known."""

    value: float
    low: float | None
    high: float | None


def judge(current: Version | None, candidate: Version, settings: Gate) -> GateReport:
    """Return what the gate says about promoting ``candidate`` over ``current``, the version that is deployed."""
    against = None if current is None else current.number
    evaluated = _evaluated(candidate)
    if candidate.evaluation is None or evaluated.verdict is not CheckVerdict.PASS:
        return GateReport(against, Verdict.INCONCLUSIVE, (evaluated,))
    if current is None:
        first = GateCheck(
            DEPLOYED, CheckVerdict.PASS, "nothing is deployed yet, so there is nothing to be worse than"
        )
        return GateReport(None, Verdict.NON_INFERIOR, (evaluated, first))
    same = _same_data(current, candidate)
    if current.evaluation is None or same.verdict is not CheckVerdict.PASS:
        return GateReport(against, Verdict.INCONCLUSIVE, (evaluated, same))
    verdict, compared = _compare(current.evaluation, candidate.evaluation, settings)
    return GateReport(against, verdict, (evaluated, same, compared))


def verdict_of(difference: Difference, margin: float) -> Verdict:
    """Return the verdict on an advantage, as the module's docstring defines it."""
    if difference.low is not None and difference.low > 0:
        return Verdict.SUPERIOR
    # A margin of 0.02 must let 0.93 stand against 0.95, which floating point takes for a hair more.
    if difference.value >= -margin - ROUNDING:
        return Verdict.NON_INFERIOR
    if difference.high is not None and difference.high < -margin:
        return Verdict.INFERIOR
    return Verdict.INCONCLUSIVE


ROUNDING = 1e-12
"""Far below one example in any test set, far above the rounding of figures near 1."""


def difference(current: Metric, candidate: Metric, confidence: float) -> Difference:
    """Return the candidate's advantage with its interval (Newcombe's method 10, or MOVER)."""
    old, new = _limits(current, confidence), _limits(candidate, confidence)
    value = candidate.value - current.value
    low = high = None
    if old is not None and new is not None:
        low = value - hypot(candidate.value - new[0], old[1] - current.value)
        high = value + hypot(new[1] - candidate.value, current.value - old[0])
    if _higher_is_better(candidate.name):
        return Difference(value, low, high)
    return Difference(-value, None if high is None else -high, None if low is None else -low)


def _limits(metric: Metric, confidence: float) -> tuple[float, float] | None:
    if metric.name in PROPORTIONS and metric.n > 0:
        return wilson(round(metric.value * metric.n), metric.n, confidence)
    if metric.low is None or metric.high is None:
        return None
    return metric.low, metric.high


def _higher_is_better(name: str) -> bool:
    return next((spec.higher_is_better for spec in METRICS if spec.name == name), True)


def _evaluated(candidate: Version) -> GateCheck:
    evaluation = candidate.evaluation
    if evaluation is None:
        return GateCheck(EVALUATED, CheckVerdict.FAIL, f"version {candidate.number} has not been evaluated")
    if evaluation.artefact_sha256 != candidate.sha256:
        changed = f"version {candidate.number} changed after it was evaluated; evaluate it again"
        return GateCheck(EVALUATED, CheckVerdict.FAIL, changed)
    return GateCheck(
        EVALUATED, CheckVerdict.PASS, f"version {candidate.number} was evaluated on {_data(evaluation)}"
    )


def _same_data(current: Version, candidate: Version) -> GateCheck:
    """Two figures mean something together only when they come from the same examples, prepared the same way."""
    old, new = current.evaluation, candidate.evaluation
    if old is None or new is None or old.artefact_sha256 != current.sha256:
        missing = (
            f"version {current.number}, which is deployed, has no evaluation to compare with; evaluate it"
        )
        return GateCheck(SAME_DATA, CheckVerdict.INCONCLUSIVE, missing)
    compared: tuple[tuple[str, Callable[[Evaluation], str]], ...] = (
        ("data", lambda seen: seen.dataset_sha256),
        ("preprocessing", lambda seen: seen.preprocessing_sha256),
    )
    for what, fingerprint in compared:
        if fingerprint(old) != fingerprint(new):
            detail = (
                f"version {current.number} was evaluated with other {what} than version {candidate.number}; "
                "evaluate both again"
            )
            return GateCheck(SAME_DATA, CheckVerdict.INCONCLUSIVE, detail)
    return GateCheck(
        SAME_DATA, CheckVerdict.PASS, f"versions {current.number} and {candidate.number}: {_data(new)}"
    )


def _compare(old: Evaluation, new: Evaluation, settings: Gate) -> tuple[Verdict, GateCheck]:
    name = _metric_name(new, settings)
    before, after = old.metric(name), new.metric(name)
    if before is None or after is None:
        known = ", ".join(metric.name for metric in new.metrics) or "none"
        detail = f"the evaluations have no metric '{name}' to compare; they have: {known}"
        return Verdict.INCONCLUSIVE, GateCheck(name, CheckVerdict.ERROR, detail)
    found = difference(before, after, settings.confidence)
    verdict = verdict_of(found, settings.margin)
    outcome = {Verdict.INCONCLUSIVE: CheckVerdict.INCONCLUSIVE, Verdict.INFERIOR: CheckVerdict.FAIL}
    check = GateCheck(
        name, outcome.get(verdict, CheckVerdict.PASS), _sentence(before, after, found, settings)
    )
    return verdict, check


def _metric_name(evaluation: Evaluation, settings: Gate) -> str:
    """Return the metric to compare; where none was chosen, a task without accuracy is judged by its headline figure."""
    chosen = headline(evaluation)
    if settings.metric != Gate().metric or chosen is None or evaluation.metric(settings.metric) is not None:
        return settings.metric
    return chosen.name


def _sentence(before: Metric, after: Metric, found: Difference, settings: Gate) -> str:
    confidence = settings.confidence if after.name in PROPORTIONS else CONFIDENCE
    interval = (
        "interval not known"
        if found.low is None or found.high is None
        else f"{confidence * 100:g} % interval {found.low:+.4f} to {found.high:+.4f}"
    )
    uncertain = found.low is not None and found.low < -settings.margin <= found.value + ROUNDING
    return (
        f"{after.name} {before.value:.4f} -> {after.value:.4f}: advantage {found.value:+.4f} ({interval}, n={after.n}); "
        f"at least {-settings.margin:g} is needed{', and the interval reaches below that' if uncertain else ''}"
    )


def _data(evaluation: Evaluation) -> str:
    return f"{evaluation.dataset_name}, {evaluation.dataset_rows} rows, {evaluation.dataset_sha256[:8]}"
