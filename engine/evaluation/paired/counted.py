"""How much better a figure of counts is, from how often two versions took each class for each on the same examples.

Owns the groups of examples that have the same truth and the same two answers, and the figures that counts make. Groups are
found once for all figures. It must not know how an interval is made.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.paired.rows import Floats, Rows, weighted
from storage.vocabulary import Column

MOST_CLASSES: Final = 256
"""Nobody reads more, and no model process shall make a table of them as large as it likes."""

MOST_CELLS: Final = 4_000_000
"""Of a table with a row for each group of examples and five columns a class: 32 MB."""


class Counted(NamedTuple):
    """Shares of examples by class, [..., classes], of one version."""

    true: Floats
    predicted: Floats
    right: Floats


Figure = Callable[[Counted], Floats]


class Answered(NamedTuple):
    """What examples add to the shares of one version: a row for each truth with an answer, and which row groups have."""

    rows: Counted
    of_group: "NDArray[np.intp]"
    means: Counted

    def shifted(self, figure: Figure, step: float) -> Floats:
        """Return the figure with so much of the whole weight moved to each group in turn."""
        moved = (mean + step * (rows - mean) for rows, mean in zip(self.rows, self.means, strict=True))
        return figure(Counted(*moved))[self.of_group]


class Groups:
    """Examples with the same truth and the same two answers, of which each counts as often as there are."""

    def __init__(self, true: "NDArray[np.int64]", old: "NDArray[np.int64]", new: "NDArray[np.int64]") -> None:
        self._classes = 1 + max(int(values.max(initial=1)) for values in (true, old, new))
        # One number for each triple: ten times as quick to sort as triples are.
        codes, self._times = np.unique(
            np.ravel_multi_index((true, old, new), (self._classes,) * 3), return_counts=True
        )
        self._true, self._old, self._new = np.unravel_index(codes, (self._classes,) * 3)

    def rows(self, figure: Figure) -> Rows | None:
        """Return how much better a figure is, or ``None`` where there are too many classes and groups."""
        if len(self._times) * self._classes * 5 > MOST_CELLS:
            return None
        return Rows(
            self._columns, self._times, lambda means: _advantage(figure, means), shifts=self._shifts(figure)
        )

    def _shifts(self, figure: Figure) -> Callable[[float], Floats]:
        """An example moves the figure of each version by itself, and far fewer rows say how."""
        old, new = self._answered
        return lambda step: new.shifted(figure, step) - old.shifted(figure, step)

    @cached_property
    def _answered(self) -> tuple[Answered, Answered]:
        return self._of(self._old), self._of(self._new)

    def _of(self, predicted: "NDArray[np.intp]") -> Answered:
        every = np.arange(self._classes)
        codes, of_group = np.unique(self._true * self._classes + predicted, return_inverse=True)
        true, answer = (part[:, np.newaxis] == every for part in np.divmod(codes, self._classes))
        rows = Counted(*(part.astype(np.float64) for part in (true, answer, true & answer)))
        times = np.bincount(of_group, self._times)
        return Answered(rows, of_group, Counted(*(weighted(times, part) / times.sum() for part in rows)))

    @cached_property
    def _columns(self) -> Floats:
        every = np.arange(self._classes)
        true, old, new = (part[:, np.newaxis] == every for part in (self._true, self._old, self._new))
        return np.concatenate([true, old, true & old, new, true & new], axis=1).astype(np.float64)


def groups(before: Mapping[str, NDArray[Any]], after: Mapping[str, NDArray[Any]]) -> Groups | None:
    """Return the groups of examples, or ``None`` where what is on record are no classes that anybody reads."""
    answers = [
        values.astype(np.int64)
        for values in (before[Column.TARGET], before[Column.PREDICTED], after[Column.PREDICTED])
    ]
    # What a model process says is only a claim.
    if any(
        int(values.max(initial=0)) >= MOST_CLASSES or int(values.min(initial=0)) < 0 for values in answers
    ):
        return None
    return Groups(*answers)


def _advantage(figure: Figure, means: Floats) -> Floats:
    """Return how much better the figure is: the true shares first, then what each version has of its own."""
    classes = means.shape[-1] // 5
    true, old, old_right, new, new_right = (
        means[..., place * classes : (place + 1) * classes] for place in range(5)
    )
    return figure(Counted(true, new, new_right)) - figure(Counted(true, old, old_right))


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


def _second(of: Figure) -> Figure:
    """Return the figure of the second of two classes, which stands for all examples."""
    return lambda seen: of(seen)[..., 1]


def _macro(of: Figure) -> Figure:
    """Return the mean over the classes that occur, all alike."""
    return lambda seen: _mean(of(seen), _occurring(seen))


def _weighted(of: Figure) -> Figure:
    """Return the mean over the classes, each as often as it has examples."""
    return lambda seen: _mean(of(seen), seen.true)


FIGURES: Final[dict[str, Figure]] = {
    "balanced_accuracy": _balanced,
    "mcc": _correlation,
    **{name: _second(of) for name, of in _BY_CLASS.items()},
    **{f"{name}_macro": _macro(of) for name, of in _BY_CLASS.items()},
    **{f"{name}_weighted": _weighted(of) for name, of in _BY_CLASS.items()},
}
