"""A model's raw outputs on a few examples, to hold another model's against.

Owns which examples those are: the same for every model on the same data. Runs in a model process. It must not judge.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.data.examples import Examples, open_examples
from engine.evaluation.outcomes import chosen_output
from engine.evaluation.runs import Arrays, ask, fixed_size
from engine.processes.export_messages import MAXIMUM_OUTPUT_BYTES, Predict, Predicted
from engine.protocols import LoadedModel

BATCH: Final = 64
"""Examples that are answered together after the first one, so that a batch that is not free shows."""


def predict(model: LoadedModel, request: Predict) -> Predicted:
    """Return what ``model`` answers on the examples that ``request`` asks for.

    Raises:
        JobError: the data do not fit the model, or it fails on them.
    """
    examples = open_examples(Path(request.data), request.preprocess, model.inputs)
    places = spread(examples.rows, request.rows)
    fixed = fixed_size(model)
    found: list[NDArray[np.float32]] = []
    room = MAXIMUM_OUTPUT_BYTES
    for chosen in _batches(places, fixed):
        outputs = ask(model, gathered(examples, chosen, fixed), partial("{} examples".format, len(chosen)))
        answer = chosen_output(outputs, model.outputs, request.output)[: len(chosen)]
        rows = np.ascontiguousarray(answer, dtype="<f4").reshape(len(chosen), -1)
        # The first example is answered however large it is, and may leave less than nothing for the others.
        fits = max(0 if found else 1, room // max(rows[:1].nbytes, 1))
        found.append(rows[:fits])
        room -= found[-1].nbytes
        if fits < len(chosen):
            break
    values = np.concatenate(found)
    return Predicted(values.tobytes(), len(values), values.shape[1], examples.dataset.sha256)


def spread(rows: int, wanted: int) -> list[int]:
    """Return the places of at most ``wanted`` of so many examples, evenly from the first on: data may lie in order."""
    count = min(rows, wanted)
    return [place * rows // count for place in range(count)]


def gathered(examples: Examples, places: Sequence[int], size: int | None = None) -> Arrays:
    """Return examples as one batch, filled up with its last one to ``size`` where a model insists on that."""
    filled = [*places, *[places[-1]] * ((size or len(places)) - len(places))]
    single = [examples.batch(place, place + 1) for place in filled]
    arrays: Sequence[tuple[NDArray[Any], ...]] = list(zip(*single, strict=True))
    return tuple(np.concatenate(parts) for parts in arrays)


def _batches(places: Sequence[int], fixed: int | None) -> Iterator[Sequence[int]]:
    size, start = fixed or 1, 0
    while start < len(places):
        yield places[start : start + size]
        start += size
        size = fixed or BATCH
