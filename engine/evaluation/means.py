"""Figures that are the mean of a number which each example has, such as its loss or the size of its error.

Owns gathering the numbers, their mean and its interval, which is Student's. What the number is tells the file of the
metric; so does where there is none.
"""

from collections.abc import Callable
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.evaluation.moments import Moments
from engine.evaluation.outcomes import Outcomes, Scale
from storage.records import Metric


def everywhere(_outcomes: Outcomes) -> bool:
    """Whether each example has a number: always."""
    return True


def where_probable(outcomes: Outcomes) -> bool:
    """Whether the outputs are probabilities: of scores that are none there would be a made-up number."""
    return outcomes.scale is not Scale.SCORES


class Mean:
    """Gathers one number of each example, none of them below 0; one batch without them, and there is no figure."""

    def __init__(
        self,
        name: str,
        each: "Callable[[Outcomes], NDArray[np.float64]]",
        defined: Callable[[Outcomes], bool] = everywhere,
    ) -> None:
        self._name = name
        self._each = each
        self._defined = defined
        self._moments = Moments()
        self._undefined = False

    def add(self, outcomes: Outcomes) -> None:
        """Count one batch."""
        if self._defined(outcomes):
            self._moments.add(self._each(outcomes))
        else:
            self._undefined = True

    def merge(self, other: Self) -> None:
        """Count what ``other`` has counted."""
        self._moments.merge(other._moments)
        self._undefined |= other._undefined

    def metric(self) -> Metric | None:
        """Return the mean, or ``None`` without examples, or where some have no number."""
        if self._undefined or not self._moments.n:
            return None
        low, high = self._moments.interval(least=0.0)
        return Metric(self._name, self._moments.mean, low, high, self._moments.n)
