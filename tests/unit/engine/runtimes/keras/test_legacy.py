"""Legacy .h5 files: what Keras 2 and Keras 3 write is read, and what attacks through them is refused."""

import base64
import json
import marshal
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.runtimes import recognise
from storage.errors import Error, JobError, RefusedError
from storage.vocabulary import Format
from tests.tiny_models import KERAS_WARNING, import_keras

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
BIAS = np.ones(3, np.float32)
INPUTS = np.array([[1, 2], [3, 4]], np.float32)

INITIALIZER = {"class_name": "GlorotUniform", "config": {"seed": None}}


def layer(class_name: str, name: str, **config: object) -> dict[str, Any]:
    """Return a layer as Keras 2 described it: without a module."""
    return {
        "class_name": class_name,
        "config": {"name": name, "trainable": True, "dtype": "float32", **config},
    }


def dense() -> dict[str, Any]:
    """Return a dense layer of three units."""
    return layer(
        "Dense", "dense", units=3, activation="linear", use_bias=True, kernel_initializer=INITIALIZER
    )


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    """Return a model of layers one after another, as Keras 2.4 to 2.12 described it."""
    first = {
        "class_name": "InputLayer",
        "config": {
            "batch_input_shape": [None, 2],
            "dtype": "float32",
            "sparse": False,
            "name": "dense_input",
        },
    }
    return {"class_name": "Sequential", "config": {"name": "sequential", "layers": [first, *layers]}}


def functional() -> dict[str, Any]:
    """Return the same network as Keras 2 described a graph of layers: edges are nested lists."""
    first = layer("InputLayer", "input_1", batch_input_shape=[None, 2], sparse=False, ragged=False)
    del first["config"]["trainable"]
    nodes: list[list[Any]] = [[], [[["input_1", 0, 0, {}]]]]
    layers = [
        {**described, "name": described["config"]["name"], "inbound_nodes": inbound}
        for described, inbound in zip((first, dense()), nodes, strict=True)
    ]
    config = {
        "name": "model",
        "trainable": True,
        "layers": layers,
        "input_layers": [["input_1", 0, 0]],
        "output_layers": [["dense", 0, 0]],
    }
    return {"class_name": "Functional", "config": config}


def keras_2(file: Path, config: object) -> Path:
    """Write what Keras 2 wrote: the description, and the weights in groups by layer."""
    import h5py

    with h5py.File(file, "w") as written:
        written.attrs["keras_version"] = b"2.15.0"
        written.attrs["backend"] = b"tensorflow"
        written.attrs["model_config"] = json.dumps(config)
        weights = written.create_group("model_weights")
        weights.attrs["layer_names"] = [b"dense"]
        weights.attrs["keras_version"] = b"2.15.0"
        group = weights.create_group("dense")
        group.attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0"]
        group["dense/kernel:0"], group["dense/bias:0"] = KERNEL, BIAS
    return file


def load(file: Path) -> Any:
    """Load a file as a model process does."""
    import_keras()
    from engine.runtimes.keras.loader import load as load_keras

    return load_keras(file, "cpu")


@pytest.mark.parametrize("config", [sequential(dense()), functional()], ids=["sequential", "functional"])
def test_what_keras_2_saved_is_read(config: dict[str, Any], tmp_path: Path) -> None:
    """Models of Keras 2 give what their weights give."""
    file = keras_2(tmp_path / "m.h5", config)
    assert recognise(file).format is Format.KERAS_H5
    (answer,) = load(file).run([INPUTS])
    np.testing.assert_allclose(answer, INPUTS @ KERNEL + BIAS)


def test_what_keras_3_saves_is_read(tmp_path: Path) -> None:
    """A functional model of layers with a compiled state survives the way through the legacy format."""
    keras = import_keras()
    layers = keras.layers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras' own, while it saves
        image = keras.Input((8, 8, 1))
        x = layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2", kernel_constraint="max_norm")(
            image
        )
        x = layers.Bidirectional(layers.LSTM(3))(layers.Reshape((12, 12))(layers.BatchNormalization()(x)))
        inner = keras.Sequential([keras.Input((6,)), layers.Dense(4, activation=keras.activations.silu)])
        model = keras.Model(image, layers.Add()([inner(x), layers.Dense(4)(x)]))
        model.compile("adam", "mse", metrics=["mae"])
        model.save(tmp_path / "m.h5")
    images = np.linspace(0, 1, 128, dtype=np.float32).reshape(2, 8, 8, 1)
    (answer,) = load(tmp_path / "m.h5").run([images])
    np.testing.assert_allclose(answer, model(images, training=False), rtol=1e-5, atol=1e-6)


def test_weights_alone_are_said_to_be_so(tmp_path: Path) -> None:
    """What save_weights writes is no model; the sentence says what to save instead."""
    keras = import_keras()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras' own, while it saves
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save_weights(tmp_path / "m.weights.h5")
    found = recognise(tmp_path / "m.weights.h5")
    assert (found.format, found.refused) == (None, False)
    assert "holds weights only" in found.reason
    assert "model.save(...)" in found.reason


