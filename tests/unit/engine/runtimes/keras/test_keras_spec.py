"""What the configuration of a .keras file may ask for."""

import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from engine.artefacts.content import ContentError, HarmfulError
from engine.runtimes import recognise
from engine.runtimes.keras.configuration import check_config
from storage.vocabulary import Format
from tests.tiny_models import KERAS_WARNING, import_keras


def model_with(*layers: object) -> bytes:
    """Return the configuration of a model with these layers."""
    config: dict[str, Any] = {"module": "keras", "class_name": "Sequential", "config": {"layers": layers}}
    return json.dumps(config).encode()


def described(module: str | None, class_name: str, **others: object) -> dict[str, object]:
    """Return an object as Keras describes it."""
    return {"module": module, "class_name": class_name, "config": {}, "registered_name": None, **others}


HARMFUL = {
    "lambda layer": described("keras.layers", "Lambda"),
    "lambda function": {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}},
    "second saved model": described("keras.layers", "TFSMLayer"),
    "pickled torch module": described("keras.layers", "TorchModuleWrapper"),
    "CVE-2025-1550": described("keras.models", "function", config="load_model"),
    "CVE-2025-8747": described("keras.utils", "function", config="get_file"),
    "CVE-2025-9906": described("keras.config", "function", config="enable_unsafe_deserialization"),
    "internals": described("keras.src.saving.saving_lib", "load_model"),
    "loader as class": described("keras.models", "load_model"),
    "deep": described("keras.layers", "Dense", config={"x": [[{"y": described("keras.utils", "get_file")}]]}),
    "operating system": described("os", "function", config="system"),
    "built-in": described("builtins", "eval"),
}

FOREIGN = {
    "own layer": described("__main__", "MyLayer", registered_name="Custom>MyLayer"),
    "registered": described("keras.layers", "Dense", registered_name="package>Dense"),
    "own function": described(
        "package", "function", config="activation", registered_name="package>activation"
    ),
}


@pytest.mark.parametrize("layer", HARMFUL.values(), ids=HARMFUL.keys())
def test_what_runs_code_is_refused(layer: dict[str, object]) -> None:
    """Whatever Keras offers besides modelling is refused as harmful, however deep it stands."""
    doubt = check_config(model_with(layer))
    assert doubt is not None
    assert doubt.harmful
    assert doubt.evidence


def test_a_vocabulary_in_a_file_is_beyond_trust() -> None:
    """It reaches for something outside, which no owner can allow."""
    with pytest.raises(HarmfulError, match="reads a vocabulary from the file /etc/passwd"):
        check_config(
            model_with(described("keras.layers", "StringLookup", config={"vocabulary": "/etc/passwd"}))
        )


@pytest.mark.parametrize("layer", FOREIGN.values(), ids=FOREIGN.keys())
def test_code_that_is_not_in_the_file_is_named(layer: dict[str, object]) -> None:
    """A model that needs its author's own code cannot be loaded, and the sentence names what is needed."""
    doubt = check_config(model_with(layer))
    assert doubt is not None
    assert not doubt.harmful
    assert "code of its own" in doubt.reason


@pytest.mark.parametrize(
    "layer",
    [
        described("keras.layers", "Dense"),
        described("keras.src.ops.numpy", "Add", registered_name="Add"),
        described("builtins", "function", config="relu", registered_name="relu"),
        described("keras.activations", "function", config="gelu"),
        described(None, "Zeros"),
        described("keras.src.models.functional", "Functional", registered_name="Functional"),
    ],
)
def test_modelling_is_allowed(layer: dict[str, object]) -> None:
    """Layers, operations, initializers, functions of Keras and models within models pass."""
    assert check_config(model_with(layer)) is None


def test_all_that_was_found_is_evidence_and_the_worst_speaks() -> None:
    """Who is to judge a file sees each name, also those after the first, cleaned."""
    own = described("__main__", "MyLayer", registered_name="Custom>My\x1bLayer")
    named = described("keras.layers", "Lambda", config={"name": "scale"})
    doubt = check_config(model_with(own, named, described("keras.utils", "function", config="get_file")))
    assert doubt is not None
    assert doubt.reason == "asks Keras to run code of its own (Lambda layer 'scale')"
    assert doubt.evidence == ("Lambda layer 'scale'", "keras.utils.get_file", "Custom>My\ufffdLayer")


def test_what_no_trust_mends_is_told_before_what_one_may() -> None:
    """A layer that Keras has no more is no matter of trust, whatever else the file asks for."""
    with pytest.raises(ContentError, match="Keras 3 has no more"):
        check_config(model_with(described("keras.layers", "Lambda"), described(None, "TFOpLambda")))


def test_own_losses_do_not_matter() -> None:
    """A model compiled with its author's loss is only run here, and that part of the file is not read."""
    config = json.loads(model_with())
    config["compile_config"] = {"loss": described("__main__", "function", config="my_loss")}
    assert check_config(json.dumps(config).encode()) is None


@pytest.mark.parametrize("raw", [b"", b"\xff", b"[]", b"{}", b'{"class_name":' * 10, b"[" * 100_000])
def test_a_damaged_configuration_is_said_to_be_so(raw: bytes) -> None:
    """Broken, empty and endlessly nested JSON is damage, not a crash."""
    with pytest.raises(ContentError, match="is damaged"):
        check_config(raw)


def test_weights_are_missed(tmp_path: Path) -> None:
    """An archive of an architecture alone says so."""
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", model_with())
        archive.writestr("metadata.json", "{}")
    assert "without its weights" in recognise(tmp_path / "m.keras").reason


@pytest.mark.filterwarnings(KERAS_WARNING)
def test_what_keras_saves_is_recognised(tmp_path: Path) -> None:
    """Functional models with arithmetic, nested models, many layers and a compiled state all pass."""
    keras = import_keras()
    layers = keras.layers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras' own, while it saves
        image = keras.Input((28, 28, 1))
        x = layers.Rescaling(1 / 255)(image) * 2.0 - 1.0
        x = layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2", kernel_constraint="max_norm")(x)
        x = layers.BatchNormalization()(x)
        x = layers.SeparableConv2D(4, 3, activation="gelu")(x)
        x = layers.RandomFlip()(x)
        x = layers.Dropout(0.5)(layers.GlobalAveragePooling2D()(x))
        inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, activation=keras.activations.silu)])
        extra = keras.Input((3,))
        x = layers.Concatenate()([inner(x), keras.ops.sqrt(keras.ops.abs(extra))])
        model = keras.Model({"image": image, "extra": extra}, layers.Dense(2, activation="softmax")(x))
        model.compile(
            keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 10)),
            "sparse_categorical_crossentropy",
            metrics=["accuracy", keras.metrics.AUC()],
        )
        model.save(tmp_path / "m.keras")
    found = recognise(tmp_path / "m.keras")
    assert (found.format, found.reason) == (Format.KERAS, "")


@pytest.mark.filterwarnings(KERAS_WARNING)
def test_a_lambda_layer_that_keras_saved_is_refused(tmp_path: Path) -> None:
    """The real thing, not only its description."""
    keras = import_keras()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x * 2), keras.layers.Dense(1)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras' own, while it saves
        model.save(tmp_path / "m.keras")
    found = recognise(tmp_path / "m.keras")
    assert found.refused
    assert found.reason == "m.keras asks Keras to run code of its own (Lambda layer 'lambda')"
    assert (found.format, found.on_trust) == (None, Format.KERAS)
