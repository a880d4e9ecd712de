"""Loads ``.keras`` and legacy ``.h5`` files and runs them with torch, where TensorFlow is not installed.

Runs in a model process only. Importing this module imports the frameworks, so that the host can fork without paying
again; it runs no operation, opens no device and starts no thread. It must not be imported by the engine.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

# Keras asks for its backend once, when it is first imported. Nor is a file written in a person's home.
os.environ["KERAS_BACKEND"] = "torch"
os.environ["KERAS_HOME"] = f"{os.devnull}/keras"
# Keras would ask torch for a GPU while it is imported: that opens the driver in the host, and CUDA starts in no process that
# is forked afterwards. Where a model is loaded, its device is named.
os.environ["KERAS_TORCH_DEVICE"] = "cpu"

import keras
import torch
from numpy.typing import NDArray

from engine.frameworks.torch import prepare, tensor
from engine.protocols import TensorSpec
from engine.runtimes.keras.files import describe, describe_outputs, packed, read_model


class KerasModel:
    """A Keras model whose layers are torch modules."""

    def __init__(self, model: Any, device: str) -> None:
        self._model = model
        self._device = device
        self.inputs = tuple(map(describe, model.inputs))
        self.outputs: tuple[TensorSpec, ...] = describe_outputs(model)
        self.parameters: int | None = int(model.count_params())

    def weights(self) -> "Iterator[tuple[str, NDArray[Any]]]":
        """Return each variable with its path."""
        for variable in self._model.weights:
            yield variable.path, keras.ops.convert_to_numpy(variable)

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Run one batch."""
        with torch.inference_mode(), keras.device(self._device):
            tensors = [tensor(array).to(self._device) for array in inputs]
            answers = self._model(packed(self._model, tensors, keras.tree), training=False)
            return tuple(answer.cpu().numpy() for answer in keras.tree.flatten(answers))


def load(artefact: Path, device: str, *, trusted: bool = False) -> KerasModel:
    """Return the model in ``artefact``, ready on ``device``; where it is ``trusted``, so is the code that it carries.

    Raises:
        JobError: the device cannot be used, or the model must not be loaded.
    """
    place = prepare(device)
    if place.type == "cuda":
        # Which GPU is said once, to torch: some of Keras' operations know a GPU by the bare word only.
        torch.cuda.set_device(place)
    # Dropout and its like do nothing at inference; what does draw random numbers draws the same each time.
    keras.utils.set_random_seed(0)
    with keras.device(place.type):
        return KerasModel(read_model(artefact, trusted=trusted), place.type)
