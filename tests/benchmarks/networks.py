"""Three networks in every format that is measured: a dense one, a small convolutional one, and MobileNetV2.

Each is defined once, in Keras, and carried into the other formats by the frameworks' own exporters, so that all
formats do the same arithmetic. The weights are random: how long a network takes does not depend on them.
``python -P -m tests.benchmarks.networks FOLDER BACKEND`` makes what one backend of Keras can export.
"""

import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from storage.vocabulary import Format
from tests.benchmarks import apart

SHAPES = {"dense": (28, 28, 1), "cnn": (28, 28, 1), "mobilenet": (96, 96, 3)}
"""Of one example of each network, in NHWC."""

FILES = {
    Format.KERAS: "{}.keras",
    Format.TORCHSCRIPT: "{}.pt",
    Format.TORCH_EXPORT: "{}.pt2",
    Format.ONNX: "{}.onnx",
    Format.LITERT: "{}.tflite",
    Format.OPENVINO: "{}.xml",
}


def build(folder: Path) -> None:
    """Write every network in every format into ``folder``, each backend in a process of its own."""
    for backend in ("tensorflow", "torch"):
        apart.run("networks", str(folder), backend, KERAS_BACKEND=backend, TF_CPP_MIN_LOG_LEVEL="3")


def examples(network: str, rows: int, file: Path) -> None:
    """Write ``rows`` random examples of a network, as float32 between 0 and 1, with random classes."""
    generator = np.random.default_rng(0)
    shape = SHAPES[network]
    x = generator.random((rows, *shape), dtype=np.float32)
    np.savez(file, x=x, y=generator.integers(0, 10, rows))


def _export_from_tensorflow(folder: Path) -> None:
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    models = {
        "dense": [layers.Flatten(), layers.Dense(128, activation="relu")],
        "cnn": [
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
        ],
    }
    for name, middle in models.items():
        model = keras.Sequential([keras.Input(SHAPES[name]), *middle, layers.Dense(10, activation="softmax")])
        _save(model, folder / name)
    _save(
        keras.applications.MobileNetV2(SHAPES["mobilenet"], alpha=0.5, weights=None, classes=10),
        folder / "mobilenet",
    )


def _save(model: Any, stem: Path) -> None:
    import tensorflow as tf

    model.save(stem.with_suffix(".keras"))
    stem.with_suffix(".tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def _export_from_torch(folder: Path) -> None:
    # Before Keras and OpenVINO: it keeps OpenVINO from reporting its use to its makers.
    import_module("engine.runtimes.openvino.loader")
    import keras
    import openvino
    import torch

    for name, shape in SHAPES.items():
        model = keras.models.load_model(folder / f"{name}.keras", compile=False).eval()
        example = torch.zeros((4, *shape))
        with torch.no_grad(), warnings.catch_warnings():
            # Tracing warns of every shape that it takes for a constant; none of these depends on the batch.
            warnings.simplefilter("ignore")
            torch.jit.trace(model, example).save(folder / f"{name}.pt")
            torch.onnx.export(
                model,
                (example,),
                folder / f"{name}.onnx",
                dynamo=False,
                input_names=["x"],
                output_names=["y"],
                dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}},
            )
            graph = openvino.Core().read_model(folder / f"{name}.onnx")
            openvino.save_model(graph, folder / f"{name}.xml", compress_to_fp16=False)
            sizes = (({0: torch.export.Dim("batch")},),)
            program = torch.export.export(model, (example,), dynamic_shapes=sizes, strict=False)
            torch.export.save(program, folder / f"{name}.pt2")


if __name__ == "__main__":
    {"tensorflow": _export_from_tensorflow, "torch": _export_from_torch}[sys.argv[2]](Path(sys.argv[1]))
