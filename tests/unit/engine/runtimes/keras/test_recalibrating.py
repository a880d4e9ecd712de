"""However a Keras model makes its probabilities, a temperature comes before that, and nothing else changes."""

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.evaluation.temperature import applied
from engine.protocols import Conversion, Temperature
from engine.runtimes import recognise
from storage.vocabulary import Format, OutputScale
from tests.tiny_models import KERAS_WARNING, import_keras

pytestmark = [
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
    pytest.mark.filterwarnings(KERAS_WARNING),
]

VALUE = 3.0

PROBABILITIES = Temperature(VALUE, OutputScale.PROBABILITIES, 0, 4)
LOGITS = Temperature(VALUE, OutputScale.LOGITS, 0, 4)
LABELS = Temperature(VALUE, OutputScale.SCORES, 0, 4)
ONE = Temperature(VALUE, OutputScale.PROBABILITIES, 0, 1)

Made = tuple[Any, Temperature, bool]


def sequential(keras: Any, *layers: Any) -> Any:
    """Return a model of layers in a row."""
    return keras.Sequential([keras.Input((6,)), *layers])


def shared(keras: Any) -> Any:
    """Return a model that uses its last layer twice, so that it must stay as it is."""
    last = keras.layers.Dense(6, activation="softmax")
    taken = keras.Input((6,))
    return keras.Model(taken, last(last(taken)))


def nested(keras: Any) -> Any:
    """Return a model whose probabilities come out of a model within it."""
    inner = sequential(keras, keras.layers.Dense(4, activation="softmax"))
    taken = keras.Input((6,))
    return keras.Model(taken, inner(taken))


def read_again(keras: Any) -> Any:
    """Return a model whose probabilities are also read by something else: both are outputs, by name."""
    taken = keras.Input((6,), name="x")
    probabilities = keras.layers.Dense(4, activation="softmax")(taken)
    return keras.Model({"x": taken}, {"p": probabilities, "top": keras.layers.Dense(1)(probabilities)})


MODELS: dict[str, Callable[[Any], Made]] = {
    "dense softmax": lambda keras: (
        sequential(keras, keras.layers.Dense(4, activation="softmax")),
        PROBABILITIES,
        True,
    ),
    "softmax layer": lambda keras: (
        sequential(keras, keras.layers.Dense(4), keras.layers.Softmax()),
        PROBABILITIES,
        True,
    ),
    "activation layer": lambda keras: (
        sequential(keras, keras.layers.Dense(4), keras.layers.Activation("softmax")),
        PROBABILITIES,
        True,
    ),
    "logits": lambda keras: (sequential(keras, keras.layers.Dense(4)), LOGITS, True),
    "labels": lambda keras: (
        sequential(keras, keras.layers.Dense(4, activation="sigmoid")),
        LABELS,
        True,
    ),
    "one probability": lambda keras: (
        sequential(keras, keras.layers.Dense(1, activation="sigmoid")),
        ONE,
        True,
    ),
    "nested": lambda keras: (nested(keras), PROBABILITIES, False),
    "shared": lambda keras: (
        shared(keras),
        Temperature(VALUE, OutputScale.PROBABILITIES, 0, 6),
        False,
    ),
    "read again": lambda keras: (read_again(keras), PROBABILITIES, False),
}
"""Each with its temperature, and whether its logits can be seen: then nothing is computed from probabilities."""


def flat(keras: Any, answers: Any) -> list[Any]:
    """Return what a model answers as arrays."""
    return [np.asarray(answer) for answer in keras.tree.flatten(answers)]


@pytest.mark.parametrize("name", MODELS)
def test_a_temperature_comes_before_what_makes_probabilities(name: str, tmp_path: Path) -> None:
    """Saved by Keras alone, read by Keras alone, recalibrated twice in a row, and with the other outputs as they were."""
    keras = import_keras()
    from engine.runtimes.keras.recalibrating import recalibrate

    keras.utils.set_random_seed(1)
    model, wanted, opened = MODELS[name](keras)
    array = np.random.default_rng(0).normal(0, 2, (20, 6)).astype(np.float32)
    given = {"x": array} if name == "read again" else array
    before = flat(keras, model(given))
    files = [tmp_path / f"{number}.keras" for number in range(3)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras and TensorFlow disagree about numpy 2's copy keyword
        model.save(files[0])
        for source, target in pairwise(files):
            recalibrate(
                Conversion(
                    source,
                    target,
                    None,
                    (),
                    lambda _count: iter(()),
                    trusted=False,
                    options=(),
                    temperature=wanted,
                )
            )
    expected = before[0]
    for file in files[1:]:
        assert recognise(file).format is Format.KERAS
        made = keras.models.load_model(file, compile=False)
        after = flat(keras, made(given))
        expected = applied(expected.astype(np.float32), wanted)
        assert np.allclose(after[0], expected, atol=1e-5)
        for old, new in zip(before[1:], after[1:], strict=True):
            assert np.allclose(old, new, atol=1e-6)
        logarithms = [operation.name for operation in made.operations if "log" in operation.name]
        assert bool(logarithms) is not opened
