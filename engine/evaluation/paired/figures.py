"""How much better a figure of the candidate is, as a function of what each example adds to the figures of both versions.

Owns, for each figure that can be compared example by example, its rows for the bootstrap: positive is better, also
where a lower figure is the better one. It must not know how an interval is made, nor what an advantage means.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.metrics import METRICS
from engine.evaluation.metrics.ece import BINS, bins_of
from engine.evaluation.paired.rows import Course, Rows, single
from storage.vocabulary import Column

Floats = NDArray[np.float64]
Values = Mapping[str, NDArray[Any]]
"""Numbers of each example, by the names that `ExampleValues` has."""

MOST_CLASSES: Final = 256
"""Nobody reads more, and no model process shall make a table of them as large as it likes."""

MOST_CELLS: Final = 4_000_000
"""Of a table with a row for each group of examples and five columns a class: 32 MB."""

AVERAGED: Final = frozenset(spec.name for spec in METRICS if spec.each or spec.label_each)
"""Figures that are the mean of one number of each example."""


class Counted(NamedTuple):
    """Shares of examples by class, [..., classes], of one version."""

    true: Floats
    predicted: Floats
    right: Floats


def rows_of(metric: str, before: Values, after: Values) -> Rows | None:
    """Return the advantage in a metric as rows, or ``None`` where it does not follow from what is kept."""
    if metric in AVERAGED and {metric} <= before.keys() & after.keys():
        pair = np.stack([before[metric], after[metric]], axis=1).astype(np.float64)
        return single(pair, lambda means: means[..., 0] - means[..., 1], Course.STRAIGHT)
    if metric in _OF_SQUARES and {"mse", Column.TARGET} <= before.keys() & after.keys():
        return _OF_SQUARES[metric](before, after)
    if metric == "ece" and {Column.CONFIDENCE, Column.TARGET} <= before.keys() & after.keys():
        return _calibration(before, after)
    if metric in _OF_COUNTS and {Column.PREDICTED, Column.TARGET} <= before.keys() & after.keys():
        return _counted(_OF_COUNTS[metric], before, after)
    return None


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


def _calibration(before: Values, after: Values) -> Rows:
    columns = np.concatenate([_gaps(before), _gaps(after)], axis=1)
    return single(
        columns,
        lambda means: np.abs(means[..., :BINS]).sum(axis=-1) - np.abs(means[..., BINS:]).sum(axis=-1),
        Course.KINKED,
    )


def _gaps(values: Values) -> Floats:
    """Return right or wrong less the probability, each example's in the column of its bin."""
    confidence = values[Column.CONFIDENCE].astype(np.float64)
    gaps = np.zeros((len(confidence), BINS))
    right = values[Column.PREDICTED] == values[Column.TARGET]
    gaps[np.arange(len(gaps)), bins_of(confidence)] = right - confidence
    return gaps


def _counted(figure: Callable[[Counted], Floats], before: Values, after: Values) -> Rows | None:
    """Return rows of which each is a group of examples with the same truth and the same two predictions."""
    answers = [
        values.astype(np.int64)
        for values in (before[Column.TARGET], before[Column.PREDICTED], after[Column.PREDICTED])
    ]
    classes = 1 + max(int(values.max(initial=1)) for values in answers)
    # What a model process says is only a claim.
    if classes > MOST_CLASSES or min(int(values.min(initial=0)) for values in answers) < 0:
        return None
    # One number for each triple: ten times as quick to sort as triples are.
    codes, times = np.unique(np.ravel_multi_index(answers, (classes,) * 3), return_counts=True)
    groups = np.unravel_index(codes, (classes,) * 3)
    if len(times) * classes * 5 > MOST_CELLS:
        return None
    every = np.arange(classes)
    true, old, new = (group[:, np.newaxis] == every for group in groups)
    columns = np.concatenate([true, old, true & old, new, true & new], axis=1).astype(np.float64)

    def advantage(means: Floats) -> Floats:
        shares = np.split(means, 5, axis=-1)
        return figure(Counted(shares[0], *shares[3:])) - figure(Counted(*shares[:3]))

    return Rows(columns, times, advantage)


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _mean(values: Floats, counts: "NDArray[Any]") -> Floats:
    return np.asarray((values * counts).sum(axis=-1) / counts.sum(axis=-1))


def _occurring(seen: Counted) -> "NDArray[Any]":
    return (seen.true > 0) | (seen.predicted > 0)


def _precision(seen: Counted) -> Floats:
    return _share(seen.right, seen.predicted)


def _recall(seen: Counted) -> Floats:
    return _share(seen.right, seen.true)


def _f1(seen: Counted) -> Floats:
    return _share(2 * seen.right, seen.true + seen.predicted)


def _correlation(seen: Counted) -> Floats:
    agreement = seen.right.sum(axis=-1) - (seen.true * seen.predicted).sum(axis=-1)
    unlike = (1 - (seen.true**2).sum(axis=-1)) * (1 - (seen.predicted**2).sum(axis=-1))
    return _share(agreement, np.sqrt(np.maximum(unlike, 0)))


def _balanced(seen: Counted) -> Floats:
    return _mean(_recall(seen), seen.true > 0)


_BY_CLASS: Final = {"precision": _precision, "recall": _recall, "f1": _f1}

Figure = Callable[[Counted], Floats]


def _second(of: Figure) -> Figure:
    """Return the figure of the second of two classes, which stands for all examples."""
    return lambda seen: of(seen)[..., 1]


def _macro(of: Figure) -> Figure:
    """Return the mean over the classes that occur, all alike."""
    return lambda seen: _mean(of(seen), _occurring(seen))


def _weighted(of: Figure) -> Figure:
    """Return the mean over the classes, each as often as it has examples."""
    return lambda seen: _mean(of(seen), seen.true)


_OF_COUNTS: Final[dict[str, Figure]] = {
    "balanced_accuracy": _balanced,
    "mcc": _correlation,
    **{name: _second(of) for name, of in _BY_CLASS.items()},
    **{f"{name}_macro": _macro(of) for name, of in _BY_CLASS.items()},
    **{f"{name}_weighted": _weighted(of) for name, of in _BY_CLASS.items()},
}
