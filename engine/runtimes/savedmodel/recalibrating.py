"""SavedModel folders with a temperature built into them: a function around the saved one, under the same signatures.

Runs in a model process only. Its graph cannot be opened, so probabilities are made from their own logarithms.
"""

from typing import Any, Final

import numpy as np
import tensorflow as tf

from engine.protocols import Conversion, Temperature
from engine.runtimes.savedmodel.endpoints import SERVING_DEFAULT, choose
from engine.runtimes.savedmodel.loader import functions_of
from engine.runtimes.savedmodel.spec import SERVE, count_graphs
from storage.vocabulary import OutputScale

ALIKE: Final = 1e-5
"""How far two signatures' answers may be apart that are the same function: Keras exports each model under two names."""


def recalibrate(conversion: Conversion) -> None:
    """Write the model with its probabilities softened or sharpened, whichever of its names it is asked by."""
    wanted = conversion.softening
    folder = conversion.artefact.parent
    tags = [SERVE] if count_graphs(conversion.artefact) > 1 else None
    root = tf.saved_model.load(str(folder), tags=tags)
    functions = {**functions_of(root), **root.signatures}
    name = choose(root.signatures, functions, str(dict(conversion.options).get("signature", "")))
    example = next(conversion.examples(1))
    before = _answers(functions[name], example)
    made = tf.Module()
    # What a function reads is found from what is saved with it.
    made.root = root
    signatures = dict(root.signatures) or {SERVING_DEFAULT: functions[name]}
    signatures[name] = functions[name]
    for known, function in signatures.items():
        if known == name or _same(function, example, before):
            signatures[known] = _softened(function, wanted)
    tf.saved_model.save(made, str(conversion.destination), signatures=signatures)


def _tensors(function: Any) -> list[Any]:
    """Return what a function takes, in its order."""
    leaves = tf.nest.flatten(function.structured_input_signature)
    return [leaf for leaf in leaves if isinstance(leaf, tf.TensorSpec)]


def _called(function: Any, flat: "list[Any] | tuple[Any, ...]") -> list[Any]:
    """Return what a function answers, in the loader's order."""
    given = iter(flat)
    # What is no tensor was fixed when the function was saved (training=False), and is given again.
    arguments, named = tf.nest.map_structure(
        lambda leaf: next(given) if isinstance(leaf, tf.TensorSpec) else leaf,
        function.structured_input_signature,
    )
    return list(tf.nest.flatten(function(*arguments, **named)))


def _answers(function: Any, example: tuple[Any, ...]) -> list[Any]:
    tensors = [
        tf.convert_to_tensor(array, dtype=spec.dtype)
        for array, spec in zip(example, _tensors(function), strict=True)
    ]
    return [np.asarray(answer) for answer in _called(function, tensors)]


def _same(function: Any, example: tuple[Any, ...], before: list[Any]) -> bool:
    """Whether a signature is the very function that is recalibrated under another name."""
    takes = _tensors(function)
    if len(takes) != len(example) or not all(
        spec.shape.is_compatible_with(array.shape) and spec.dtype == tf.as_dtype(array.dtype)
        for spec, array in zip(takes, example, strict=True)
    ):
        return False
    after = _answers(function, example)
    return len(after) == len(before) and all(
        old.shape == new.shape and np.allclose(old, new, rtol=0, atol=ALIKE)
        for old, new in zip(before, after, strict=True)
    )


def _softened(function: Any, wanted: Temperature) -> Any:
    """Return a function that takes and gives the same under the same names, with one of its outputs softened."""
    structure = function.structured_outputs
    flat = tf.nest.flatten(structure)
    names = sorted(structure) if isinstance(structure, dict) else [f"output_{at}" for at in range(len(flat))]
    takes = [
        tf.TensorSpec(spec.shape, spec.dtype, name=spec.name or f"input_{at}")
        for at, spec in enumerate(_tensors(function))
    ]

    def serve(*given: Any) -> dict[str, Any]:
        answers = _called(function, given)
        answers[wanted.place] = _divided(answers[wanted.place], wanted)
        return dict(zip(names, answers, strict=True))

    return tf.function(serve, input_signature=takes)


def _divided(answer: Any, wanted: Temperature) -> Any:
    if wanted.scale is OutputScale.LOGITS:
        return answer / wanted.value
    if wanted.one_by_one:
        known = tf.clip_by_value(answer, wanted.SMALLEST, 1 - wanted.NEAREST)
        return tf.sigmoid((tf.math.log(known) - tf.math.log1p(-known)) / wanted.value)
    return tf.nn.softmax(tf.math.log(tf.maximum(answer, wanted.SMALLEST)) / wanted.value, axis=1)
