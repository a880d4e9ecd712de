"""How good a model is on labelled data.

Owns the one pass from examples to figures, for each task. Runs in a model process. It must not decide
whether the figures are good enough.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.data import checks
from engine.data.examples import Examples, open_examples
from engine.evaluation import outcomes
from engine.evaluation.classes import Classes, ScaleError
from engine.evaluation.counts import Counts
from engine.evaluation.figures import Setup
from engine.evaluation.gathering import Gathering
from engine.evaluation.kept import Kept
from engine.evaluation.outcomes import Outcomes, Scale
from engine.evaluation.own import Own, functions
from engine.evaluation.parts import Parts
from engine.evaluation.runs import Runs, together
from engine.evaluation.values import NO_SCORES, Values
from engine.processes.protocol import Evaluate, Evaluated
from engine.protocols import LoadedModel
from storage.errors import JobError
from storage.records import Metric
from storage.vocabulary import Task

PROGRESS_S = 0.05
"""Twenty reports a second look continuous; more would only cost."""

Progress = Callable[[int, int], None]
SoFar = Callable[[Metric, int, int], None]


class _Work(NamedTuple):
    """What one evaluation works on."""

    model: LoadedModel
    request: Evaluate
    examples: Examples
    runs: Runs
    began: float
    progress: Progress
    so_far: SoFar | None

    def output(self, outputs: "tuple[NDArray[Any], ...]") -> "NDArray[Any]":
        """Return the output that holds the predictions."""
        return outcomes.chosen_output(outputs, self.model.outputs, self.request.output)


def evaluate(
    model: LoadedModel, request: Evaluate, progress: Progress, so_far: SoFar | None = None
) -> Evaluated:
    """Return the figures of ``model`` on the data of ``request``.

    Calls ``progress(done, total)`` at most twenty times a second, and at the end; or on the way to there
    ``so_far(figure, done, total)`` with the headline figure on the examples that are done.

    Raises:
        JobError: the data do not fit the model, or the model fails on them.
    """
    began = time.perf_counter()
    examples = open_examples(Path(request.data), request.preprocess, model.inputs, request.slices)
    runs = Runs(model, examples, request.batch_size)
    work = _Work(model, request, examples, runs, began, progress, so_far)
    if request.task is Task.REGRESSION:
        return _values(work)
    scale = Scale.PROBABILITIES
    while True:
        try:
            return _classes(work, Classes(examples.dataset, request.labels, request.output, scale))
        except ScaleError as error:
            # Rare: the first batch of a model that gives logits happened to lie between 0 and 1.
            scale = error.scale


def _classes(work: _Work, classes: Classes) -> Evaluated:
    setup = Setup(work.request.labels, work.request.top_k)
    gathering = _Whole(work, lambda: Gathering(Task.CLASSIFICATION, setup, labels=classes.several))
    confusion = Counts()
    hits: list[NDArray[np.bool_]] = []
    kept = Kept(work.examples.rows, Task.CLASSIFICATION, labels=classes.several)
    failures = _Failures(work.examples)
    for start, stop, scores in together(
        work.runs, lambda given: outcomes.class_scores(work.output(given)), work.runs.together
    ):
        if failures.among(scores, start, stop):
            continue
        batch = classes.read(start, scores)
        if not classes.several:
            confusion.add(batch)
        hits.append(batch.right)
        kept.add(batch)
        gathering.add(start, stop, batch)
    failures.raise_any()
    correct = np.packbits(np.concatenate(hits)).tobytes()
    matrix = None if classes.several else confusion.matrix()
    return msgspec.structs.replace(
        gathering.evaluated(),
        confusion=matrix,
        correct=correct,
        examples=kept.values(),
        scale=classes.word,
    )


def _values(work: _Work) -> Evaluated:
    dataset = work.examples.dataset
    targets = checks.check_values(dataset.name, dataset.targets)
    gathering = _Whole(work, lambda: Values(targets.shape[1]))
    kept = Kept(work.examples.rows, Task.REGRESSION)
    failures = _Failures(work.examples)
    for start, stop, values in together(
        work.runs, lambda given: outcomes.values(work.output(given)), work.runs.together
    ):
        checks.check_width(dataset.name, targets, values.shape[1])
        if not failures.among(values, start, stop):
            batch = Outcomes(targets[start:stop], values, NO_SCORES, Scale.LOGITS)
            gathering.add(start, stop, batch)
            kept.add(batch)
    failures.raise_any()
    return msgspec.structs.replace(gathering.evaluated(), examples=kept.values())


class _Whole:
    """Gathers the figures of all examples and of their parts, and says how far it is."""

    def __init__(self, work: _Work, make: Callable[[], Gathering | Values]) -> None:
        self._work = work
        self._gathering = make()
        own = work.request.own
        found, file = functions(own), own.file if own else ""
        self._own = Own(file, found)
        dataset = work.examples.dataset
        self._parts = Parts(dataset.name, dataset.slices, make)
        self._own_parts = Parts(dataset.name, dataset.slices if found else {}, lambda: Own(file, found))
        self._reported = 0.0

    def add(self, start: int, stop: int, batch: Outcomes) -> None:
        """Take in the examples from ``start`` to before ``stop``."""
        self._gathering.add(batch)
        self._own.add(batch)
        self._parts.add(start, batch)
        self._own_parts.add(start, batch)
        rows, now = self._work.examples.rows, time.monotonic()
        if stop == rows or now - self._reported >= PROGRESS_S:
            self._reported = now
            figure = self._gathering.headline() if self._work.so_far and stop < rows else None
            if self._work.so_far and figure:
                self._work.so_far(figure, stop, rows)
            else:
                self._work.progress(stop, rows)

    def evaluated(self) -> Evaluated:
        """Return everything that was gathered."""
        return Evaluated(
            rows=self._work.examples.rows,
            dataset_sha256=self._work.examples.dataset.sha256,
            batch_size=self._work.runs.size,
            duration_s=time.perf_counter() - self._work.began,
            metrics=(
                *self._gathering.figures(),
                *self._own.figures(),
                *self._parts.figures(),
                *self._own_parts.figures(),
            ),
            confusion=None,
            correct=None,
        )


class _Failures:
    """Counts examples that the model has no answer for; one is enough to make every figure a lie."""

    def __init__(self, examples: Examples) -> None:
        self._examples = examples
        self._rows = 0
        self._first = 0
        self._with_nan_inputs = 0

    def among(self, scores: "NDArray[Any]", start: int, stop: int) -> bool:
        """Return whether a batch has such examples, after counting them."""
        wrong = outcomes.without_number(scores)
        count = int(wrong.sum())
        if count:
            self._first = self._first if self._rows else start + int(wrong.argmax())
            self._rows += count
            self._with_nan_inputs += checks.rows_without_number(self._examples.batch(start, stop))
        return count > 0

    def raise_any(self) -> None:
        """Raise where there was any."""
        if not self._rows:
            return
        rows = self._examples.rows
        hint = "Look at the model's training: its weights or its arithmetic overflow."
        if self._with_nan_inputs:
            n = self._with_nan_inputs
            hint = f"{n} example{' holds' if n == 1 else 's hold'} NaN among {'its' if n == 1 else 'their'} inputs; clean {self._examples.dataset.name}."
        raise JobError(
            f"The model answered NaN or infinity on {self._rows} of {rows} examples, first on row {self._first}.",
            hint,
        )
