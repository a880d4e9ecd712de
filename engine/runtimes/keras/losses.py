"""The loss by which a Keras model learns its targets, and the figures that are told beside it.

Owns their choice, and the sentences about what cannot be chosen. Runs in a model process only.
"""

from typing import Any, NamedTuple

import keras
from numpy.typing import NDArray

from engine.training.lessons import task_of
from engine.training.requests import TrainModel
from storage.errors import OWN_SETTINGS, JobError
from storage.text import clean
from storage.vocabulary import OutputScale, Task

PROBABILITIES = frozenset({"softmax", "sigmoid"})
"""Activations whose outputs are probabilities."""


class Lesson(NamedTuple):
    """By which loss targets are learned, and what is told of it."""

    loss: Any
    metrics: list[Any]


def lesson(request: TrainModel, model: Any, targets: "NDArray[Any]") -> Lesson:
    """Return the loss and the figures for learning ``targets``, as `learnable` gives them.

    Raises:
        JobError: the loss that the settings name is unknown, or none can be chosen.
    """
    if request.settings.loss:
        try:
            loss = keras.losses.get(request.settings.loss)
        except ValueError:
            raise JobError(
                f"Keras has no loss '{clean(request.settings.loss, 60)}'.",
                "Name one of its own in [train] loss, or leave it out.",
            ) from None
    elif (
        task_of(request, targets) is Task.REGRESSION
        and targets.ndim == 2
        and request.task is not Task.CLASSIFICATION
    ):
        loss = keras.losses.MeanSquaredError()
    else:
        logits = not _probabilities(request, model)
        kind = (
            keras.losses.SparseCategoricalCrossentropy
            if targets.ndim == 1
            else keras.losses.BinaryCrossentropy
        )
        loss = kind(from_logits=logits)
    return Lesson(loss, _metrics(request, model, targets))


def _metrics(request: TrainModel, model: Any, targets: "NDArray[Any]") -> list[Any]:
    if targets.ndim == 1:
        return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]
    if request.task is Task.REGRESSION or task_of(request, targets) is Task.REGRESSION:
        return [keras.metrics.MeanAbsoluteError(name="mae")]
    threshold = 0.5 if _probabilities(request, model) else 0.0
    return [keras.metrics.BinaryAccuracy(name="accuracy", threshold=threshold)]


def _probabilities(request: TrainModel, model: Any) -> bool:
    """Whether a classifier's outputs are probabilities, and not logits."""
    scale = request.output.scale
    if scale is not None:
        return scale is not OutputScale.LOGITS
    last = model.outputs[0]._keras_history.operation  # noqa: SLF001 - the only way from an output to what made it
    if isinstance(last, keras.layers.Softmax):
        return True
    activation = getattr(last, "activation", None)
    name = getattr(activation, "__name__", "")
    if name in PROBABILITIES:
        return True
    if name == "linear":
        return False
    raise JobError(
        f"It cannot be told whether the output of the layer {clean(last.name, 60)} is a probability or a logit.",
        f'Say it in {OWN_SETTINGS}: output = {{ scale = "probabilities" }} or "logits"; or name the [train] loss.',
    )
