"""ONNX models that attack: weights from elsewhere, operators of a foreign library, and demands without measure.

Owns the writers; the models are put together with onnx, which is imported when the first is called.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sample_models.hostile.attack import Attack, Stop
from storage.vocabulary import Format

VALUES = 4
"""Floats that a model wants to read from a file which is none of its business: 16 bytes."""

TEBIBYTE = 2**38
"""Floats of 4 bytes that make one TiB."""

FOREVER = 2**63 - 1


def built(nodes: list[Any], *, inputs: str = "x", outputs: str = "y", **graph: Any) -> Any:
    """Return a model of a matrix in and a matrix out."""
    from onnx import TensorProto, helper

    value = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", VALUES])
        for name in (inputs, outputs)
    }
    made = helper.make_graph(nodes, "hostile", [value[inputs]], [value[outputs]], **graph)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("evil", 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


def reading(file: Path, location: str) -> Path:
    """Write a model that adds the floats in the file at ``location`` to what it is asked."""
    from onnx import TensorProto, helper

    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[VALUES])
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=location)
    return _written(file, built([helper.make_node("Add", ["x", "w"], ["y"])], initializer=[weights]))


def above(file: Path, canary: Path) -> Path:
    """Write a model whose weights lie beside its folder, not in it."""
    return reading(file, os.path.relpath(canary, file.parent))


def through_the_middle(file: Path, canary: Path) -> Path:
    """Write a model whose path to its weights begins below its folder and leaves it all the same."""
    (file.parent / "inner").mkdir(exist_ok=True)
    return reading(file, f"inner/../{os.path.relpath(canary, file.parent)}")


def absolute(file: Path, canary: Path) -> Path:
    """Write a model whose weights have an absolute path."""
    return reading(file, str(canary))


def linked(file: Path, canary: Path) -> Path:
    """Write a model whose weights are a symbolic link to somebody else's file."""
    (file.parent / "linked.bin").symlink_to(canary)
    return reading(file, "linked.bin")


def hard_linked(file: Path, canary: Path) -> Path:
    """Write a model whose weights are a second name of somebody else's file."""
    weights = file.parent / "second-name.bin"
    if canary.exists():
        weights.hardlink_to(canary)
    return reading(file, weights.name)


def foreign(file: Path, canary: Path) -> Path:
    """Write a model that needs a library of its author's."""
    del canary  # the library would run; the file only asks for it
    from onnx import helper

    return _written(file, built([helper.make_node("Backdoor", ["x"], ["y"], domain="evil")]))


def vast(file: Path, canary: Path) -> Path:
    """Write a model that asks for 1 TiB."""
    del canary  # it attacks memory
    from onnx import TensorProto, helper, numpy_helper

    size = numpy_helper.from_array(np.array([TEBIBYTE], np.int64), "size")
    one = helper.make_tensor("value", TensorProto.FLOAT, [1], [1.0])
    nodes = [
        helper.make_node("Identity", ["size"], ["shape"]),
        helper.make_node("ConstantOfShape", ["shape"], ["ones"], value=one),
        helper.make_node("ReduceMax", ["ones"], ["most"], keepdims=1),
        helper.make_node("Add", ["x", "most"], ["y"]),
    ]
    return _written(file, built(nodes, initializer=[size]))


def endless(file: Path, canary: Path) -> Path:
    """Write a model with a loop that never ends."""
    del canary  # it attacks whoever waits
    from onnx import TensorProto, helper, numpy_helper

    state = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("before", "after")]
    true = [helper.make_tensor_value_info(name, TensorProto.BOOL, []) for name in ("go", "on")]
    count = helper.make_tensor_value_info("count", TensorProto.INT64, [])
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Neg", ["before"], ["after"])],
        "body",
        [count, true[0], state[0]],
        [true[1], state[1]],
    )
    constants = [
        numpy_helper.from_array(np.array(FOREVER, np.int64), "forever"),
        numpy_helper.from_array(np.array(1, np.bool_), "yes"),
    ]
    loop = helper.make_node("Loop", ["forever", "yes", "x"], ["y"], body=body)
    return _written(file, built([loop], initializer=constants))


def _written(file: Path, model: Any) -> Path:
    file.write_bytes(model.SerializeToString())
    return file


def _outside(name: str, purpose: str, write: Callable[[Path, Path], Path], says: str) -> Attack:
    return Attack(name, 12, purpose, write, says, opens_as=Format.ONNX, reads=True)


ATTACKS = (
    _outside(
        "above.onnx",
        "an ONNX model whose weights lie above its folder",
        above,
        "wants weights outside its folder",
    ),
    _outside(
        "middle.onnx",
        "the same by a path that begins below its folder",
        through_the_middle,
        "wants weights outside its folder",
    ),
    _outside("absolute.onnx", "the same by an absolute path", absolute, "wants weights outside its folder"),
    _outside("linked.onnx", "the same through a symbolic link", linked, "wants weights through a link"),
    _outside(
        "hard-linked.onnx", "the same through a second name", hard_linked, "wants weights through a link"
    ),
    Attack(
        "foreign.onnx",
        13,
        "an ONNX model that needs a native library of its author's",
        foreign,
        "needs the custom operator Backdoor of evil, a native library that is not loaded",
        opens_as=Format.ONNX,
    ),
    Attack(
        "vast.onnx",
        18,
        "an ONNX model that asks for 1 TiB",
        vast,
        "more memory than its limit",
        Stop.WALLED,
        Format.ONNX,
    ),
    Attack(
        "endless.onnx",
        19,
        "an ONNX model that never answers",
        endless,
        "did not answer within",
        Stop.WALLED,
        Format.ONNX,
    ),
)
