"""Whether an evaluation, or a latency measurement, meets the objectives that its model's settings state: pure."""

import operator
from collections.abc import Callable
from typing import NamedTuple

from storage.records import Evaluation, LatencyMeasurement
from storage.settings import OBJECTIVE
from storage.tables import latencies

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}

LATENCY = "latency_"
"""Objectives of this prefix are about the latency report's figures: ``latency_p99_ms``, ``latency_throughput``."""


JUDGED = tuple(name for name in latencies.SHORT if name != "throughput")
"""Figures of a latency measurement that an objective may be about; throughput is an evaluation's."""


MISSED_FAULT = "objective-missed"
"""Code of the fault that an objective of quality is missed beyond chance."""


class Judgement(NamedTuple):
    """What an evaluation says about one objective."""

    name: str
    objective: str
    value: float | None
    """The figure, or ``None`` where this evaluation has none of that name."""
    met: bool | None
    """Whether it is met, or ``None`` where there is no figure."""
    near: str = ""
    """What the name was most likely meant to be, where there is never a figure of that name."""

    def sentence(self) -> str:
        """Return the judgement in words."""
        if self.value is None:
            meant = f"; did you mean '{self.near}'?" if self.near else ""
            return f"objective {self.name} {self.objective}: not measured{meant}"
        return f"objective {self.name} {self.objective}: {'met' if self.met else 'missed'} ({self.value:.6g})"


def judge(objectives: dict[str, str], evaluation: Evaluation) -> tuple[Judgement, ...]:
    """Return what an evaluation says about each objective."""
    return tuple(_judge(name, objective.strip(), evaluation) for name, objective in objectives.items())


def missed(judgements: tuple[Judgement, ...]) -> bool:
    """Whether any objective is missed; one that was not measured is not."""
    return any(judgement.met is False for judgement in judgements)


def judge_latency(objectives: dict[str, str], measured: LatencyMeasurement) -> tuple[Judgement, ...]:
    """Return what a latency measurement says about each objective of the latency that it has a figure for."""
    return tuple(
        _judged(name, objective.strip(), _number(getattr(measured, name.removeprefix(LATENCY))))
        for name, objective in objectives.items()
        if name.startswith(LATENCY) and name.removeprefix(LATENCY) in JUDGED
    )


def _judge(name: str, objective: str, evaluation: Evaluation) -> Judgement:
    found = _judged(name, objective, figure(name, evaluation))
    return found._replace(near=_near(name, evaluation)) if found.value is None else found


def _near(name: str, evaluation: Evaluation) -> str:
    """Return the figure's name that is most like a name without one: an objective that says nothing guards nothing."""
    from difflib import get_close_matches

    known = [
        *(metric.name for metric in evaluation.metrics),
        *(f"{LATENCY}{short}" for short in latencies.SHORT),
    ]
    return "" if name in known else next(iter(get_close_matches(name, known, n=1)), "")


def _judged(name: str, objective: str, value: float | None) -> Judgement:
    parsed = OBJECTIVE.fullmatch(objective)
    if value is None or parsed is None:
        return Judgement(name, objective, value, None)
    return Judgement(name, objective, value, COMPARISONS[parsed[1]](value, float(parsed[2])))


def figure(name: str, evaluation: Evaluation) -> float | None:
    """Return the figure that an objective's name means, or ``None`` where an evaluation has none."""
    metric = evaluation.metric(name)
    if metric is not None:
        return metric.value
    field = name.removeprefix(LATENCY)
    if field == name or evaluation.latency is None or field not in evaluation.latency.__struct_fields__:
        return None
    return _number(getattr(evaluation.latency, field))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


class Miss(NamedTuple):
    """An objective that is missed by more than its figure's interval explains."""

    name: str
    sentence: str
    certain: bool
    """Whether there is an interval; what has none may be a bad moment."""


def misses(objectives: dict[str, str], evaluation: Evaluation) -> tuple[Miss, ...]:
    """Return the objectives that an evaluation misses, but for those whose limit lies within the figure's interval."""
    found = []
    for judgement in judge(objectives, evaluation):
        parsed, metric = OBJECTIVE.fullmatch(judgement.objective), evaluation.metric(judgement.name)
        if judgement.met is not False or parsed is None:
            continue
        upward = parsed[1] in {">=", ">"}
        best = None if metric is None else metric.high if upward else metric.low
        if best is None:
            found.append(Miss(judgement.name, judgement.sentence(), certain=False))
        elif not COMPARISONS[parsed[1]](best, float(parsed[2])):
            word = "most" if upward else "least"
            found.append(
                Miss(judgement.name, f"{judgement.sentence()[:-1]}, at {word} {best:.6g})", certain=True)
            )
    return tuple(found)
