"""How much better a figure of the candidate is, as a function of what each example adds to the figures of both versions.

Owns, for each figure that can be compared example by example, its rows for the bootstrap: positive is better, also
where a lower figure is the better one. It must not know how an interval is made, nor what an advantage means.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.metrics import METRICS
from engine.evaluation.paired import counted
from engine.evaluation.paired.bins import Bins
from engine.evaluation.paired.rows import Course, Floats, Rows, single
from storage.vocabulary import Column

Values = Mapping[str, NDArray[Any]]
"""Numbers of each example, by the names that `ExampleValues` has."""

AVERAGED: Final = frozenset(spec.name for spec in METRICS if spec.each or spec.label_each)
"""Figures that are the mean of one number of each example."""


class Advantages:
    """How much better the candidate is in each figure; what several figures are made of is made once."""

    def __init__(self, before: Values, after: Values) -> None:
        self._before, self._after = before, after
        self._both = before.keys() & after.keys()

    def rows(self, metric: str) -> Rows | Bins | None:
        """Return the advantage in a metric as rows, or ``None`` where it does not follow from what is kept."""
        before, after = self._before, self._after
        if metric in AVERAGED and metric in self._both:
            pair = np.stack([before[metric], after[metric]], axis=1).astype(np.float64)
            return single(pair, lambda means: means[..., 0] - means[..., 1], Course.STRAIGHT)
        if metric in _OF_SQUARES and {"mse", Column.TARGET} <= self._both:
            return _OF_SQUARES[metric](before, after)
        if metric == "ece" and {Column.CONFIDENCE, Column.PREDICTED, Column.TARGET} <= self._both:
            return Bins(before, after)
        if metric in counted.FIGURES and {Column.PREDICTED, Column.TARGET} <= self._both:
            return None if self._groups is None else self._groups.rows(counted.FIGURES[metric])
        return None

    @cached_property
    def _groups(self) -> counted.Groups | None:
        return counted.groups(self._before, self._after)


def _root(before: Values, after: Values) -> Rows:
    pair = np.stack([before["mse"], after["mse"]], axis=1).astype(np.float64)
    return single(pair, lambda means: np.sqrt(means[..., 0]) - np.sqrt(means[..., 1]))


def _determination(before: Values, after: Values) -> Rows | None:
    targets = before[Column.TARGET].astype(np.float64)
    targets = targets - targets.mean()
    if not targets.any():
        return None
    columns = np.stack([before["mse"], after["mse"], targets, targets**2], axis=1).astype(np.float64)

    def advantage(means: Floats) -> Floats:
        variance = means[..., 3] - means[..., 2] ** 2
        # A draw of equal targets only has nothing to explain, and tells the versions not apart.
        gain = means[..., 0] - means[..., 1]
        return np.divide(gain, variance, out=np.zeros_like(gain), where=variance > 0)

    return single(columns, advantage)


_OF_SQUARES: Final = {"rmse": _root, "r2": _determination}
