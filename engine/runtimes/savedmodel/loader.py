"""Loads SavedModel folders and runs one of their functions: compiled, with a fixed signature, called directly.

Runs in a model process only. Importing this module imports TensorFlow, so that the host can fork without paying
again; it runs no operation, opens no device and starts no thread. It must not be imported by the engine.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Before TensorFlow imports Keras: it reads a person's settings, and writes them where there are none.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ["KERAS_HOME"] = f"{os.devnull}/keras"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

from engine.frameworks.tensorflow import Compiled, device_name
from engine.protocols import TensorSpec
from engine.runtimes.savedmodel.endpoints import choose
from engine.runtimes.savedmodel.spec import SERVE, count_graphs
from storage.errors import OWN_SETTINGS, JobError
from storage.text import NAME, clean


class SavedModel:
    """One function of a SavedModel."""

    def __init__(self, root: Any, name: str, function: Any, device: str) -> None:
        # The function alone does not keep its variables alive.
        self._root = root
        signature = function.structured_input_signature
        tensors = [leaf for leaf in tf.nest.flatten(signature) if isinstance(leaf, tf.TensorSpec)]
        _check_inputs(tensors, name)
        self.inputs = tuple(_spec(tensor, f"input_{index}") for index, tensor in enumerate(tensors))
        self.outputs = _outputs(function.structured_outputs)
        self.parameters = _count(function.variables)

        def call(*flat: Any) -> Any:
            given = iter(flat)
            # What is no tensor was fixed when the function was saved (training=False), and is given again.
            arguments, named = tf.nest.map_structure(
                lambda leaf: next(given) if isinstance(leaf, tf.TensorSpec) else leaf, signature
            )
            return tf.nest.flatten(function(*arguments, **named))

        self.run = Compiled(call, tensors, device).run


def load(artefact: Path, device: str, *, signature: str = "") -> SavedModel:
    """Return a function of the model whose graph is ``artefact``, ready on ``device``.

    Args:
        artefact: ``saved_model.pb`` in its folder.
        device: ``cpu`` or ``cuda:N``.
        signature: the name of a signature or function; empty to choose as `endpoints.choose` does.

    Raises:
        JobError: the device cannot be used, or there is no such function.
    """
    place = device_name(device)
    # What draws random numbers draws the same each time.
    tf.random.set_seed(0)
    tags = [SERVE] if count_graphs(artefact) > 1 else None
    with tf.device(place):
        root = tf.saved_model.load(str(artefact.parent), tags=tags)
    functions = {**functions_of(root), **root.signatures}
    name = choose(root.signatures, functions, signature)
    return SavedModel(root, name, functions[name], place)


def functions_of(root: Any) -> dict[str, Any]:
    """Return the functions of the model itself that take one kind of input."""
    found: dict[str, Sequence[Any]] = {
        name: getattr(value, "concrete_functions", ()) for name, value in vars(root).items()
    }
    return {name: functions[0] for name, functions in found.items() if len(functions) == 1}


def _check_inputs(tensors: list[Any], name: str) -> None:
    if not tensors:
        raise JobError(f"The signature {clean(name, NAME)} of the SavedModel takes no inputs.")
    for tensor in tensors:
        if not (tensor.dtype.is_floating or tensor.dtype.is_integer or tensor.dtype.is_bool):
            raise JobError(
                f"The signature {clean(name, NAME)} of the SavedModel takes {tensor.dtype.name}s, not numbers.",
                f'Name another one in {OWN_SETTINGS}: [runtime] signature = "..."',
            )


def _outputs(structure: Any) -> tuple[TensorSpec, ...]:
    """Return the outputs in the order in which they are given: dictionaries by name, everything else as it stands."""
    if isinstance(structure, dict):
        return tuple(_spec(structure[name], name, own=False) for name in sorted(structure))
    return tuple(
        _spec(tensor, f"output_{index}", own=False) for index, tensor in enumerate(tf.nest.flatten(structure))
    )


def _spec(tensor: Any, name: str, *, own: bool = True) -> TensorSpec:
    shape = None if tensor.shape.rank is None else tuple(tensor.shape.as_list())
    return TensorSpec((tensor.name if own else "") or name, shape, tensor.dtype.name)


def _count(variables: Any) -> int | None:
    """Count the variables that the function reads; a frozen graph has none, and keeps its weights as constants."""
    found = {id(variable): variable for variable in variables}
    return sum(variable.shape.num_elements() for variable in found.values()) or None