def test_weights_that_only_mention_a_description_fail_with_the_same_sentence(tmp_path: Path) -> None:
    """The look at the bytes can be misled; the look in the process cannot."""
    import h5py

    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.create_group("model_config")
    assert recognise(tmp_path / "m.h5").format is Format.KERAS_H5
    with pytest.raises(JobError, match=r"m\.h5 holds weights only"):
        load(tmp_path / "m.h5")


def test_a_lambda_is_refused_before_keras_sees_it(tmp_path: Path) -> None:
    """Its bytecode stands in the description as Keras 2 wrote it, and does not run."""
    canary = tmp_path / "canary"
    code = base64.b64encode(marshal.dumps(compile(f"open({str(canary)!r}, 'w')", "m", "eval"))).decode()
    function = layer(
        "Lambda", "lambda", function=[code, None, None], function_type="lambda", module="__main__"
    )
    with pytest.raises(RefusedError, match=r"asks Keras to run code of its own \(Lambda layer 'lambda'\)"):
        load(keras_2(tmp_path / "m.h5", sequential(dense(), function)))
    assert not canary.exists()


@pytest.mark.parametrize(
    ("described", "words"),
    [
        ({"module": "keras.utils", "class_name": "get_file", "config": {}}, "asks for keras.utils.get_file"),
        ({"class_name": "TFSMLayer", "config": {"filepath": "/m"}}, "TFSMLayer layer"),
    ],
)
def test_what_no_model_needs_is_refused(described: dict[str, Any], words: str, tmp_path: Path) -> None:
    """The list is the one of .keras files."""
    with pytest.raises(RefusedError, match=words):
        load(keras_2(tmp_path / "m.h5", sequential(described)))


@pytest.mark.parametrize(
    ("described", "words"),
    [
        ({"class_name": "package>Own", "config": {}}, "needs package>Own, code of its own"),
        ({"class_name": "deserialize", "config": {}}, "needs deserialize, code of its own"),
        (
            layer("TFOpLambda", "tf.math.multiply"),
            "Keras 3 has no more; save it with Keras 2 as a SavedModel",
        ),
        (layer("Absolute", "absolute"), "needs the layer Absolute, which Keras .* does not find"),
    ],
)
def test_what_cannot_be_found_is_named(described: dict[str, Any], words: str, tmp_path: Path) -> None:
    """A model that needs what is not in Keras gets a sentence, and is not called harmful."""
    with pytest.raises(Error, match=words):
        load(keras_2(tmp_path / "m.h5", sequential(dense(), described)))


def _link(file: Any, target: Any) -> None:
    file["model_weights/other"] = target


REACHES = {
    "external link": lambda h5py, file: _link(file, h5py.ExternalLink("secret.h5", "/x")),
    "soft link": lambda h5py, file: _link(file, h5py.SoftLink("/model_weights")),
    "external data": lambda h5py, file: file.create_dataset(
        "model_weights/other", (4,), "f4", external=[("secret.bin", 0, 16)]
    ),
    "virtual data": lambda h5py, file: file.create_virtual_dataset(
        "model_weights/other", _layout(h5py), fillvalue=0
    ),
}


def _layout(h5py: Any) -> Any:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("secret.h5", "x", (4,))
    return layout


@pytest.mark.parametrize("reach", REACHES.values(), ids=REACHES.keys())
def test_a_way_into_other_files_is_refused(reach: Any, tmp_path: Path) -> None:
    """No honest model keeps its weights through links or in other files."""
    import h5py

    file = keras_2(tmp_path / "m.h5", sequential(dense()))
    with h5py.File(file, "a") as written:
        reach(h5py, written)
    with pytest.raises(RefusedError, match=r"m\.h5 (reaches for something else|keeps other in another file)"):
        load(file)


def test_groups_that_hold_each_other_are_walked_once(tmp_path: Path) -> None:
    """A circle of groups is no endless walk."""
    import h5py

    file = keras_2(tmp_path / "m.h5", sequential(dense()))
    with h5py.File(file, "a") as written:
        written["model_weights/dense/again"] = written["model_weights"]
    assert load(file).parameters == 9


@pytest.mark.parametrize("raw", ["", "{}", "[" * 100_000, "nonsense"])
def test_a_damaged_description_is_said_to_be_so(raw: str, tmp_path: Path) -> None:
    """Broken JSON is damage, not a crash."""
    import h5py

    file = keras_2(tmp_path / "m.h5", sequential(dense()))
    with h5py.File(file, "a") as written:
        written.attrs["model_config"] = raw
    with pytest.raises(JobError, match="its model_config"):
        load(file)


def test_an_endless_description_is_not_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger than any model's layers is not checked, and so not loaded."""
    import_keras()
    monkeypatch.setattr("engine.runtimes.keras.legacy.CONFIG_BYTES", 100)
    with pytest.raises(JobError, match="too large to check"):
        load(keras_2(tmp_path / "m.h5", sequential(dense())))
