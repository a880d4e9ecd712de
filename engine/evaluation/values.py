"""Regression of one value or of several: what is gathered for each, and the figures of all of them together.

Owns how figures of single outputs become figures of the model. It must not know any figure's formula.
"""

from statistics import fmean

import numpy as np

from engine.evaluation.figures import Setup
from engine.evaluation.gathering import Gathering
from engine.evaluation.outcomes import Outcomes, Scale
from storage.records import Metric
from storage.vocabulary import Task

OUTPUT_SLICE = "output"
"""What the figures of one output are stored under, with its number: ``output=0``."""

NO_SCORES = np.empty((0, 0))


class Values:
    """Gathers each output's values apart."""

    def __init__(self, width: int) -> None:
        self._each = [Gathering(Task.REGRESSION, Setup()) for _ in range(width)]

    def add(self, outcomes: Outcomes) -> None:
        """Take in some examples, whose targets and predictions are [rows, values] each."""
        for number, gathering in enumerate(self._each):
            target, predicted = outcomes.targets[:, number], outcomes.predicted[:, number]
            gathering.add(Outcomes(target, predicted, NO_SCORES, Scale.LOGITS))

    def headline(self) -> Metric | None:
        """Return the first figure of the first output, or of all where there are several, on the examples so far."""
        return next(iter(self.figures()), None) if len(self._each) > 1 else self._each[0].headline()

    def figures(self) -> tuple[Metric, ...]:
        """Return the figures of all outputs, then those of each where there are several.

        A figure of all is the plain mean over the outputs, as scikit-learn's ``uniform_average``. So are its limits: the
        deviation of a mean is at most the mean of the deviations, however the outputs' errors depend on each other
        (Cauchy and Schwarz), so the interval is as wide as it must be, or wider.
        """
        each = [gathering.figures() for gathering in self._each]
        if len(each) == 1:
            return each[0]
        apart = [
            Metric(metric.name, metric.value, metric.low, metric.high, metric.n, f"{OUTPUT_SLICE}={number}")
            for number, found in enumerate(each)
            for metric in found
        ]
        names = dict.fromkeys(metric.name for metric in apart)
        of_name = {name: [metric for metric in apart if metric.name == name] for name in names}
        # A figure that one output does not have (nothing varies, a target is 0) the model as a whole has not either.
        together = [_mean(parts) for parts in of_name.values() if len(parts) == len(each)]
        return (*together, *apart)


def _mean(parts: list[Metric]) -> Metric:
    lows = [part.low for part in parts if part.low is not None]
    highs = [part.high for part in parts if part.high is not None]
    return Metric(
        parts[0].name,
        fmean(part.value for part in parts),
        fmean(lows) if len(lows) == len(parts) else None,
        fmean(highs) if len(highs) == len(parts) else None,
        parts[0].n,
    )
