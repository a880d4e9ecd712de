"""How good a model is on labelled data.

Owns the one pass from examples to figures, for each task. Runs in a model process. It must not decide
whether the figures are good enough.
"""

import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.data import checks
from engine.data.examples import Examples, open_examples
from engine.evaluation import outcomes
from engine.evaluation.counts import Counts
from engine.evaluation.figures import Setup
from engine.evaluation.gathering import Gathering
from engine.evaluation.outcomes import Outcomes, Scale
from engine.evaluation.runs import Progress, Runs
from engine.evaluation.values import Values
from engine.processes.protocol import Evaluate, Evaluated
from engine.protocols import LoadedModel
from storage.errors import JobError
from storage.vocabulary import Task


class _ScaleError(Exception):
    """A later batch shows that the first ones were read wrongly."""

    def __init__(self, scale: Scale) -> None:
        super().__init__(scale)
        self.scale = scale


class _Work(NamedTuple):
    """What one evaluation works on."""

    model: LoadedModel
    examples: Examples
    runs: Runs
    began: float


def evaluate(model: LoadedModel, request: Evaluate, progress: Progress) -> Evaluated:
    """Return the figures of ``model`` on the data of ``request``.

    Calls ``progress(done, total)`` at most twenty times a second, and at the end.

    Raises:
        JobError: the data do not fit the model, or the model fails on them.
    """
    began = time.perf_counter()
    examples = open_examples(Path(request.data), request.preprocess, model.inputs)
    work = _Work(model, examples, Runs(model, examples, request.batch_size, progress), began)
    if request.task is Task.REGRESSION:
        return _values(work)
    scale = Scale.PROBABILITIES
    while True:
        try:
            return _classes(work, request.labels, scale)
        except _ScaleError as error:
            # Rare: the first batch of a model that gives logits happened to lie between 0 and 1.
            scale = error.scale


def _classes(work: _Work, labels: tuple[str, ...], scale: Scale) -> Evaluated:
    gathering = Gathering(Task.CLASSIFICATION, Setup(labels))
    dataset = work.examples.dataset
    confusion = Counts()
    targets = np.empty(0, dtype=np.int64)
    hits: list[NDArray[np.bool_]] = []
    failures = _Failures(work.examples)
    for start, stop, outputs in work.runs:
        scores = outcomes.class_scores(outcomes.chosen_output(outputs, work.model.outputs))
        if not len(targets):
            targets = checks.check_classes(dataset.name, dataset.targets, labels, max(2, scores.shape[1]))
        if failures.among(scores, start, stop):
            continue
        seen = outcomes.scale_of(scores)
        if seen > scale and hits:
            raise _ScaleError(seen)
        scale = max(scale, seen)
        scores = outcomes.with_both_classes(scores, scale)
        batch = Outcomes(targets[start:stop], scores.argmax(axis=1), scores, scale)
        confusion.add(batch)
        gathering.add(batch)
        hits.append(batch.predicted == batch.targets)
    failures.raise_any()
    correct = np.packbits(np.concatenate(hits)).tobytes()
    return _evaluated(work, gathering, confusion.matrix(), correct)


def _values(work: _Work) -> Evaluated:
    dataset = work.examples.dataset
    targets = checks.check_values(dataset.name, dataset.targets)
    gathering = Values(targets.shape[1])
    failures = _Failures(work.examples)
    for start, stop, outputs in work.runs:
        values = outcomes.values(outcomes.chosen_output(outputs, work.model.outputs))
        checks.check_width(dataset.name, targets, values.shape[1])
        if not failures.among(values, start, stop):
            gathering.add(targets[start:stop], values)
    failures.raise_any()
    return _evaluated(work, gathering, None, None)


def _evaluated(
    work: _Work,
    gathering: Gathering | Values,
    confusion: tuple[tuple[int, ...], ...] | None,
    correct: bytes | None,
) -> Evaluated:
    return Evaluated(
        rows=work.examples.rows,
        dataset_sha256=work.examples.dataset.sha256,
        batch_size=work.runs.size,
        duration_s=time.perf_counter() - work.began,
        metrics=gathering.figures(),
        confusion=confusion,
        correct=correct,
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
            hint = f"{self._with_nan_inputs} examples hold NaN among their inputs; clean {self._examples.dataset.name}."
        raise JobError(
            f"The model answered NaN or infinity on {self._rows} of {rows} examples, first on row {self._first}.",
            hint,
        )
