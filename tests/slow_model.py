"""A real model that takes a while for each example: digits in, as slow as it has layers."""

from pathlib import Path

import numpy as np

SIDE = 1024
"""A layer multiplies with 4 MiB of weights, for one example or a few: tens of microseconds on any machine of today."""


def save_slow_onnx(file: Path, layers: int = 10) -> Path:
    """Save an ONNX model of digits, channels first, that multiplies with the same large matrix once a layer."""
    from onnx import TensorProto, helper, numpy_helper

    draw = np.random.default_rng(0)
    weights = {
        name: (draw.normal(0, 1 / np.sqrt(rows), (rows, columns))).astype(np.float32)
        for name, rows, columns in (("first", 64, SIDE), ("every", SIDE, SIDE), ("last", SIDE, 10))
    }
    steps = ["first", *["every"] * layers, "last"]
    nodes = [helper.make_node("Flatten", ["x"], ["value0"])]
    nodes += [
        helper.make_node("MatMul", [f"value{index}", name], [f"value{index + 1}"])
        for index, name in enumerate(steps)
    ]
    nodes.append(helper.make_node("Softmax", [f"value{len(steps)}"], ["probabilities"]))
    graph = helper.make_graph(
        nodes,
        "slow",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, 8, 8])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(matrix, name) for name, matrix in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    file.write_bytes(model.SerializeToString())
    return file
