"""Top-k accuracy: the share of examples whose class is among the k with the largest outputs.

Owns how often the true class came first, second, third ...; of equal outputs the class with the lower number comes
first, as in accuracy. Its interval is Wilson's.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.confidence import wilson
from engine.evaluation.figures import Setup, figure
from engine.evaluation.outcomes import Outcomes
from storage.records import Metric

K = 5
"""Where the settings name no other number: customary since ImageNet (Russakovsky et al. 2015)."""


class Ranks:
    """Counts at which place the true class came."""

    def __init__(self) -> None:
        self.places: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def add(self, outcomes: Outcomes) -> None:
        """Count some examples."""
        columns, given = outcomes.columns, outcomes.given
        before = np.add.reduce(columns > given, axis=0, dtype=np.int32)
        ties = np.flatnonzero(np.add.reduce(columns >= given, axis=0, dtype=np.int32) - before > 1)
        if len(ties):
            lower = np.arange(len(columns))[:, np.newaxis] < outcomes.targets[ties]
            before[ties] += ((columns[:, ties] == given[ties]) & lower).sum(axis=0, dtype=np.int32)
        self._join(np.bincount(before, minlength=len(columns)))

    def merge(self, other: Self) -> None:
        """Count what ``other`` has counted."""
        self._join(other.places)

    def _join(self, places: "NDArray[np.int64]") -> None:
        if len(places):
            self.places = places + (self.places if len(self.places) else 0)


def figures(ranks: Ranks, setup: Setup) -> tuple[Metric, ...]:
    """Return the share for the k of the settings; none where k classes are all that there are."""
    k, n = setup.top_k or K, int(ranks.places.sum())
    if not n or k >= len(ranks.places):
        return ()
    right = int(ranks.places[:k].sum())
    return (figure(f"top_{k}", right / n, *wilson(right, n), n),)
