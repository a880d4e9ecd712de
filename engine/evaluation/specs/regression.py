"""The figures of regression, the headline first."""

from typing import Final

from engine.evaluation.specs import MetricSpec
from storage.vocabulary import Task

ERRORS = "engine.evaluation.errors:AbsoluteErrors"
"""The absolute errors themselves, for figures that need them in order."""

FIGURES: Final = (
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
