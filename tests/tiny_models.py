"""Tiny real models of every format, all of them the same classifier of scikit-learn's digits.

The weights are a logistic regression's, so that each format must give the same figures. Frameworks are
imported where a model is made, not before: a test that needs none stays quick.
"""

import json
import shutil
import warnings
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.protocols import Options
from engine.runtimes import runtime_for
from storage.settings import Preprocess
from storage.vocabulary import Format

CHANNELS_LAST = Preprocess(dtype="float32", scale=1 / 16, layout="NHWC")
CHANNELS_FIRST = Preprocess(dtype="float32", scale=1 / 16, layout="NCHW")

PREPROCESS = {
    Format.KERAS: CHANNELS_LAST,
    Format.KERAS_H5: CHANNELS_LAST,
    Format.SAVED_MODEL: CHANNELS_LAST,
    Format.TORCHSCRIPT: CHANNELS_FIRST,
    Format.ONNX: CHANNELS_FIRST,
    Format.LITERT: CHANNELS_LAST,
    Format.TORCH_EXPORT: CHANNELS_FIRST,
    Format.OPENVINO: CHANNELS_FIRST,
    Format.SAFETENSORS: CHANNELS_FIRST,
}
"""What brings the digits into the form that each model was saved for."""

ROWS = 797
"""Test examples; the first thousand digits trained the weights."""


@cache
def digits() -> "tuple[NDArray[np.uint8], NDArray[np.int64]]":
    """Return all digits, 8 by 8 pixels of 0 to 16, and their classes."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return bunch.images.astype(np.uint8), bunch.target.astype(np.int64)


@cache
def weights() -> "tuple[NDArray[np.float32], NDArray[np.float32]]":
    """Return kernel [64, 10] and bias [10] of a logistic regression on the first thousand digits."""
    from sklearn.linear_model import LogisticRegression

    images, targets = digits()
    fitted = LogisticRegression(max_iter=300).fit(images[:1000].reshape(1000, -1) / 16, targets[:1000])
    return fitted.coef_.T.astype(np.float32), fitted.intercept_.astype(np.float32)


def expected_probabilities() -> "NDArray[np.float64]":
    """Return what every format must answer on the test examples, computed with numpy alone."""
    kernel, bias = weights()
    images, _ = digits()
    logits = images[1000:].reshape(ROWS, -1).astype(np.float64) / 16 @ kernel + bias
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def save_data(file: Path) -> Path:
    """Save the test examples as a person would."""
    images, targets = digits()
    np.savez(file, x=images[1000:], y=targets[1000:])
    return file


def keras_model() -> Any:
    """Return the classifier as Keras has it: probabilities out, channels last in."""
    keras = import_keras()
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")]
    )
    with warnings.catch_warnings():
        # Keras and TensorFlow disagree about numpy 2's copy keyword.
        warnings.simplefilter("ignore")
        model.layers[-1].set_weights(list(weights()))
    return model


def save_keras(file: Path) -> Path:
    """Save the classifier as .keras or .h5, as the name says."""
    model = keras_model()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        model.save(file)
    return file


def save_saved_model(file: Path) -> Path:
    """Save the classifier as the SavedModel whose graph is ``file``, as Keras exports it."""
    model = keras_model()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        model.export(file.parent, verbose=False)
    return file


def copied(artefact: Path, target: Path) -> Path:
    """Copy a model with the folder that it needs to the new name ``target``; return the copy's artefact."""
    if artefact.suffix == ".xml":
        shutil.copy(artefact.with_suffix(".bin"), target.with_suffix(".bin"))
    if artefact.name != "saved_model.pb":
        return Path(shutil.copy(artefact, target))
    return Path(shutil.copytree(artefact.parent, target), artefact.name)


def save_torchscript(file: Path) -> Path:
    """Save the classifier as TorchScript: logits out, channels first in."""
    with warnings.catch_warnings():
        # torch.jit is deprecated, yet the files are everywhere, and they are what is tested.
        warnings.simplefilter("ignore")
        import torch

        kernel, bias = weights()
        linear = torch.nn.Linear(64, 10)
        linear.load_state_dict({"weight": torch.tensor(kernel.T.copy()), "bias": torch.tensor(bias)})
        torch.jit.script(torch.nn.Sequential(torch.nn.Flatten(), linear)).save(str(file))
    return file


def onnx_model() -> Any:
    """Return the classifier as ONNX: probabilities out, channels first in."""
    from onnx import TensorProto, helper, numpy_helper

    kernel, bias = weights()
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("Gemm", ["flat", "kernel", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, 8, 8])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(bias, "bias")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def save_onnx(file: Path) -> Path:
    """Save the classifier as one .onnx file."""
    file.write_bytes(onnx_model().SerializeToString())
    return file


def save_onnx_external(file: Path, location: str = "weights.bin") -> Path:
    """Save the classifier as .onnx with its weights in a file of their own."""
    import onnx

    onnx.save_model(
        onnx_model(),
        file,
        save_as_external_data=True,
        location=location,
        size_threshold=0,
        convert_attribute=False,
    )
    return file


