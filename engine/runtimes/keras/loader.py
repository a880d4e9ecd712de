"""Loads ``.keras`` and legacy ``.h5`` files and runs them with TensorFlow: one compiled function, called directly.

Runs in a model process only. Importing this module imports the frameworks, so that the host can fork without
paying again; it runs no operation, opens no device and starts no thread. It must not be imported by the
engine.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

# Keras asks for its backend once, when it is first imported. The settings in a person's home folder may say
# another one, and other defaults; a figure must not depend on them. Nor is a file written there.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["KERAS_HOME"] = f"{os.devnull}/keras"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf

from engine.frameworks.tensorflow import Compiled, device_name
from engine.protocols import TensorSpec
from engine.runtimes.keras.files import describe, describe_outputs, packed, read_model

TREE = getattr(keras, "tree", tf.nest)
"""Keras 2 and the first of Keras 3, which another environment than the engine's may have, use TensorFlow's."""


class KerasModel:
    """A Keras model behind one concrete function."""

    def __init__(self, model: Any, device: str) -> None:
        self.inputs = tuple(map(describe, model.inputs))
        self.outputs: tuple[TensorSpec, ...] = describe_outputs(model)
        self.parameters: int | None = int(model.count_params())
        signature = [
            tf.TensorSpec(tensor.shape, tensor.dtype, name=f"input_{index}")
            for index, tensor in enumerate(model.inputs)
        ]

        def call(*flat: Any) -> Any:
            answers = model(packed(model, flat, TREE), training=False)
            return [tf.convert_to_tensor(answer) for answer in TREE.flatten(answers)]

        self.run = Compiled(call, signature, device).run
        self._variables = model.weights

    def weights(self) -> "Iterator[tuple[str, NDArray[Any]]]":
        """Return each variable with its path."""
        for variable in self._variables:
            yield getattr(variable, "path", variable.name), variable.numpy()


def load(artefact: Path, device: str, *, trusted: bool = False) -> KerasModel:
    """Return the model in ``artefact``, ready on ``device``; where it is ``trusted``, so is the code that it carries.

    Raises:
        JobError: the device cannot be used, or the model must not be loaded.
    """
    name = device_name(device)
    # Dropout and its like do nothing at inference; what does draw random numbers draws the same each time.
    keras.utils.set_random_seed(0)
    with tf.device(name):
        model = read_model(artefact, trusted=trusted)
    return KerasModel(model, name)
