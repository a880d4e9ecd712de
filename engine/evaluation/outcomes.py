"""From a model's raw outputs to predictions that metrics can count.

Owns which output holds the predictions and how its numbers are to be read: as probabilities, as scores of
classes apart, or as logits. It must not compute any figure.
"""

from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.protocols import TensorSpec
from storage.errors import OWN_SETTINGS, JobError
from storage.settings import Output
from storage.text import clean

SUM_TOLERANCE = 1e-3
"""How far the sum of a row may be from 1 among probabilities in float32."""

HALF_TOLERANCE = 2e-2
"""The same in half precision, where ten numbers rarely add up better."""


class Scale(IntEnum):
    """How a row of outputs is to be read; later members need stronger evidence and win over earlier ones."""

    PROBABILITIES = 0
    """Rows between 0 and 1 that add up to 1, or a single column between 0 and 1."""
    SCORES = 1
    """Rows between 0 and 1 that do not add up: one sigmoid a class. The largest wins; they have no log loss."""
    LOGITS = 2
    """Anything else: softmax (or the sigmoid of a single column) makes probabilities of them."""


class Outcomes:
    """What some examples came to, and what several figures need of it, computed once.

    ``predicted`` and ``targets`` are one number an example: a value for regression, a class for classification.
    For several labels both are booleans, one column a label. ``scores`` has one column a class or label, as the
    model gave them, and none for regression. An array may lie in memory in either order.
    """

    def __init__(
        self, targets: "NDArray[Any]", predicted: "NDArray[Any]", scores: "NDArray[Any]", scale: Scale
    ) -> None:
        self.targets = targets
        self.predicted = predicted
        self.scores = scores
        self.scale = scale

    def __len__(self) -> int:
        """Return how many examples there are."""
        return len(self.targets)

    def part(self, rows: "NDArray[Any]") -> "Outcomes":
        """Return what the examples at ``rows`` came to: their places, or a boolean for every one."""
        scores = self.scores[rows] if self.scores.size else self.scores
        return Outcomes(self.targets[rows], self.predicted[rows], scores, self.scale)

    @cached_property
    def rows(self) -> "NDArray[np.int64]":
        """0, 1, 2, ...: what picks one column from each row."""
        return np.arange(len(self.targets))

    @cached_property
    def right(self) -> "NDArray[np.bool_]":
        """Which examples were answered rightly: their class, or every one of their labels."""
        same = self.predicted == self.targets
        return np.asarray(same.all(axis=1) if same.ndim == 2 else same)

    @cached_property
    def label_probabilities(self) -> "NDArray[np.float64]":
        """The probability of each label, where an example may have several."""
        if self.scale is Scale.LOGITS:
            return np.asarray(1 / (1 + np.exp(-self.scores.astype(np.float64))))
        return self.scores.astype(np.float64)

    @cached_property
    def columns(self) -> "NDArray[Any]":
        """The scores with one row a class: what goes through all examples at once is several times quicker so."""
        return np.ascontiguousarray(self.scores.T)

    @cached_property
    def given(self) -> "NDArray[Any]":
        """The score of each example's true class, as the model gave it."""
        return np.asarray(self.columns[self.targets, self.rows])

    @cached_property
    def largest(self) -> "NDArray[np.float64]":
        """The largest score of each example."""
        return np.asarray(self.columns.max(axis=0), dtype=np.float64)

    @cached_property
    def weights(self) -> "NDArray[np.float64]":
        """What is divided by its column's sum to give the probabilities, in float64: one row a class."""
        if self.scale is Scale.LOGITS:
            return np.exp(self.columns - self.largest)
        return self.columns.astype(np.float64)

    @cached_property
    def sums(self) -> "NDArray[np.float64]":
        """The sums of each example's `weights`."""
        return np.asarray(self.weights.sum(axis=0))

    @cached_property
    def truth(self) -> "NDArray[np.float64]":
        """The probability that each example's true class was given."""
        return np.asarray(self.weights[self.targets, self.rows] / self.sums)


def chosen_output(
    outputs: "tuple[NDArray[Any], ...]", specs: tuple[TensorSpec, ...], wanted: Output
) -> "NDArray[Any]":
    """Return the output that holds the predictions: the one of the settings, the only one, or the only one of floats.

    Raises:
        JobError: several could be meant, or there is none such.
    """
    return outputs[chosen_place(outputs, specs, wanted)]


