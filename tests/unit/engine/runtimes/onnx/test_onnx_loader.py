"""ONNX models as they really come: with external data, with several outputs, with maps as answers."""

from pathlib import Path

import numpy as np
import pytest

from engine.runtimes.onnx.loader import load
from storage.errors import JobError
from tests.tiny_models import save_onnx_external


def test_external_data_are_loaded(tmp_path: Path) -> None:
    """The weights come from the file beside the model."""
    model = load(save_onnx_external(tmp_path / "model.onnx"), "cpu")
    (answer,) = model.run([np.zeros((2, 1, 8, 8), np.float32)])
    assert answer.shape == (2, 10)
    assert model.parameters == 650


def test_free_and_fixed_axes_are_told_apart(tmp_path: Path) -> None:
    """A named axis is free, whatever its name; a number is fixed."""
    model = load(save_onnx_external(tmp_path / "model.onnx"), "cpu")
    assert model.inputs[0].describe() == "float32 [?, 1, 8, 8]"


def test_answers_that_are_no_tensors_are_an_error(tmp_path: Path) -> None:
    """Scikit-learn's converters answer with maps by default; the hint names the option."""
    from onnx import TensorProto, helper

    nodes = [helper.make_node("ZipMap", ["x"], ["z"], domain="ai.onnx.ml", classlabels_int64s=[0, 1])]
    output = helper.make_value_info(
        "z",
        helper.make_sequence_type_proto(
            helper.make_map_type_proto(
                TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, [])
            )
        ),
    )
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])]
    graph = helper.make_graph(nodes, "g", inputs, [output])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    file = tmp_path / "m.onnx"
    file.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString())
    with pytest.raises(JobError, match="maps or lists") as caught:
        load(file, "cpu").run([np.ones((1, 2), np.float32)])
    assert "zipmap=False" in caught.value.hint
