"""Finding the temperature of a loaded classifier on labelled examples.

Owns the pass over the examples, and how its outputs are read: as for an evaluation. Runs in a model process. What a
temperature is belongs to `engine.evaluation.temperature`; whether it is worth having is the engine's to say.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.data.examples import Examples, Picked, open_examples
from engine.evaluation import outcomes
from engine.evaluation.classes import Classes, ScaleError
from engine.evaluation.likeliest import find
from engine.evaluation.metrics.ece import CalibrationError
from engine.evaluation.outcomes import Outcomes, Scale
from engine.evaluation.predicting import BATCH, gathered, spread
from engine.evaluation.runs import Runs, ask, fixed_size, together
from engine.processes.export_messages import FitTemperature, TemperatureFitted
from engine.protocols import LoadedModel, Temperature
from storage.errors import JobError

ENOUGH: Final = 50_000
"""Examples beyond which one number gets no more certain, spread over the data."""

FEWEST: Final = 50
"""Below this half of the examples say next to nothing about the other half."""

Progress = Callable[[int, int], None]


def fit(model: LoadedModel, request: FitTemperature, progress: Progress) -> TemperatureFitted:
    """Return the temperature of ``model`` on the data of ``request``.

    Raises:
        JobError: the data do not fit the model, are too few, or it gives no probabilities.
    """
    examples = open_examples(Path(request.data), request.preprocess, model.inputs)
    name = examples.dataset.name
    if examples.rows < FEWEST:
        raise JobError(
            f"{name} has {examples.rows} examples; a temperature needs {FEWEST} at least.",
            "Put more labelled examples there that are not test data.",
        )
    places = np.asarray(spread(examples.rows, ENOUGH), dtype=np.uint32)
    first = ask(model, gathered(examples, [0], fixed_size(model)), lambda: f"the first example of {name}")
    place = outcomes.chosen_place(first, model.outputs, request.output)
    width = outcomes.class_scores(first[place]).shape[1]
    read, classes = _read(model, request, examples, places, place=place, progress=progress)
    if classes.scale is Scale.SCORES and not classes.several:
        raise JobError(
            "The model gives each class a score of its own, and no probabilities that add up to 1: there is nothing "
            "that a temperature could fix.",
            "If they are probabilities of several labels, give each example one 0 or 1 a label.",
        )
    found = find(read, width)
    return TemperatureFitted(
        temperature=Temperature(found.value, classes.word, place, width),
        n=len(read),
        dataset_sha256=examples.dataset.sha256,
        loss_before=found.loss_before,
        loss_after=found.loss_after,
        gain_low=found.gain_low,
        ece_before=None if found.softened is None else _error(read),
        ece_after=None if found.softened is None else _error(found.softened),
    )


def _read(
    model: LoadedModel,
    request: FitTemperature,
    examples: Examples,
    places: "NDArray[np.uint32]",
    *,
    place: int,
    progress: Progress,
) -> tuple[Outcomes, Classes]:
    """Return what all the examples came to, all of them read alike."""
    scale = Scale.PROBABILITIES
    while True:
        classes = Classes(examples.dataset, request.labels, request.output, scale)
        # No trial of batch sizes: what it settled on here would be remembered for evaluations.
        runs = Runs(model, Picked(examples, places), fixed_size(model) or BATCH)
        parts: list[Outcomes] = []
        try:
            for start, stop, rows in together(
                runs, lambda given: outcomes.class_scores(given[place]), runs.together
            ):
                wrong = int(outcomes.without_number(rows).sum())
                if wrong:
                    raise JobError(
                        f"The model answered NaN or infinity on {wrong} of {stop - start} examples of "
                        f"{examples.dataset.name}: no temperature fixes that."
                    )
                parts.append(classes.read_at(places[start:stop], rows))
                progress(stop, len(places))
        except ScaleError as error:
            scale = error.scale
            continue
        return _joined(parts), classes


def _joined(parts: list[Outcomes]) -> Outcomes:
    def all_of(name: str) -> "NDArray[Any]":
        return np.concatenate([getattr(part, name) for part in parts])

    return Outcomes(all_of("targets"), all_of("predicted"), all_of("scores"), parts[-1].scale)


def _error(read: Outcomes) -> float | None:
    error = CalibrationError()
    error.add(read)
    metric = error.metric()
    return None if metric is None else metric.value
