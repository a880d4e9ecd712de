"""Keras models with a temperature built into them: a rescaling of the logits before the last activation.

Runs in a model process only, whose host has imported the loader before, which chooses Keras' backend. Layers are Keras'
own, so that whoever loads the file needs nothing else, and a training can go on with it.
"""

from typing import Any

import keras

from engine.protocols import Conversion, Temperature
from engine.runtimes.keras.files import read_model
from storage.vocabulary import OutputScale

LINEAR = "linear"


def recalibrate(conversion: Conversion) -> None:
    """Write the model with its probabilities softened or sharpened."""
    wanted = conversion.softening
    keras.utils.set_random_seed(0)
    model = read_model(conversion.artefact, trusted=conversion.trusted)
    graph = getattr(model, "_functional", None) or model
    flat = list(model.outputs)
    flat[wanted.place] = _softened(graph, flat[wanted.place], wanted)
    takes = getattr(graph, "_inputs_struct", None)
    gives = getattr(graph, "_outputs_struct", None)
    made = keras.Model(
        list(model.inputs) if takes is None else takes,
        flat if gives is None else keras.tree.pack_sequence_as(gives, flat),
        name=model.name,
    )
    made.save(conversion.destination)


def _softened(graph: Any, output: Any, wanted: Temperature) -> Any:
    kind = keras.backend.standardize_dtype(output.dtype)
    rescaled = keras.layers.Rescaling(1 / wanted.value, dtype=kind, name=_free(graph, "temperature"))
    if wanted.scale is OutputScale.LOGITS:
        activation, before = LINEAR, output
    else:
        activation = "sigmoid" if wanted.one_by_one else "softmax"
        before = _before(graph, output, activation)
        if before is None:
            before = _logits_of(output, wanted)
    # An activation at the end says whether the outputs are probabilities, which a later training asks.
    last = keras.layers.Activation(activation, dtype=kind, name=_free(graph, "recalibrated"))
    return last(rescaled(before))


def _free(graph: Any, wanted: str) -> str:
    """Return a name that no layer has: a model may be recalibrated again."""
    used, name, number = {operation.name for operation in graph.operations}, wanted, 1
    while name in used:
        number += 1
        name = f"{wanted}_{number}"
    return name


def _before(graph: Any, output: Any, activation: str) -> Any:
    """Return the logits that a last activation makes probabilities of, or ``None`` where they cannot be told apart."""
    operation, node, _place = output._keras_history  # noqa: SLF001 - the only way from an output to what made it
    if isinstance(operation, keras.layers.Softmax) and activation == "softmax":
        return operation._inbound_nodes[node].input_tensors[0]  # noqa: SLF001 - as above
    if getattr(getattr(operation, "activation", None), "__name__", "") != activation:
        return None
    if isinstance(operation, keras.layers.Activation):
        return operation._inbound_nodes[node].input_tensors[0]  # noqa: SLF001 - as above
    if not _ends_here(graph, operation, output):
        return None
    # Its own activation goes; what it gave before that is what is rescaled.
    operation.activation = keras.activations.linear
    return output


def _ends_here(graph: Any, operation: Any, output: Any) -> bool:
    """Whether a layer is used once, for this output and nothing else: only then may it change."""
    # Keras has no other list of what is called with what.
    nodes = [node for level in graph._nodes_by_depth.values() for node in level]  # noqa: SLF001 - as said
    uses = sum(node.operation is operation for node in nodes)
    read = any(tensor is output for node in nodes for tensor in node.input_tensors)
    given = sum(tensor is output for tensor in graph.outputs)
    return uses == given == 1 and not read


def _logits_of(output: Any, wanted: Temperature) -> Any:
    """Return logits that would give these probabilities."""
    if not wanted.one_by_one:
        return keras.ops.log(keras.ops.maximum(output, wanted.SMALLEST))
    known = keras.ops.clip(output, wanted.SMALLEST, 1 - wanted.NEAREST)
    return keras.ops.subtract(keras.ops.log(known), keras.ops.log1p(keras.ops.negative(known)))