def chosen_place(outputs: "tuple[NDArray[Any], ...]", specs: tuple[TensorSpec, ...], wanted: Output) -> int:
    """Return the place of that output among all of them.

    Raises:
        JobError: several could be meant, or there is none such.
    """
    names = [spec.name for spec in specs]
    if wanted.name or wanted.index is not None:
        return _place(wanted, names, len(outputs))
    floats = [
        place
        for place, output in enumerate(outputs)
        if output.dtype.kind == "f" or output.dtype.name == "bfloat16"
    ]
    candidates = floats if len(outputs) > 1 else list(range(len(outputs)))
    if len(candidates) == 1:
        return candidates[0]
    raise JobError(
        f"The model has {len(outputs)} outputs{_listed(names)}, and which holds the predictions is not known.",
        f"Say which in {OWN_SETTINGS}: "
        + (f'output = {{ name = "{clean(names[0], 40)}" }}.' if names else "output = { index = 0 }."),
    )


def _place(wanted: Output, names: list[str], count: int) -> int:
    """Return the place of the output that the settings mean."""
    found = names.index(wanted.name) if wanted.name in names else None
    if wanted.name and found is None:
        raise JobError(
            f"The model has no output {clean(wanted.name, 40)}{_listed(names)}.",
            f"Correct output.name in {OWN_SETTINGS}, or say output.index.",
        )
    if wanted.index is not None and wanted.index >= count:
        raise JobError(
            f"The model has {count} outputs, counted from 0, and model.toml asks for number {wanted.index}.",
            f"Correct output.index in {OWN_SETTINGS}.",
        )
    if found is not None and wanted.index is not None and found != wanted.index:
        raise JobError(
            f"The output {clean(wanted.name, 40)} is number {found}, but model.toml says output.index = {wanted.index}.",
            "Leave one of the two out.",
        )
    return found if found is not None else wanted.index or 0


def _listed(names: list[str]) -> str:
    shown = ", ".join(clean(name, 40) for name in names)
    return f" ({shown})" if shown else ""


def class_scores(output: "NDArray[Any]") -> "NDArray[Any]":
    """Return an output as one row an example, one column a class, or a single column for two classes.

    Raises:
        JobError: it has another form.
    """
    if output.ndim == 1:
        return output[:, np.newaxis]
    if output.ndim == 2 and output.shape[1] >= 1:
        return output
    shape = ", ".join(["?", *map(str, output.shape[1:])])
    raise JobError(
        f"The model's output is {output.dtype.name} [{shape}], not one row of class scores per example.",
        "Only classification of whole examples can be evaluated yet: output [?, classes].",
    )


def values(output: "NDArray[Any]") -> "NDArray[np.float64]":
    """Return an output as one row an example, one column a value, in float64.

    Raises:
        JobError: it has another form.
    """
    if output.ndim == 1:
        output = output[:, np.newaxis]
    if output.ndim != 2:
        shape = ", ".join(["?", *map(str, output.shape[1:])])
        raise JobError(
            f"The model's output is {output.dtype.name} [{shape}], not one row of values per example.",
            "Only regression of a value or a row of values per example can be evaluated: output [?, values].",
        )
    return output.astype(np.float64)


def scale_of(scores: "NDArray[Any]") -> Scale:
    """Return how these rows, [examples, classes] without NaN, are to be read; without any, as probabilities."""
    if not len(scores):
        return Scale.PROBABILITIES
    if float(scores.min()) < 0 or float(scores.max()) > 1:
        return Scale.LOGITS
    if scores.shape[1] == 1:
        return Scale.PROBABILITIES
    tolerance = SUM_TOLERANCE if scores.dtype.itemsize >= 4 else HALF_TOLERANCE
    # A product with ones is several times quicker than a sum along short rows, and exact enough for the question.
    values = scores if scores.dtype.itemsize >= 4 else scores.astype(np.float32)
    sums = values @ np.ones(values.shape[1], dtype=values.dtype)
    return Scale.PROBABILITIES if bool(np.all(np.abs(sums - 1) <= tolerance)) else Scale.SCORES


def label_scale_of(scores: "NDArray[Any]") -> Scale:
    """Return how these rows are to be read where each column is a question of its own: sigmoids or logits."""
    if len(scores) and (float(scores.min()) < 0 or float(scores.max()) > 1):
        return Scale.LOGITS
    return Scale.SCORES


def with_both_classes(scores: "NDArray[Any]", scale: Scale) -> "NDArray[Any]":
    """Return scores with a column for each class, where a single column speaks for the second of two."""
    if scores.shape[1] > 1:
        return scores
    wide = scores.astype(np.float64)
    return np.hstack([np.zeros_like(wide) if scale is Scale.LOGITS else 1 - wide, wide])


def without_number(values: "NDArray[Any]") -> "NDArray[np.bool_]":
    """Return which rows hold NaN or plus infinity; minus infinity is an honest logarithm of zero."""
    flat = values.reshape(len(values), -1)
    # One pass where all is well: a sum over finite numbers is finite, and one that overflows is looked at closely.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(flat.sum(dtype=np.float64)):
            return np.zeros(len(flat), dtype=np.bool_)
    return np.asarray((np.isnan(flat) | np.isposinf(flat)).any(axis=1))
