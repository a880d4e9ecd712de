"""Limits of the owner's own: ``[[gate.require]]`` tables, each about one figure of the candidate alone."""

from engine.evaluation import rounding
from engine.evaluation.facts import Facts
from storage import objectives
from storage.gate_settings import Requirement
from storage.promotion_records import GateCheck
from storage.records import Metric
from storage.vocabulary import CheckVerdict

NAME = "require"


def check(facts: Facts) -> tuple[GateCheck, ...]:
    """Hold the candidate's figures against each requirement."""
    return tuple(_judged(facts, wanted) for wanted in facts.gate.require)


def _judged(facts: Facts, wanted: Requirement) -> GateCheck:
    what = f"{wanted.metric} of {wanted.slice}" if wanted.slice else wanted.metric
    limits = " and ".join(
        f"{words} {limit:,.6g}"
        for words, limit in (("at least", wanted.at_least), ("at most", wanted.at_most))
        if limit is not None
    )
    value, told = _figure(facts, wanted)
    if value is None:
        detail = f"{what}: version {facts.candidate.version.number} has no such figure; needed: {limits}"
        return GateCheck(NAME, CheckVerdict.ERROR, detail)
    kept = (wanted.at_least is None or value >= wanted.at_least) and (
        wanted.at_most is None or value <= wanted.at_most
    )
    return GateCheck(NAME, CheckVerdict.PASS if kept else CheckVerdict.FAIL, f"{what} {told}; {limits}")


def _figure(facts: Facts, wanted: Requirement) -> tuple[float | None, str]:
    version, evaluation = facts.candidate.version, facts.candidate.evaluation
    if wanted.slice:
        found = (one for one in facts.slices if (one.name, one.slice) == (wanted.metric, wanted.slice))
        return _with_interval(next(found, None))
    own = {
        "size_bytes": version.bytes,
        "peak_rss_bytes": version.loading.peak_rss_bytes if version.loading else None,
        "load_s": version.loading.load_s if version.loading else None,
    }
    if wanted.metric in own:
        value = own[wanted.metric]
        return value, "" if value is None else f"{value:,.6g}"
    metric = evaluation.metric(wanted.metric) if evaluation else None
    if metric is not None:
        return _with_interval(metric)
    figure = objectives.figure(wanted.metric, evaluation) if evaluation else None
    return figure, "" if figure is None else f"{figure:,.6g}"


def _with_interval(metric: Metric | None) -> tuple[float | None, str]:
    if metric is None:
        return None, ""
    told = rounding.number(metric.value)
    if metric.low is not None and metric.high is not None:
        told += f" [{rounding.number(metric.low)}, {rounding.number(metric.high)}]"
    return metric.value, f"{told} (n={metric.n})"
