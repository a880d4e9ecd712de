"""What a model answers to a few examples, as it travels and is kept."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from engine.evaluation import golden
from engine.evaluation.probe import packed, probe, unpacked
from engine.processes.probes import Probe
from engine.runtimes.onnx.loader import load

NAMES = ["setosa", "virginica"]


def test_a_classifier_that_names_its_classes_is_looked_through(tmp_path: Path) -> None:
    """scikit-learn's classifiers with names for classes answer with those, too; their checks need the numbers beside them."""
    node = helper.make_node(
        "LinearClassifier",
        ["x"],
        ["label", "probabilities"],
        domain="ai.onnx.ml",
        coefficients=[1.0, -1.0],
        intercepts=[0.0, 0.0],
        classlabels_strings=NAMES,
        post_transform="SOFTMAX",
        multi_class=1,
    )
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 1])],
        [
            helper.make_tensor_value_info("label", TensorProto.STRING, [None]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2]),
        ],
    )
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 3)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path / "model.onnx")
    model = load(tmp_path / "model.onnx", "cpu")
    assert [spec.dtype for spec in model.outputs] == ["str", "float32"]
    inputs = (packed(np.array([[2.0], [-2.0]], np.float32)),)
    found = probe(model, Probe(inputs=inputs))
    assert unpacked(found.outputs[0]).tolist() == NAMES
    assert found.repeatable
    examined = golden.examine(found)
    assert (examined.rows, examined.different_outputs, examined.without_number) == (2, 2, 0)
    assert golden.compare(golden.unpack(golden.pack(found.outputs)), found.outputs).identical
