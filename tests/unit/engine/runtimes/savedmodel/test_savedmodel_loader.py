"""SavedModels as they really come: endpoints, signatures, several inputs, TensorFlow 1, frozen graphs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.errors import JobError
from tests.saved_models import (
    INPUTS,
    KERNEL,
    called,
    computing,
    exported,
    module,
    tensorflow,
    tensorflow_1,
    with_vocabulary,
)
from tests.tiny_models import KERAS_WARNING

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)


def load(artefact: Path, **options: str) -> Any:
    """Load a model as a model process does."""
    with tensorflow():
        from engine.runtimes.savedmodel.loader import load as load_saved_model

        return load_saved_model(artefact, "cpu", **options)


def answer(model: Any, *inputs: Any) -> Any:
    """Return the only output."""
    (found,) = model.run(inputs)
    return found


def test_a_signature_is_run(tmp_path: Path) -> None:
    """Inputs and outputs have their names, free axes are free, and only variables that are used count."""
    model = load(module(tmp_path / "m", "f", signatures=("f",)))
    assert [(spec.name, spec.describe()) for spec in model.inputs] == [("x", "float32 [?, 2]")]
    assert [(spec.name, spec.describe()) for spec in model.outputs] == [("output_0", "float32 [?, 3]")]
    assert model.parameters == KERNEL.size
    np.testing.assert_allclose(answer(model, INPUTS), INPUTS @ KERNEL)


def test_settings_choose_among_signatures(tmp_path: Path) -> None:
    """Of several signatures the named one answers; without a name the sentence lists them."""
    artefact = module(tmp_path / "m", "f", "g", signatures=("f", "g"))
    np.testing.assert_allclose(answer(load(artefact, signature="g"), INPUTS), 2 * (INPUTS @ KERNEL))
    with pytest.raises(JobError, match="which is meant is not known: f, g"):
        load(artefact)


def test_functions_stand_in_for_signatures(tmp_path: Path) -> None:
    """A module that was saved without signatures is run by its own function."""
    np.testing.assert_allclose(answer(load(module(tmp_path / "one", "f")), INPUTS), INPUTS @ KERNEL)
    np.testing.assert_allclose(answer(load(called(tmp_path / "two")), INPUTS), INPUTS + 1)
    np.testing.assert_allclose(
        answer(load(called(tmp_path / "three"), signature="other"), INPUTS), INPUTS + 2
    )


def test_every_batch_goes_through_the_same_trace(tmp_path: Path) -> None:
    """The last, short batch does not trace the function again."""
    traced = []

    def compute(tf: Any, x: Any) -> Any:
        traced.append(x)
        return x + 1.0

    model = load(computing(tmp_path / "m", compute))
    made = len(traced)
    for rows in (32, 32, 7, 1):
        assert answer(model, np.ones(rows, np.float32)).tolist() == [2.0] * rows
    assert len(traced) == made


def two_inputs(keras: Any) -> Any:
    """Return a model with two named inputs and two named outputs."""
    inputs = {"wide": keras.Input((3,), name="wide"), "deep": keras.Input((2,), name="deep")}
    joined = keras.layers.Concatenate()([inputs["wide"], inputs["deep"]])
    return keras.Model(inputs, {"joined": joined, "again": inputs["deep"] * 2.0})


def test_several_inputs_and_outputs_keep_their_names(tmp_path: Path) -> None:
    """Arrays reach the inputs, and come from the outputs, whose names they have."""
    model = load(exported(tmp_path / "m", two_inputs))
    given = {"wide": np.ones((4, 3), np.float32), "deep": np.full((4, 2), 5, np.float32)}
    answers = model.run([given[spec.name] for spec in model.inputs])
    found = {spec.name: array.tolist() for spec, array in zip(model.outputs, answers, strict=True)}
    assert found == {"joined": [[1, 1, 1, 5, 5]] * 4, "again": [[10, 10]] * 4}


def test_a_graph_of_tensorflow_1_is_run(tmp_path: Path) -> None:
    """Sessions are gone, their graphs are not; of several graphs the one that serves is taken."""
    for tags in ((("serve",),), (("train",), ("serve",))):
        model = load(tensorflow_1(tmp_path / str(len(tags)), tags=tags))
        assert [spec.name for spec in (*model.inputs, *model.outputs)] == ["x", "y"]
        assert model.parameters == KERNEL.size
        np.testing.assert_allclose(answer(model, INPUTS), INPUTS @ KERNEL)


def test_a_vocabulary_is_found(tmp_path: Path) -> None:
    """Assets are read from the model's own folder, wherever that was moved."""
    with_vocabulary(tmp_path / "m")
    (tmp_path / "vocabulary.txt").unlink()
    (tmp_path / "m").rename(tmp_path / "moved")
    model = load(tmp_path / "moved" / "saved_model.pb")
    assert answer(model, np.array([30, 10, 7], np.int32)).tolist() == [2, 0, -1]


def test_a_frozen_graph_does_not_tell_its_parameters(tmp_path: Path) -> None:
    """Weights that are constants of the graph are not told from other constants."""
    model = load(computing(tmp_path / "m", lambda tf, x: x * tf.constant(2.0)))
    assert model.parameters is None


def test_a_signature_of_strings_is_a_sentence(tmp_path: Path) -> None:
    """Serialized examples are not numbers; the sentence says what to do."""
    artefact = computing(tmp_path / "m", lambda tf, x: tf.strings.length(x), dtype="string")
    with pytest.raises(JobError, match="takes strings, not numbers") as caught:
        load(artefact)
    assert "[runtime] signature" in caught.value.hint


def test_a_function_of_many_kinds_of_input_is_no_endpoint(tmp_path: Path) -> None:
    """What takes now this and now that has no inputs that could be told."""
    with tensorflow() as tf:
        made = tf.Module()
        made.f = tf.function(lambda x: x * 2)
        made.f(tf.ones([2]))
        made.f(tf.ones([2, 2]))
        tf.saved_model.save(made, tmp_path / "m")
    with pytest.raises(JobError, match="has no function that can be called"):
        load(tmp_path / "m" / "saved_model.pb")


def test_fixed_arguments_stay_as_they_were(tmp_path: Path) -> None:
    """What is no tensor (training=False) was fixed when the function was saved, and is no input."""
    with tensorflow() as tf:
        made = tf.Module()
        made.f = tf.function(lambda x, factor=3.0, *, training=False: x if training else x * factor)
        made.f.get_concrete_function(tf.TensorSpec([None, 2], tf.float32), 4.0, training=False)
        tf.saved_model.save(made, tmp_path / "m")
    model = load(tmp_path / "m" / "saved_model.pb")
    assert len(model.inputs) == 1
    np.testing.assert_allclose(answer(model, INPUTS), INPUTS * 4)
