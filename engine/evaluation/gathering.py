"""What is gathered from examples while they are evaluated, and the figures that come of it in the end.

Owns one accumulator of each kind for a task, shared by the figures that read it. It must not know what any of
them counts.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from engine.evaluation.figures import Setup
from engine.evaluation.metrics import (
    Gatherer,
    accumulator_class,
    figures_function,
    label_metrics,
    metrics_for,
)
from engine.evaluation.outcomes import Outcomes
from storage.records import Metric
from storage.vocabulary import Task


class _Plan(NamedTuple):
    """What to gather for a figure, and what makes the figure of it."""

    kind: type[Gatherer]
    figures: Callable[[Any, Setup], tuple[Metric, ...]]


_PLANS = {
    task: tuple(
        _Plan(accumulator_class(spec.accumulator), figures_function(spec.figures))
        for spec in metrics_for(task)
    )
    for task in Task
}
"""Resolved when this module is imported: a model process behind its walls may not import any more."""

_LABEL_PLANS = tuple(
    _Plan(accumulator_class(spec.label_accumulator), figures_function(spec.label_figures))
    for spec in label_metrics()
)


class Gathering:
    """Everything that is gathered for one task from one set of examples."""

    def __init__(self, task: Task, setup: Setup, *, labels: bool = False) -> None:
        """Begin; ``labels`` says that an example may have several of them."""
        self._setup = setup
        self._plans = _LABEL_PLANS if labels else _PLANS[task]
        self._gathered = {plan.kind: plan.kind() for plan in self._plans}

    def add(self, outcomes: Outcomes) -> None:
        """Take in some examples."""
        for gathered in self._gathered.values():
            gathered.add(outcomes)

    def headline(self) -> Metric | None:
        """Return the task's first figure on the examples so far, or ``None`` where there is none yet."""
        return next(iter(self._figures(self._plans[0])), None)

    def figures(self) -> tuple[Metric, ...]:
        """Return every figure of all examples, then those of each class."""
        found = [metric for plan in self._plans for metric in self._figures(plan)]
        return tuple(sorted(found, key=lambda metric: metric.slice != ""))

    def _figures(self, plan: _Plan) -> tuple[Metric, ...]:
        return plan.figures(self._gathered[plan.kind], self._setup)
