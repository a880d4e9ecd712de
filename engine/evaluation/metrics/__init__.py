"""One file per quality figure, and the list of them.

Owns the registry: which figures a task has and which direction is better. Importable without numpy; the
accumulators that compute them are named here and resolved in a model process only.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

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


class MetricSpec(msgspec.Struct, frozen=True):
    """What is known about a figure without computing it."""

    name: str
    task: Task
    higher_is_better: bool
    title: str
    """How it is called in words."""
    interval: str
    """The method of its interval, for the documentation."""
    accumulator: str = ""
    """``module:class`` of its accumulator; figures that name the same share one. Empty: only several labels have it."""
    figures: str = ""
    """``module:function`` that makes the figures from what was gathered; empty: the accumulator does."""
    label_accumulator: str = ""
    """The same two where an example may have several labels; empty: there it has no such figure."""
    label_figures: str = ""
    label_interval: str = ""
    """The method of its interval there, where it is another one."""
    each: str = ""
    """``module:function`` that gives one number of each example whose mean is the figure; empty where there is none."""
    label_each: str = ""
    """The same where an example may have several labels."""
    source: str = ""
    """Where its formula and that of its interval come from, for the documentation."""


COUNTS = "engine.evaluation.counts:Counts"
"""How often each class was taken for each: enough for many figures."""

RANKING = "engine.evaluation.ranking:Ranking"
"""The scores themselves, for figures that need their order."""

LABELS = "engine.evaluation.labels:LabelCounts"
"""How often each label was given and true, where an example may have several."""

ERRORS = "engine.evaluation.errors:AbsoluteErrors"
"""The absolute errors themselves, for figures that need them in order."""


LABEL_HEADLINE = "subset_accuracy"

METRICS: tuple[MetricSpec, ...] = (
    MetricSpec(
        name="accuracy",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="accuracy",
        interval="Wilson's score interval",
        accumulator="engine.evaluation.metrics.accuracy:Accuracy",
        source="Wilson 1927, Journal of the American Statistical Association 22:209",
    ),
    MetricSpec(
        name="balanced_accuracy",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="balanced accuracy",
        interval="Wilson's of each class, joined by MOVER",
        accumulator=COUNTS,
        figures="engine.evaluation.metrics.balanced_accuracy:figures",
        source="Brodersen et al. 2010, ICPR; Zou and Donner 2008, Statistics in Medicine 27:1693",
    ),
    MetricSpec(
        name="precision",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="precision of a class (of two classes, the second)",
        interval="Wilson's score interval",
        accumulator=COUNTS,
        figures="engine.evaluation.metrics.precision:by_class",
        source="van Rijsbergen 1979, Information Retrieval",
        label_accumulator=LABELS,
        label_figures="engine.evaluation.metrics.precision:by_label",
    ),
    MetricSpec(
        name="precision_macro",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="precision, mean over classes",
        interval="Wilson's of each class, joined by MOVER",
        accumulator=COUNTS,
        figures="engine.evaluation.metrics.precision:macro",
        source="Zou and Donner 2008, Statistics in Medicine 27:1693",
        label_accumulator=LABELS,
        label_figures="engine.evaluation.metrics.precision:label_macro",
        label_interval="the mean of the labels' limits",
    ),
    MetricSpec(
        name="precision_weighted",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="precision, mean weighted by the classes' examples",
        interval="Wilson's of each class, joined by MOVER, with the variance of the weights",
        accumulator=COUNTS,
        figures="engine.evaluation.metrics.precision:weighted",
        source="Zou and Donner 2008, Statistics in Medicine 27:1693",
    ),
    MetricSpec(
        name="recall",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="recall of a class (of two classes, the second)",
        interval="Wilson's score interval",
        accumulator=COUNTS,
        figures="engine.evaluation.metrics.recall:by_class",
        source="van Rijsbergen 1979, Information Retrieval",
        label_accumulator=LABELS,
        label_figures="engine.evaluation.metrics.recall:by_label",
    ),
    MetricSpec(
        name="recall_macro",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="recall, mean over classes",
        interval="Wilson's of each class, joined by MOVER",
        accumulator=COUNTS,
        figures="engine.evaluation.metrics.recall:macro",
        source="Zou and Donner 2008, Statistics in Medicine 27:1693",
        label_accumulator=LABELS,
        label_figures="engine.evaluation.metrics.recall:label_macro",
        label_interval="the mean of the labels' limits",
    ),
    MetricSpec(
        name="recall_weighted",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="recall, mean weighted by the classes' examples",
        interval="Wilson's score interval",
        accumulator=COUNTS,
        figures="engine.evaluation.metrics.recall:weighted",
        source="equal to accuracy; Wilson 1927, Journal of the American Statistical Association 22:209",
    ),
    MetricSpec(
        name="f1",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="F1 of a class (of two classes, the second)",
        interval="Wilson's of TP / (TP + FP + FN), carried over",
        accumulator=COUNTS,
        figures="engine.evaluation.metrics.f1:by_class",
        source="van Rijsbergen 1979, Information Retrieval",
        label_accumulator=LABELS,
        label_figures="engine.evaluation.metrics.f1:by_label",
    ),
    MetricSpec(
        name="f1_macro",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="F1, mean over classes",
        interval="that of each class, joined by MOVER with their correlations",
        accumulator=COUNTS,
        figures="engine.evaluation.metrics.f1:macro",
        source="Zou 2007, Psychological Methods 12:399; Takahashi et al. 2022, Applied Intelligence 52:4961",
        label_accumulator=LABELS,
        label_figures="engine.evaluation.metrics.f1:label_macro",
        label_interval="the mean of the labels' limits",
    ),
    MetricSpec(
        name="f1_weighted",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="F1, mean weighted by the classes' examples",
        interval="that of each class, joined by MOVER with their correlations and the variance of the weights",
        accumulator=COUNTS,
        figures="engine.evaluation.metrics.f1:weighted",
        source="Zou 2007, Psychological Methods 12:399; Takahashi et al. 2022, Applied Intelligence 52:4961",
    ),
    MetricSpec(
        name="mcc",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="Matthews' correlation coefficient",
        interval="delta method on Fisher's z scale",
        accumulator=COUNTS,
        figures="engine.evaluation.metrics.mcc:figures",
        source="Gorodkin 2004, Computational Biology and Chemistry 28:367; Itaya et al. 2024, arXiv 2405.12622",
    ),
    MetricSpec(
        name="log_loss",
        task=Task.CLASSIFICATION,
        higher_is_better=False,
        title="log loss",
        interval="Student's interval of the mean",
        accumulator="engine.evaluation.metrics.log_loss:LogLoss",
        source="Student 1908, Biometrika 6:1",
        label_accumulator="engine.evaluation.metrics.log_loss:LabelLogLoss",
        each="engine.evaluation.metrics.log_loss:losses",
        label_each="engine.evaluation.metrics.log_loss:label_losses",
    ),
    MetricSpec(
        name="brier",
        task=Task.CLASSIFICATION,
        higher_is_better=False,
        title="Brier score",
        interval="Student's interval of the mean",
        accumulator="engine.evaluation.metrics.brier:Brier",
        source="Brier 1950, Monthly Weather Review 78:1; Student 1908, Biometrika 6:1",
        label_accumulator="engine.evaluation.metrics.brier:LabelBrier",
        each="engine.evaluation.metrics.brier:distances",
        label_each="engine.evaluation.metrics.brier:label_distances",
    ),
    MetricSpec(
        name="ece",
        task=Task.CLASSIFICATION,
        higher_is_better=False,
        title="expected calibration error, in fifteen bins",
        interval="normal, its lower limit less the bias of a folded normal distribution",
        accumulator="engine.evaluation.metrics.ece:CalibrationError",
        source="Guo et al. 2017, ICML; Roelofs et al. 2022, AISTATS",
    ),
    MetricSpec(
        name="roc_auc",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="area under the ROC curve, of each class against the rest and their mean",
        interval="DeLong's on the logit scale, Newcombe's where that has none; of the mean, the mean of the limits",
        accumulator=RANKING,
        figures="engine.evaluation.metrics.roc_auc:figures",
        source="DeLong et al. 1988, Biometrics 44:837; Newcombe 2006, Statistics in Medicine 25:559",
        label_accumulator=RANKING,
        label_figures="engine.evaluation.metrics.roc_auc:figures",
    ),
    MetricSpec(
        name="pr_auc",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="area under the precision-recall curve (average precision), of each class and their mean",
        interval="binomial on the logit scale; of the mean, the mean of the limits",
        accumulator=RANKING,
        figures="engine.evaluation.metrics.pr_auc:figures",
        source="Davis and Goadrich 2006, ICML; Boyd, Eng and Page 2013, ECML PKDD",
        label_accumulator=RANKING,
        label_figures="engine.evaluation.metrics.pr_auc:figures",
    ),
    MetricSpec(
        name="top_k",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="share of examples whose class is among the k with the largest scores; stored as top_5, say",
        interval="Wilson's score interval",
        accumulator="engine.evaluation.metrics.top_k:Ranks",
        figures="engine.evaluation.metrics.top_k:figures",
        source="Russakovsky et al. 2015, IJCV 115:211",
    ),
    MetricSpec(
        name="subset_accuracy",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="share of examples all of whose labels are right",
        interval="Wilson's score interval",
        label_accumulator="engine.evaluation.metrics.accuracy:SubsetAccuracy",
        source="Wilson 1927, Journal of the American Statistical Association 22:209",
    ),
    MetricSpec(
        name="hamming_loss",
        task=Task.CLASSIFICATION,
        higher_is_better=False,
        title="share of labels that are wrong",
        interval="Student's interval of the mean",
        label_accumulator="engine.evaluation.metrics.hamming_loss:HammingLoss",
        source="Student 1908, Biometrika 6:1",
        label_each="engine.evaluation.metrics.hamming_loss:shares",
    ),
    MetricSpec(
        name="precision_micro",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="precision of all labels together",
        interval="deviation of a ratio of sums over the examples, on the logit scale",
        label_accumulator=LABELS,
        label_figures="engine.evaluation.metrics.micro:precision",
        source="Cochran 1977, Sampling Techniques, 6.5",
    ),
    MetricSpec(
        name="recall_micro",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="recall of all labels together",
        interval="deviation of a ratio of sums over the examples, on the logit scale",
        label_accumulator=LABELS,
        label_figures="engine.evaluation.metrics.micro:recall",
        source="Cochran 1977, Sampling Techniques, 6.5",
    ),
    MetricSpec(
        name="f1_micro",
        task=Task.CLASSIFICATION,
        higher_is_better=True,
        title="F1 of all labels together",
        interval="deviation of a ratio of sums over the examples, on the logit scale",
        label_accumulator=LABELS,
        label_figures="engine.evaluation.metrics.micro:f1",
        source="Cochran 1977, Sampling Techniques, 6.5",
    ),
    MetricSpec(
        name="mae",
        task=Task.REGRESSION,
        higher_is_better=False,
        title="mean absolute error",
        interval="Student's interval of the mean",
        accumulator="engine.evaluation.metrics.mae:MeanAbsoluteError",
        source="Student 1908, Biometrika 6:1",
        each="engine.evaluation.metrics.mae:errors",
    ),
    MetricSpec(
        name="rmse",
        task=Task.REGRESSION,
        higher_is_better=False,
        title="root mean squared error",
        interval="square roots of Student's interval of the mean square",
        accumulator="engine.evaluation.metrics.rmse:RootMeanSquaredError",
        source="Student 1908, Biometrika 6:1",
    ),
    MetricSpec(
        name="r2",
        task=Task.REGRESSION,
        higher_is_better=True,
        title="coefficient of determination",
        interval="delta method",
        accumulator="engine.evaluation.metrics.r2:Determination",
        source="Rao 1973, Linear Statistical Inference and Its Applications, 6a.2",
    ),
    MetricSpec(
        name="mse",
        task=Task.REGRESSION,
        higher_is_better=False,
        title="mean squared error",
        interval="Student's interval of the mean",
        accumulator="engine.evaluation.metrics.mse:MeanSquaredError",
        source="Student 1908, Biometrika 6:1",
        each="engine.evaluation.metrics.mse:squares",
    ),
    MetricSpec(
        name="mape",
        task=Task.REGRESSION,
        higher_is_better=False,
        title="mean absolute percentage error, as a share; none where a target is 0",
        interval="Student's interval of the mean",
        accumulator="engine.evaluation.metrics.mape:MeanAbsolutePercentageError",
        source="Student 1908, Biometrika 6:1",
        each="engine.evaluation.metrics.mape:shares",
    ),
    MetricSpec(
        name="median_absolute_error",
        task=Task.REGRESSION,
        higher_is_better=False,
        title="median absolute error",
        interval="order statistics",
        accumulator=ERRORS,
        figures="engine.evaluation.metrics.absolute_error_quantiles:median",
        source="Conover 1999, Practical Nonparametric Statistics, 3.2",
    ),
    MetricSpec(
        name="absolute_error_p90",
        task=Task.REGRESSION,
        higher_is_better=False,
        title="90th percentile of the absolute error",
        interval="order statistics",
        accumulator=ERRORS,
        figures="engine.evaluation.metrics.absolute_error_quantiles:p90",
        source="Conover 1999, Practical Nonparametric Statistics, 3.2",
    ),
    MetricSpec(
        name="absolute_error_p95",
        task=Task.REGRESSION,
        higher_is_better=False,
        title="95th percentile of the absolute error",
        interval="order statistics",
        accumulator=ERRORS,
        figures="engine.evaluation.metrics.absolute_error_quantiles:p95",
        source="Conover 1999, Practical Nonparametric Statistics, 3.2",
    ),
    MetricSpec(
        name="max_error",
        task=Task.REGRESSION,
        higher_is_better=False,
        title="largest absolute error",
        interval="none: the largest error to come is not bounded",
        accumulator=ERRORS,
        figures="engine.evaluation.metrics.max_error:figures",
    ),
)
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
