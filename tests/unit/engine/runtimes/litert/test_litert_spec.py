"""What is known of a LiteRT file without LiteRT."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.runtimes import recognise
from engine.runtimes.litert.spec import parameters
from storage.vocabulary import Format
from tests.tiny_models import KERAS_WARNING, import_keras, save_litert

Saved = Callable[[Format], Path]

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)


def test_quantised_weights_and_biases_are_counted_once(tmp_path: Path) -> None:
    """An int8 model has the parameters of the model that it was made from: its int32 biases count, its shapes do not."""
    assert parameters(save_litert(tmp_path / "model.tflite", quantised=True)) == 64 * 10 + 10


def test_operators_of_tensorflow_are_named(tmp_path: Path) -> None:
    """A model that needs TensorFlow's kernels beside LiteRT's cannot run, and says which operator it is."""
    import_keras()
    import tensorflow as tf

    function = tf.function(
        lambda x: tf.strings.length(tf.strings.as_string(x)),
        input_signature=[tf.TensorSpec([None], tf.float32)],
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    file = tmp_path / "flex.tflite"
    file.write_bytes(converter.convert())
    found = recognise(file)
    assert found.format is None
    assert found.reason.startswith("flex.tflite needs TensorFlow's operator ")
    assert "TFLITE_BUILTINS" in found.reason


def test_another_version_of_the_format_is_no_model_of_ours(saved: Saved, tmp_path: Path) -> None:
    """Only version 3 is read."""
    content = bytearray(saved(Format.LITERT).read_bytes())
    root = struct.unpack_from("<I", content)[0]
    vtable = root - struct.unpack_from("<i", content, root)[0]
    struct.pack_into("<I", content, root + struct.unpack_from("<H", content, vtable + 4)[0], 2)
    file = tmp_path / "old.tflite"
    file.write_bytes(content)
    assert recognise(file).reason == "old.tflite is a LiteRT model of another version of the format than 3"


@pytest.mark.parametrize("root", [0, 3, 2**31, 2**32 - 1])
def test_a_root_that_leads_nowhere_is_an_error_in_words(saved: Saved, tmp_path: Path, root: int) -> None:
    """Offsets are checked before they are followed."""
    content = bytearray(saved(Format.LITERT).read_bytes())
    struct.pack_into("<I", content, 0, root)
    file = tmp_path / "bad.tflite"
    file.write_bytes(content)
    found = recognise(file)
    assert found.format is None
    assert found.reason.startswith("bad.tflite ")


def test_a_mark_alone_is_cut_short(tmp_path: Path) -> None:
    """A file that ends behind its mark may still be on its way."""
    file = tmp_path / "begun.tflite"
    file.write_bytes(struct.pack("<I", 28) + b"TFL3")
    found = recognise(file)
    assert (found.format, found.complete) == (None, False)