def import_keras() -> Any:
    """Return Keras set up as in a model process: on TensorFlow, or on torch where only that is installed."""
    with warnings.catch_warnings():
        # What the frameworks warn about while they are imported is not this project's to mend.
        warnings.simplefilter("ignore")
        # The loader sets the backend before Keras reads it.
        import_module(runtime_for(Format.KERAS).loader.partition(":")[0])
        return import_module("keras")


KERAS_WARNING = "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
"""What Keras 3.15 on TensorFlow 2.21 says while it loads weights, with numpy 2; for `pytest.mark.filterwarnings`."""


def save_litert(file: Path, *, quantised: bool = False) -> Path:
    """Save the classifier as .tflite: probabilities out, channels last in; quantised, all of it is int8."""
    keras = import_keras()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow as tf

        model = keras.models.load_model(save_keras(file.with_suffix(".source.keras")))
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        if quantised:
            images, _ = digits()
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: (
                [image[None, ..., None].astype(np.float32) / 16] for image in images[:200]
            )
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
        file.write_bytes(converter.convert())
    return file


def save_torch_export(file: Path, *, dynamic: bool = True) -> Path:
    """Save the classifier as an exported program: logits out, channels first in, any batch or batches of 4."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch

        kernel, bias = weights()
        linear = torch.nn.Linear(64, 10)
        linear.load_state_dict({"weight": torch.tensor(kernel.T.copy()), "bias": torch.tensor(bias)})
        model = torch.nn.Sequential(torch.nn.Flatten(), linear).eval()
        shapes = ({0: torch.export.Dim("batch")},) if dynamic else None
        program = torch.export.export(model, (torch.zeros(4, 1, 8, 8),), dynamic_shapes=shapes)
        torch.export.save(program, file)
    return file


def save_openvino(file: Path) -> Path:
    """Save the classifier as .xml with .bin: probabilities out, channels first in."""
    # The loader keeps OpenVINO from reporting its use to its makers.
    import_module("engine.runtimes.openvino.loader")
    import openvino

    graph = openvino.Core().read_model(onnx_model().SerializeToString())
    openvino.save_model(graph, file, compress_to_fp16=False)
    return file


LOADER = """
import numpy as np

INPUTS = {"images": ([None, 1, 8, 8], "float32")}
OUTPUTS = {"probabilities": ([None, 10], "float32")}


def load(weights, device):
    kernel, bias = weights["kernel"], weights["bias"]

    def run(images):
        logits = images.reshape(len(images), -1) @ kernel + bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    return run
"""
"""The Python file that makes the classifier of its safetensors: probabilities out, channels first in."""

OPTIONS: dict[Format, Options] = {Format.SAFETENSORS: (("loader", "loader.py"), ("source", LOADER))}
"""What a runtime must be told besides the artefact and the device; nothing, for all other formats."""


def safetensors(
    tensors: "dict[str, tuple[str, NDArray[Any]]]", metadata: dict[str, str] | None = None
) -> bytes:
    """Return the content of a safetensors file: each tensor's type, as the format calls it, and its numbers."""
    header: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    end = 0
    for name, (dtype, array) in tensors.items():
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [end, end + array.nbytes]}
        end += array.nbytes
    written = json.dumps(header).encode()
    return b"".join(
        [len(written).to_bytes(8, "little"), written, *(one.tobytes() for _, one in tensors.values())]
    )


def save_safetensors(file: Path) -> Path:
    """Save the classifier's weights alone; `LOADER` makes the classifier of them."""
    kernel, bias = weights()
    file.write_bytes(safetensors({"bias": ("F32", bias), "kernel": ("F32", kernel)}, {"format": "np"}))
    return file


SAVE: dict[Format, Callable[[Path], Path]] = {
    Format.KERAS: save_keras,
    Format.KERAS_H5: save_keras,
    Format.SAVED_MODEL: save_saved_model,
    Format.TORCHSCRIPT: save_torchscript,
    Format.ONNX: save_onnx,
    Format.LITERT: save_litert,
    Format.TORCH_EXPORT: save_torch_export,
    Format.OPENVINO: save_openvino,
    Format.SAFETENSORS: save_safetensors,
}

NAMES = {
    Format.KERAS: "model.keras",
    Format.KERAS_H5: "model.h5",
    Format.SAVED_MODEL: "model/saved_model.pb",
    Format.TORCHSCRIPT: "model.pt",
    Format.ONNX: "model.onnx",
    Format.LITERT: "model.tflite",
    Format.TORCH_EXPORT: "model.pt2",
    Format.OPENVINO: "model.xml",
    Format.SAFETENSORS: "model.safetensors",
}


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Format], Path]:
    """Return a function that gives the saved classifier of a format, made once; copy it, do not change it."""
    folder = tmp_path_factory.mktemp("models")

    @cache
    def save(wanted: Format) -> Path:
        return SAVE[wanted](folder / NAMES[wanted])

    return save


@pytest.fixture(scope="session")
def digits_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of test examples, made once; copy it, do not change it."""
    return save_data(tmp_path_factory.mktemp("data") / "test.npz")
