"""One file per quality figure, and how what computes each is found.

Owns which figures a task has. What is known of each is told in `engine.evaluation.specs`. Importable without numpy; the
accumulators are resolved in a model process only.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from engine.evaluation.specs import MetricSpec, classification, regression
from storage.records import Metric
from storage.vocabulary import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.evaluation.figures import Setup
    from engine.evaluation.outcomes import Outcomes


class Gatherer(Protocol):
    """Gathers outcomes batch by batch; two that saw different examples merge into one that saw both."""

    def add(self, outcomes: "Outcomes") -> None:
        """Count one batch."""
        ...

    def merge(self, other: Any) -> None:
        """Count what ``other``, of the same kind, has counted."""
        ...


class Accumulator(Gatherer, Protocol):
    """A gatherer for one figure, which it computes itself."""

    def metric(self) -> Metric | None:
        """Return the figure with its interval, or ``None`` where the outputs do not allow one."""
        ...


LABEL_HEADLINE = "subset_accuracy"

METRICS: tuple[MetricSpec, ...] = (*classification.FIGURES, *regression.FIGURES)
"""Every figure, the headline of each task first."""


def metrics_for(task: Task) -> tuple[MetricSpec, ...]:
    """Return the figures of a task, the headline first; of classification those of one class an example."""
    return tuple(spec for spec in METRICS if spec.task is task and spec.accumulator)


def label_metrics() -> tuple[MetricSpec, ...]:
    """Return the figures of classification where an example may have several labels, the headline first."""
    return tuple(
        sorted(
            (spec for spec in METRICS if spec.label_accumulator), key=lambda spec: spec.name != LABEL_HEADLINE
        )
    )


def accumulator_class(target: str) -> type[Gatherer]:
    """Return what makes the accumulators that ``module:class`` names."""
    found: type[Gatherer] = _named(target)
    return found


def figures_function(target: str) -> "Callable[[Any, Setup], tuple[Metric, ...]]":
    """Return what makes the figures of a kind from its accumulator: that of all examples, and those of classes.

    ``module:function`` names it; where there is none the accumulator makes its figure itself.
    """
    if target:
        found: Callable[[Any, Setup], tuple[Metric, ...]] = _named(target)
        return found
    return _own_figure


def each_function(target: str) -> "Callable[[Outcomes], NDArray[Any]]":
    """Return the function that ``module:function`` names, which gives one number of each example."""
    found: Callable[[Outcomes], NDArray[Any]] = _named(target)
    return found


def _own_figure(gathered: Accumulator, _setup: "Setup") -> tuple[Metric, ...]:
    metric = gathered.metric()
    return () if metric is None else (metric,)


def _named(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)
