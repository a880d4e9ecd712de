"""The largest absolute error of predicted values.

It has no interval: the largest error still to come is not bounded by those that came.
"""

from engine.evaluation.errors import AbsoluteErrors
from engine.evaluation.figures import Setup, figure
from storage.records import Metric


def figures(errors: AbsoluteErrors, setup: Setup) -> tuple[Metric, ...]:
    """Return the maximum, where there is any example."""
    del setup  # a value has no classes
    return (figure("max_error", errors.largest, None, None, errors.n),) if errors.n else ()
