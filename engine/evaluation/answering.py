"""Whether a model answers some examples rightly: what a comparison needs that stops as soon as it decides.

Owns the pass over examples in an order of somebody's own. Runs in a model process. It must not compute any figure,
nor know what the answers are compared with.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.examples import Picked, open_examples
from engine.evaluation import outcomes
from engine.evaluation.classes import SCALES, Classes, ScaleError
from engine.evaluation.outcomes import Scale
from engine.evaluation.runs import Runs, fixed_size, together
from engine.processes.protocol import AnswerSome, SomeAnswered
from engine.protocols import LoadedModel
from storage.errors import JobError

Progress = Callable[[int, int], None]


def answer(model: LoadedModel, request: AnswerSome, progress: Progress) -> SomeAnswered:
    """Return which of the examples at the places of ``request`` the model answers rightly, in their order.

    Raises:
        JobError: the data do not fit the model, or the model fails on them.
    """
    examples = open_examples(Path(request.data), request.preprocess, model.inputs)
    places = np.frombuffer(request.places, "<u4")
    if len(places) and int(places.max()) >= examples.rows:
        raise JobError(
            f"{examples.dataset.name} has {examples.rows} examples now; it has changed.", "Try again."
        )
    # No trial of sizes: on so few examples it would settle for a bad one, and that would be remembered.
    size = fixed_size(model) or request.batch_size
    scale = SCALES[request.scale] if request.scale else Scale.PROBABILITIES
    while True:
        classes = Classes(examples.dataset, request.labels, request.output, scale)
        runs = Runs(model, Picked(examples, places), size)
        try:
            right = _right(model, request, classes, runs, places=places, progress=progress)
        except ScaleError as error:
            scale = error.scale
            continue
        return SomeAnswered(
            rows=examples.rows,
            dataset_sha256=examples.dataset.sha256,
            right=np.packbits(right).tobytes(),
            several=classes.several,
            scale=classes.word if len(places) else None,
        )


def _right(
    model: LoadedModel,
    request: AnswerSome,
    classes: Classes,
    runs: Runs,
    *,
    places: "NDArray[np.uint32]",
    progress: Progress,
) -> "NDArray[np.bool_]":
    def scores(given: "tuple[NDArray[Any], ...]") -> "NDArray[Any]":
        return outcomes.class_scores(outcomes.chosen_output(given, model.outputs, request.output))

    right = np.zeros(len(places), np.bool_)
    for start, stop, rows in together(runs, scores, runs.together):
        wrong = int(outcomes.without_number(rows).sum())
        if wrong:
            raise JobError(
                f"The model answered NaN or infinity on {wrong} of {stop - start} examples that were tried.",
                "Evaluate it completely to see on how many of all: modeltender evaluate",
            )
        right[start:stop] = classes.read_at(places[start:stop], rows).right
        progress(stop, len(places))
    return right
