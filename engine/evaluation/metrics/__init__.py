"""One file per quality figure, and the list of them.

Owns the registry: which figures a task has and which direction is better. Importable without numpy; the
accumulators that compute them are named here and resolved in a model process only.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Protocol

import msgspec

from storage.records import Metric
from storage.vocabulary import Task

if TYPE_CHECKING:
    from engine.evaluation.outcomes import Outcomes


class Accumulator(Protocol):
    """Gathers outcomes batch by batch; two that saw different examples merge into one that saw both."""

    def add(self, outcomes: "Outcomes") -> None:
        """Count one batch."""
        ...

    def merge(self, other: "Accumulator") -> None:
        """Count what ``other``, of the same kind, has counted."""
        ...

    def metric(self) -> Metric | None:
        """Return the figure with its interval, or ``None`` where the outputs do not allow one."""
        ...


class MetricSpec(msgspec.Struct, frozen=True):
    """What is known about a figure without computing it."""

    name: str
    task: Task
    higher_is_better: bool
    title: str
    """How it is called in words."""
    interval: str
    """The method of its interval, for the documentation."""
    accumulator: str
    """``module:class`` of its accumulator."""


METRICS: tuple[MetricSpec, ...] = (
    MetricSpec(
        name="accuracy",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="accuracy",
        interval="Wilson's score interval",
        accumulator="engine.evaluation.metrics.accuracy:Accuracy",
    ),
    MetricSpec(
        name="log_loss",
        task=Task.CLASSIFICATION,
        higher_is_better=False,
        title="log loss",
        interval="Student's interval of the mean",
        accumulator="engine.evaluation.metrics.log_loss:LogLoss",
    ),
    MetricSpec(
        name="mae",
        task=Task.REGRESSION,
        higher_is_better=False,
        title="mean absolute error",
        interval="Student's interval of the mean",
        accumulator="engine.evaluation.metrics.mae:MeanAbsoluteError",
    ),
    MetricSpec(
        name="rmse",
        task=Task.REGRESSION,
        higher_is_better=False,
        title="root mean squared error",
        interval="square roots of Student's interval of the mean square",
        accumulator="engine.evaluation.metrics.rmse:RootMeanSquaredError",
    ),
    MetricSpec(
        name="r2",
        task=Task.REGRESSION,
        higher_is_better=True,
        title="coefficient of determination",
        interval="delta method",
        accumulator="engine.evaluation.metrics.r2:Determination",
    ),
)
"""Every figure, the headline of each task first."""


def metrics_for(task: Task) -> tuple[MetricSpec, ...]:
    """Return the figures of a task, the headline first."""
    return tuple(spec for spec in METRICS if spec.task is task)


def accumulator_class(spec: MetricSpec) -> type[Accumulator]:
    """Return what makes accumulators of a figure."""
    module, _, name = spec.accumulator.partition(":")
    found: type[Accumulator] = getattr(import_module(module), name)
    return found
