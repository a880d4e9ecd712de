"""What a model is to learn from labelled data: which examples, and the targets in the form of its output.

Owns which examples are learned from and which are held against it, and the sentences about what does not fit. Runs in a
model process only; which loss fits both is each framework's own to say.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from engine.data import checks
from engine.data.dataset import Dataset
from engine.data.examples import Examples, open_examples
from engine.protocols import TensorSpec
from engine.training.requests import TrainModel
from storage.errors import JobError
from storage.vocabulary import Task

IN_MEMORY: Final = 2 * 1024**3
"""Bytes of prepared examples that are held: a quarter of what a process may use by default. More are read and prepared
batch by batch from the mapped file."""


class Part(NamedTuple):
    """Some examples of a data set, with what is to be learned of each."""

    examples: Examples
    targets: "NDArray[Any]"
    """Of every example of the data set."""
    rows: "NDArray[np.int64]"
    """Which of them belong to the part."""


def parts(
    request: TrainModel, examples: Examples, specs: Sequence[TensorSpec], width: int
) -> tuple[Part, Part]:
    """Return what a model with these inputs and ``width`` outputs an example learns from, and what that is held against.

    Raises:
        JobError: the data do not fit the model, or are too few.
    """
    targets = learnable(request, examples.dataset, width)
    if request.validation:
        held = open_examples(Path(request.validation), request.preprocess, tuple(specs))
        known = learnable(request, held.dataset, width)
        return Part(examples, targets, np.arange(examples.rows)), Part(held, known, np.arange(held.rows))
    order = default_rng(request.settings.seed).permutation(examples.rows)
    count = round(examples.rows * request.settings.validation)
    if not 0 < count < examples.rows:
        raise JobError(
            f"{examples.dataset.name} has {examples.rows} examples, too few to hold some of them out.",
            "Put validation data beside the test data, or more examples here.",
        )
    held_out, learned = np.sort(order[:count]), np.sort(order[count:])
    return Part(examples, targets, learned), Part(examples, targets, held_out)


def task_of(request: TrainModel, targets: "NDArray[Any]") -> Task:
    """Return the task that the settings say, else the one that the targets look like."""
    if request.task is not None:
        return request.task
    whole = targets.dtype.kind != "f" or bool(np.all(np.mod(targets, 1) == 0))
    return Task.CLASSIFICATION if whole else Task.REGRESSION


def learnable(request: TrainModel, dataset: Dataset, width: int) -> "NDArray[Any]":
    """Return the targets of ``dataset`` as a model with ``width`` outputs an example learns them.

    A class an example is one whole number in a row of its own; everything else is a table of single precision.

    Raises:
        JobError: they do not fit.
    """
    targets = dataset.targets
    if task_of(request, targets) is Task.REGRESSION:
        values = checks.check_values(dataset.name, targets)
        checks.check_width(dataset.name, values, width)
        return values.astype(np.float32)
    if checks.tells_labels(targets):
        return checks.check_labels(dataset.name, targets, request.labels, width).astype(np.float32)
    # One probability tells two classes apart.
    classes = checks.check_classes(dataset.name, targets, request.labels, max(width, 2))
    return classes if width > 1 else classes[:, np.newaxis].astype(np.float32)
