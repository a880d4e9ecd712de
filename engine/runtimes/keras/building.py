"""Makes the first model of a name: of the layers that its owner lists, or of what suits the shape of the data.

Owns the default network (docs/training.md). Runs in a model process only.
"""

import difflib
from collections.abc import Sequence
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from engine.data import checks
from engine.data.examples import Examples
from engine.training.lessons import task_of
from engine.training.requests import TrainModel
from storage.errors import OWN_SETTINGS, JobError
from storage.text import NAME, clean
from storage.vocabulary import Task

SMALLEST_IMAGE: Final = 12
"""Pixels a side from which on convolutions are worth their time."""

ADAPTED: Final = 10_000
"""Examples from which the means and spreads of columns are learned: enough for three digits."""

CHANNELS: Final = (1, 3, 4)


def build(request: TrainModel, examples: Examples) -> Any:
    """Return a model with fresh weights for these examples.

    Raises:
        JobError: a layer is not known, or does not fit; or nothing can be chosen for such data.
    """
    first = examples.batch(0, 1)
    if len(first) != 1:
        raise JobError(
            f"{examples.dataset.name} has {len(first)} inputs; a model can be built for one.",
            "Build it in a program of your own, and save it into the model's folder in train/.",
        )
    entry = keras.Input(
        first[0].shape[1:], dtype=str(first[0].dtype), name=next(iter(examples.dataset.inputs))
    )
    if request.layers:
        return keras.Model(entry, _listed(request.layers, entry))
    return keras.Model(entry, _chosen(request, examples, entry))


def drawn_anew(model: Any) -> Any:
    """Return the same layers with fresh weights; what was learned of the data's ranges stays."""
    fresh = keras.models.clone_model(model)
    for old, new in zip(model.layers, fresh.layers, strict=True):
        if isinstance(old, keras.layers.Normalization):
            new.set_weights(old.get_weights())
            new.finalize_state()
    return fresh


def _listed(layers: Sequence[dict[str, Any]], entry: Any) -> Any:
    value = entry
    for number, words in enumerate(layers, 1):
        kind = str(words["type"])
        layer = getattr(keras.layers, kind, None)
        if not (isinstance(layer, type) and issubclass(layer, keras.layers.Layer)):
            near = difflib.get_close_matches(kind, dir(keras.layers), n=1)
            raise JobError(
                f"build.layers {number}: Keras has no layer '{clean(kind, NAME)}'."
                + (f" Did you mean '{near[0]}'?" if near else ""),
                "Its layers are listed at https://keras.io/api/layers.",
            )
        try:
            value = layer(**{key: given for key, given in words.items() if key != "type"})(value)
        except (TypeError, ValueError) as error:
            reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise JobError(
                f"build.layers {number} ({clean(kind, NAME)}) cannot be made: {clean(reason)}",
                f"Correct it in [build] of {OWN_SETTINGS}.",
            ) from None
    return value


def _chosen(request: TrainModel, examples: Examples, entry: Any) -> Any:
    """Return what suits the shape of the data: convolutions for images, else two dense layers."""
    targets = examples.dataset.targets
    shape = tuple(entry.shape[1:])
    value = _as_image(request, entry) if _is_image(shape) else entry
    if value is entry:
        value = keras.layers.Flatten()(_standardised(examples, entry)) if shape else None
        if value is None:
            raise JobError(
                f"{examples.dataset.name} has single numbers as inputs, which is too little to build on.",
                f"List the layers in [build] of {OWN_SETTINGS}.",
            )
        value = keras.layers.Dense(64, activation="relu")(value)
    value = keras.layers.Dense(64, activation="relu")(value)
    if task_of(request, targets) is Task.REGRESSION:
        return _values(examples, targets, value)
    if checks.tells_labels(targets):
        return keras.layers.Dense(targets.shape[1], activation="sigmoid")(value)
    return keras.layers.Dense(_classes(request, examples), activation="softmax")(value)


def _is_image(shape: tuple[int, ...]) -> bool:
    sides = [side for side in shape if side >= SMALLEST_IMAGE]
    others = [side for side in shape if side < SMALLEST_IMAGE]
    return len(sides) == 2 and len(shape) in {2, 3} and all(side in CHANNELS for side in others)


def _as_image(request: TrainModel, entry: Any) -> Any:
    value, layers = entry, keras.layers
    if entry.dtype == "uint8":
        value = layers.Rescaling(1 / 255)(value)
    if len(entry.shape) == 3:
        value = layers.Reshape((*entry.shape[1:], 1))(value)
    elif request.preprocess.layout == "NCHW":
        value = layers.Permute((2, 3, 1))(value)
    for filters in (16, 32):
        value = layers.Conv2D(filters, 3, activation="relu", padding="same")(value)
        value = layers.MaxPooling2D()(value)
    return layers.Flatten()(value)


def _standardised(examples: Examples, entry: Any) -> Any:
    """Bring every number to a mean of 0 and a spread of 1, as a part of the model."""
    rows = np.linspace(0, examples.rows - 1, min(examples.rows, ADAPTED)).astype(np.int64)
    layer = keras.layers.Normalization(axis=-1)
    layer.adapt(examples.at(rows)[0].astype(np.float32))
    return layer(entry)


def _values(examples: Examples, targets: "NDArray[Any]", value: Any) -> Any:
    """Answer in the targets' own unit, though the layers work with numbers around 0."""
    values = checks.check_values(examples.dataset.name, targets)
    spread = values.std(axis=0)
    scale = [float(one) or 1.0 for one in spread]
    offset = [float(one) for one in values.mean(axis=0)]
    value = keras.layers.Dense(values.shape[1])(value)
    return keras.layers.Rescaling(scale, offset)(value)


def _classes(request: TrainModel, examples: Examples) -> int:
    targets = examples.dataset.targets
    if request.labels:
        return len(request.labels)
    if targets.ndim == 2 and targets.shape[1] > 1:
        return int(targets.shape[1])
    if targets.dtype.kind in "US":
        raise JobError(
            f"The classes of {examples.dataset.name} are names, whose order only model.toml can say.",
            'Name them there: labels = ["first", "second"]',
        )
    return int(targets.max()) + 1
