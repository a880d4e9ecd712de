"""A real model that answers with its own input: whatever outputs a test needs, it puts into the data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


def passing(file: Path, shape: Sequence[int | str], outputs: int = 1) -> Path:
    """Save an ONNX model whose outputs are its input, ``shape`` float32 with names for free axes."""
    from onnx import TensorProto, helper

    names = [f"out{index}" for index in range(outputs)]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], [name]) for name in names],
        "passing",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in names],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    file.write_bytes(model.SerializeToString())
    return file


def answers_file(file: Path, outputs: Any, targets: Any) -> Path:
    """Save data on which a passing model answers ``outputs``."""
    np.savez(file, x=np.asarray(outputs, dtype=np.float32), y=np.asarray(targets))
    return file


def overflowing(file: Path) -> Path:
    """Save an ONNX model that answers a number with twice that, in single precision: large ones become infinite."""
    from onnx import TensorProto, helper

    one = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "overflowing", one[:1], one[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    file.write_bytes(model.SerializeToString())
    return file
