"""Keras models as they really come: several inputs, fixed batches, never built."""

import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data.checks import convert, fits
from storage.errors import JobError
from tests.tiny_models import KERAS_WARNING, import_keras

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[Any], Any]:
    """Return a function that saves a model and loads it as a model process does."""
    import_keras()
    from engine.runtimes.keras.loader import load

    def save_and_load(model: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras' own, while it saves
            model.save(tmp_path / "m.keras")
        return load(tmp_path / "m.keras", "cpu")

    return save_and_load


def test_several_inputs_are_taken_in_the_models_order(keep: Callable[[Any], Any]) -> None:
    """Inputs that Keras keeps as a dictionary are named, ordered, and reach the right place."""
    keras = import_keras()
    inputs = {"wide": keras.Input((3,), name="wide"), "deep": keras.Input((2,), name="deep")}
    doubled = keras.layers.Concatenate()([inputs["wide"], inputs["deep"] * 2.0])
    model = keep(keras.Model(inputs, doubled))
    arrays = {"wide": np.ones((4, 3), np.float32), "deep": np.ones((4, 2), np.float32)}
    (answer,) = model.run([arrays[spec.name] for spec in model.inputs])
    assert answer.tolist() == [[1, 1, 1, 2, 2]] * 4


def test_several_outputs_are_given_in_order(keep: Callable[[Any], Any]) -> None:
    """Each output of a model has its description and its array."""
    keras = import_keras()
    x = keras.Input((2,))
    model = keep(keras.Model(x, [x + 1.0, keras.ops.sum(x, axis=1, keepdims=True)]))
    first, second = model.run([np.ones((3, 2), np.float32)])
    assert first.tolist() == [[2, 2]] * 3
    assert second.tolist() == [[2]] * 3
    assert [spec.shape for spec in model.outputs] == [(None, 2), (None, 1)]


def test_outputs_are_called_as_the_layers_that_give_them(keep: Callable[[Any], Any]) -> None:
    """What model.toml names is the same in the next process: Keras' own names go by how many tensors were made before."""
    keras = import_keras()
    layers, x = keras.layers, keras.Input((4,))
    heads = {"b": layers.Dense(1, name="size")(x), "a": layers.Dense(3, name="kind")(x)}
    assert [spec.name for spec in keep(keras.Model(x, heads)).outputs] == ["kind", "size"]
    single = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="scores")])
    assert [spec.name for spec in keep(single).outputs] == ["scores"]
    twice = layers.Dense(4, name="same")
    first = twice(x)
    names = [spec.name for spec in keep(keras.Model(x, [first, twice(first)])).outputs]
    assert len(set(names)) == 2


def test_texts_are_taken_as_they_are(keep: Callable[[Any], Any]) -> None:
    """A model that looks words up itself gets numpy's texts."""
    keras = import_keras()
    words = keras.Input((1,), dtype="string", name="colour")
    found = keras.layers.StringLookup(vocabulary=["red", "green"], num_oov_indices=1)(words)
    model = keep(keras.Model(words, found))
    assert model.inputs[0].describe() == "str [?, 1]"
    texts = np.array([["green"], ["red"], ["mauve"]])
    assert fits(model.inputs[0], texts)
    (answer,) = model.run([convert(model.inputs[0], texts)])
    assert answer.tolist() == [[2], [1], [0]]


def test_a_fixed_batch_is_described(keep: Callable[[Any], Any]) -> None:
    """A model that insists on its batch size says so in its inputs."""
    keras = import_keras()
    model = keep(keras.Sequential([keras.Input(batch_shape=(16, 2)), keras.layers.Dense(1)]))
    assert model.inputs[0].shape == (16, 2)


def test_dropout_is_off(keep: Callable[[Any], Any]) -> None:
    """Layers that act in training only do nothing here."""
    keras = import_keras()
    model = keep(keras.Sequential([keras.Input((50,)), keras.layers.Dropout(0.9)]))
    (answer,) = model.run([np.ones((2, 50), np.float32)])
    assert answer.tolist() == [[1.0] * 50] * 2


def test_a_model_that_was_never_built_is_an_error(keep: Callable[[Any], Any]) -> None:
    """Without the shape of its inputs there is nothing to run, and the hint says what to do."""
    keras = import_keras()
    with pytest.raises(JobError, match="before it was built") as caught:
        keep(keras.Sequential([keras.layers.Dense(1)]))
    assert "keras.Input" in caught.value.hint


@pytest.mark.parametrize(("saved_with", "named"), [("9.1.0", True), (None, False)])
def test_a_model_of_another_keras_names_both_versions(
    tmp_path: Path, *, saved_with: str | None, named: bool
) -> None:
    """Where Keras cannot load what it made itself, its own words stand alone."""
    keras = import_keras()
    from engine.runtimes.keras.loader import load

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras' own, while it saves
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "whole.keras")
    with (
        zipfile.ZipFile(tmp_path / "whole.keras") as whole,
        zipfile.ZipFile(tmp_path / "m.keras", "w") as made,
    ):
        for name in whole.namelist():
            content = whole.read(name)
            if name == "config.json":
                content = content.replace(b'"Dense"', b'"DenseOfTheFuture"')
            if name == "metadata.json" and saved_with:
                content = json.dumps({"keras_version": saved_with}).encode()
            made.writestr(name, content)
    with pytest.raises(Exception, match="DenseOfTheFuture") as caught:
        load(tmp_path / "m.keras", "cpu")
    told = f"(saved with Keras 9.1.0, installed is {keras.__version__})." in str(caught.value)
    assert told is named
    assert isinstance(caught.value, JobError) is named


def test_weights_are_given_by_their_paths(keep: Callable[[Any], Any]) -> None:
    """As many numbers as the model says that it has."""
    keras = import_keras()
    model = keep(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="only")]))
    found = dict(model.weights())
    assert {name.rsplit("/", 1)[1]: array.shape for name, array in found.items()} == {
        "kernel": (3, 2),
        "bias": (2,),
    }
    assert sum(array.size for array in found.values()) == model.parameters
