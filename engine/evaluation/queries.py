"""The queries of a latency measurement: prepared examples, in batches of any size, none of it timed.

Runs in a model process. Preparing is not part of a query, as in MLPerf LoadGen, whose samples are loaded
before a test begins.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.examples import open_examples
from engine.evaluation.runs import fixed_size
from engine.processes.protocol import MeasureLatency
from engine.protocols import LoadedModel
from storage.errors import JobError
from storage.text import clean

SAMPLES = 64
"""Examples that the queries go through in turn, so that no single input's luck decides."""

Query = tuple["NDArray[Any]", ...]


class Queries:
    """Examples in memory, handed out as batches."""

    def __init__(self, model: LoadedModel, request: MeasureLatency) -> None:
        """Prepare as many examples as a batch needs.

        Raises:
            JobError: the data do not fit the model, or it takes batches of another size only.
        """
        self.fixed = fixed_size(model)
        if self.fixed not in {None, request.batch_size}:
            raise _another_size(self.fixed or 0, request.batch_size)
        examples = open_examples(Path(request.data), request.preprocess, model.inputs)
        self.which = f"examples of {clean(Path(request.data).name)}"
        wanted = max(SAMPLES, request.batch_size)
        # Spread over the data, which may be sorted by class; repeated where there are fewer.
        step = max(1, examples.rows // wanted)
        rows = [index * step % examples.rows for index in range(wanted)]
        singles = [examples.batch(row, row + 1) for row in rows]
        self._arrays = tuple(np.concatenate(column) for column in zip(*singles, strict=True))
        self._size = wanted
        self._made: dict[int, Sequence[Query]] = {}

    def of_size(self, size: int) -> Sequence[Query]:
        """Return different batches of ``size`` examples to be sent in turn; a model of one size gets that one."""
        size = self.fixed or size
        found = self._made.get(size)
        if found is None:
            starts = range(0, self._size - size + 1, size)
            found = [tuple(array[start : start + size] for array in self._arrays) for start in starts]
            self._made[size] = found
        return found


def _another_size(fixed: int, asked: int) -> JobError:
    if asked == 1:
        return JobError(
            f"The model takes batches of exactly {fixed}, so single queries cannot be timed.",
            f"Time batches (--batch {fixed}), or save it with a free first axis.",
        )
    return JobError(
        f"The model takes batches of exactly {fixed}, not {asked}.",
        f"Time such batches (--batch {fixed}), or save it with a free first axis.",
    )
