"""Labelled examples as torch takes them for training: shuffled anew each epoch, the same way for the same seed.

Owns the order of the examples, and whether they lie in memory or are read batch by batch. Runs in a model process only.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.random import default_rng
from numpy.typing import NDArray

from engine.frameworks.torch import tensor
from engine.training import lessons
from engine.training.lessons import Part

Batch = tuple[tuple[torch.Tensor, ...], torch.Tensor]


class Feed:
    """The batches of some examples."""

    def __init__(self, part: Part, batch_size: int) -> None:
        self._part = part
        self._held = part.examples.whole() if part.examples.bytes <= lessons.IN_MEMORY else None
        self.rows = len(part.rows)
        self._ends = _ends(self.rows, batch_size)

    def __len__(self) -> int:
        """Return how many batches there are."""
        return len(self._ends)

    def shuffled(self, seed: int, epoch: int) -> Iterator[Batch]:
        """Return the batches of an epoch in an order that nothing but ``seed`` and ``epoch`` decides."""
        # Of both, not of what was drawn before: a training that goes on after a cut sees the order that it would have seen.
        yield from self._batches(default_rng([seed, epoch]).permutation(self._part.rows))

    def in_order(self) -> Iterator[Batch]:
        """Return the batches in the data's order."""
        yield from self._batches(self._part.rows)

    def _batches(self, order: "NDArray[np.int64]") -> Iterator[Batch]:
        begin = 0
        for end in self._ends:
            rows, begin = order[begin:end], end
            yield tuple(map(tensor, self._inputs(rows))), tensor(self._part.targets[rows])

    def _inputs(self, rows: "NDArray[np.int64]") -> "tuple[NDArray[Any], ...]":
        if self._held is None:
            return self._part.examples.at(rows)
        return tuple(array[rows] for array in self._held)


def _ends(rows: int, batch_size: int) -> list[int]:
    """Return where each batch ends; a last one of a single example goes with the one before, as torch normalises no such batch."""
    ends = [*range(batch_size, rows, batch_size), rows]
    if batch_size > 1 and len(ends) > 1 and rows - ends[-2] == 1:
        del ends[-2]
    return ends
