"""Loads ``.keras`` and legacy ``.h5`` files and runs them: one compiled function with a fixed signature, called directly.

Runs in a model process only. Importing this module imports the frameworks, so that the host can fork without
paying again; it runs no operation, opens no device and starts no thread. It must not be imported by the
engine.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Keras asks for its backend once, when it is first imported. The settings in a person's home folder may say
# another one, and other defaults; a figure must not depend on them. Nor is a file written there.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["KERAS_HOME"] = f"{os.devnull}/keras"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf
from numpy.typing import NDArray

from engine.protocols import TensorSpec
from engine.runtimes.keras.files import read_model
from storage.errors import JobError


class KerasModel:
    """A Keras model behind one concrete function."""

    def __init__(self, model: Any, device: str) -> None:
        self._device = device
        tensors = list(model.inputs)
        self.inputs = tuple(_spec(tensor) for tensor in tensors)
        self.parameters: int | None = int(model.count_params())
        with tf.device(device):
            self._function = _compiled(model, tensors)
        self.outputs = tuple(_spec(tensor) for tensor in model.outputs)

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Run one batch."""
        with tf.device(self._device):
            answers = self._function(*[tf.convert_to_tensor(array) for array in inputs])
        return tuple(answer.numpy() for answer in answers)


def load(artefact: Path, device: str) -> KerasModel:
    """Return the model in ``artefact``, ready on ``device``.

    Raises:
        JobError: the device cannot be used, or the model must not be loaded.
    """
    name = _device_name(device)
    # Dropout and its like do nothing at inference; what does draw random numbers draws the same each time.
    keras.utils.set_random_seed(0)
    with tf.device(name):
        model = read_model(artefact)
    return KerasModel(model, name)


def _compiled(model: Any, tensors: list[Any]) -> Any:
    """Return the model as a function of flat inputs that gives a flat list of outputs, traced once."""
    signature = [
        tf.TensorSpec([tensor.shape[0], *tensor.shape[1:]], tensor.dtype, name=f"input_{index}")
        for index, tensor in enumerate(tensors)
    ]
    structure = getattr(model, "_inputs_struct", None)

    def call(*flat: Any) -> Any:
        packed = keras.tree.pack_sequence_as(structure, flat) if structure is not None else flat[0]
        return [tf.convert_to_tensor(output) for output in keras.tree.flatten(model(packed, training=False))]

    return tf.function(call, input_signature=signature, autograph=False).get_concrete_function()


def _device_name(device: str) -> str:
    """Return TensorFlow's name of a device, after making sure that no other one is used instead."""
    kind, _, index = device.partition(":")
    if kind == "cpu":
        tf.config.set_visible_devices([], "GPU")
        return "/CPU:0"
    if kind != "cuda":
        raise JobError(f"TensorFlow cannot run on {device}.", "Choose cpu, or cuda:0 where there is one.")
    available = len(tf.config.list_physical_devices("GPU"))
    if int(index or 0) >= available:
        raise JobError(
            f"TensorFlow finds {available} GPUs here, so {device} cannot be used.",
            "Install a TensorFlow with CUDA support (pip install 'tensorflow[and-cuda]'), or choose cpu.",
        )
    return f"/GPU:{int(index or 0)}"


def _spec(tensor: Any) -> TensorSpec:
    return TensorSpec(str(tensor.name), tuple(tensor.shape), keras.backend.standardize_dtype(tensor.dtype))
