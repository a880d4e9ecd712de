"""Figures of parts of the examples, told apart by the values of columns of the data.

Owns which examples belong to which part, and what a part is called. It must not know any figure.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.evaluation.outcomes import Outcomes
from storage.errors import OWN_SETTINGS, JobError
from storage.records import Metric
from storage.text import NAME, clean

VALUES = 50
"""Different values of a column: nobody reads more parts, and each keeps figures of its own."""


class Gatherer(Protocol):
    """What gathers the figures of one set of examples."""

    def add(self, outcomes: Outcomes) -> None:
        """Take in some examples."""
        ...

    def figures(self) -> tuple[Metric, ...]:
        """Return every figure."""
        ...


class _Column(NamedTuple):
    """The parts by one column."""

    name: str
    values: tuple[str, ...]
    places: "NDArray[np.int64]"
    """Each example's place among the values."""
    gathered: tuple[Gatherer, ...]


class Parts:
    """Gathers the figures of every part."""

    def __init__(self, file: str, columns: "dict[str, NDArray[Any]]", make: Callable[[], Gatherer]) -> None:
        """Tell the parts apart.

        Args:
            file: the data, for the sentence when they cannot be told apart.
            columns: one value an example, by the column's name.
            make: makes what gathers one part's figures.

        Raises:
            JobError: a column has too many different values.
        """
        self._columns = [_told_apart(file, name, values, make) for name, values in columns.items()]

    def add(self, start: int, outcomes: Outcomes) -> None:
        """Take in the examples from ``start`` on."""
        for column in self._columns:
            places = column.places[start : start + len(outcomes)]
            for place in np.flatnonzero(np.bincount(places, minlength=len(column.values))):
                column.gathered[place].add(outcomes.part(np.flatnonzero(places == place)))

    def figures(self) -> tuple[Metric, ...]:
        """Return the figures of each part as a whole: those of a part's classes would be too many to read."""
        return tuple(
            msgspec.structs.replace(metric, slice=f"{column.name}={value}")
            for column in self._columns
            for value, gathered in zip(column.values, column.gathered, strict=True)
            for metric in gathered.figures()
            if not metric.slice
        )


def _told_apart(file: str, name: str, values: "NDArray[Any]", make: Callable[[], Gatherer]) -> _Column:
    different, places = np.unique(values, return_inverse=True)
    # Two values may look alike once they are fit to be shown; then they are one part.
    shown, joined = np.unique([_shown(value) for value in different.tolist()], return_inverse=True)
    if len(shown) > VALUES:
        raise JobError(
            f"The column {clean(name, NAME)} of {file} has {len(shown)} different values; figures are told apart "
            f"by {VALUES} at most.",
            f"Name a column with fewer values in data.slices of {OWN_SETTINGS}, or put its values into groups.",
        )
    parts = tuple(shown.tolist())
    return _Column(clean(name, NAME), parts, joined[places.reshape(-1)], tuple(make() for _ in parts))


def _shown(value: object) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return clean(text, NAME) or "(empty)"
