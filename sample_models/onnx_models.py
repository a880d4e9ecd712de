"""Makes the ONNX samples from scikit-learn's training: a digit classifier and a breast-cancer classifier.

The graphs are assembled by hand, so that no converter is needed. Run as
``python -P -m sample_models.onnx_models FOLDER``; writes digits.onnx, cancer.onnx, candidates to
follow them (`sample_models.candidates`), and the data cancer-test.npz, cancer-validation.npz and cancer-train.npz there.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from sample_models.digits import SEED, Part, split

OPSET = 17
IR_VERSION = 9
"""Old enough for every ONNX Runtime that is still in use."""

DIGIT: list[int | None] = [None, 28, 28]

Array = NDArray[Any]


def build(folder: Path) -> None:
    """Train both classifiers from a seed and save them and their data in ``folder``."""
    train = split()["train"]
    pixels = train.scaled().reshape(len(train.y), -1)
    digits = _graph(_fit(pixels, train.y, hidden=64, iterations=30), DIGIT, None)
    _save(digits, folder / "digits.onnx")
    # What saw a tenth of the examples is worse, what saw each of them in five places is better.
    few = _fit(pixels[:250], train.y[:250], hidden=64, iterations=30)
    _save(_graph(few, DIGIT, None), folder / "digits-worse.onnx")
    _save(_halved(digits), folder / "digits-equal.onnx")
    moved, labels = _moved(train)
    _save(_graph(_fit(moved, labels, hidden=128, iterations=6), DIGIT, None), folder / "digits-better.onnx")
    _cancer(folder)


def _cancer(folder: Path) -> None:
    x, y = load_breast_cancer(return_X_y=True)
    x = x.astype(np.float32)
    rest_x, test_x, rest_y, test_y = train_test_split(x, y, test_size=200, random_state=SEED, stratify=y)
    parts = train_test_split(rest_x, rest_y, test_size=69, random_state=SEED, stratify=rest_y)
    train_x, validation_x, train_y, validation_y = parts
    mean, deviation = train_x.mean(axis=0), train_x.std(axis=0)
    classifier = _fit((train_x - mean) / deviation, train_y, hidden=16, iterations=200)
    cancer = _graph(classifier, [None, x.shape[1]], (mean, deviation))
    _save(cancer, folder / "cancer.onnx")
    _save(_halved(cancer), folder / "cancer-equal.onnx")
    for name, data, labels in (
        ("test", test_x, test_y),
        ("validation", validation_x, validation_y),
        ("train", train_x, train_y),
    ):
        np.savez_compressed(folder / f"cancer-{name}.npz", x=data, y=labels.astype(np.int64))


def _fit(x: Array, y: Array, *, hidden: int, iterations: int) -> MLPClassifier:
    classifier = MLPClassifier((hidden,), random_state=SEED, max_iter=iterations, batch_size=64)
    return classifier.fit(x, y)


def _graph(
    classifier: MLPClassifier, shape: list[int | None], scaling: tuple[Array, Array] | None
) -> onnx.ModelProto:
    """Return the classifier as ONNX: flatten, standardise where asked, two dense layers, class probabilities."""
    weights: dict[str, Array] = {}
    nodes = [helper.make_node("Flatten", ["x"], ["flat"], axis=1)]
    value = "flat"
    if scaling is not None:
        weights |= {"mean": scaling[0], "deviation": scaling[1]}
        nodes += [
            helper.make_node("Sub", [value, "mean"], ["centred"]),
            helper.make_node("Div", ["centred", "deviation"], ["standard"]),
        ]
        value = "standard"
    for layer, (matrix, bias) in enumerate(zip(classifier.coefs_, classifier.intercepts_, strict=True)):
        weights |= {f"w{layer}": matrix, f"b{layer}": bias}
        nodes.append(helper.make_node("Gemm", [value, f"w{layer}", f"b{layer}"], [f"z{layer}"]))
        value = f"z{layer}"
        if layer == 0:
            nodes.append(helper.make_node("Relu", [value], ["hidden"]))
            value = "hidden"
    last = "Softmax" if classifier.out_activation_ == "softmax" else "Sigmoid"
    nodes.append(helper.make_node(last, [value], ["probabilities"]))
    tensors = [numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()]
    classes = classifier.coefs_[-1].shape[1]
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape[1:]])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", classes])],
        tensors,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def _moved(part: Part) -> tuple[Array, Array]:
    """Return the images as they are and moved by a pixel to each side, as rows, with their labels."""
    images = part.scaled()
    shifted = [images, *(np.roll(images, step, axis) for axis in (1, 2) for step in (-1, 1))]
    return np.concatenate(shifted).reshape(len(shifted) * len(part.y), -1), np.tile(part.y, len(shifted))


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model with the same weights in half precision: half as large, and nearly always of the same answer."""
    halved = onnx.ModelProto()
    halved.CopyFrom(model)
    casts = []
    for tensor in halved.graph.initializer:
        name, half = tensor.name, f"{tensor.name}_half"
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *halved.graph.node]
    del halved.graph.node[:]
    halved.graph.node.extend(nodes)
    return halved


def _save(model: onnx.ModelProto, path: Path) -> None:
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


if __name__ == "__main__":
    build(Path(sys.argv[1]))
