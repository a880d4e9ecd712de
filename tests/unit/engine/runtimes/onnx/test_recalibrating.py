"""However an ONNX model makes its outputs, a temperature is put where it belongs, and whatever else reads them works on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.evaluation.temperature import applied
from engine.protocols import Conversion, Temperature
from engine.runtimes.onnx.recalibrating import PROPERTY, recalibrate
from storage.errors import JobError
from storage.vocabulary import OutputScale

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

VALUE = 2.5
WIDTH = 4

PROBABILITIES, LOGITS, SCORES = OutputScale.PROBABILITIES, OutputScale.LOGITS, OutputScale.SCORES

Node = tuple[str, list[str], list[str]]

CASES: dict[str, tuple[list[Node], OutputScale, list[str]]] = {
    "softmax": ([("Softmax", ["x"], ["y"])], PROBABILITIES, ["Mul", "Softmax"]),
    "logits": ([("Identity", ["x"], ["y"])], LOGITS, ["Identity", "Mul"]),
    "sigmoid": ([("Sigmoid", ["x"], ["y"])], SCORES, ["Mul", "Sigmoid"]),
    "not to be seen": (
        [("Softmax", ["x"], ["p"]), ("Identity", ["p"], ["y"])],
        PROBABILITIES,
        ["Softmax", "Identity", "Max", "Log", "Mul", "Softmax"],
    ),
    "sigmoid not to be seen": (
        [("Sigmoid", ["x"], ["p"]), ("Identity", ["p"], ["y"])],
        SCORES,
        ["Sigmoid", "Identity", "Max", "Min", "Sub", "Log", "Log", "Sub", "Mul", "Sigmoid"],
    ),
    "read by another": (
        [("Softmax", ["x"], ["p"]), ("Identity", ["p"], ["y"]), ("Neg", ["y"], ["other"])],
        PROBABILITIES,
        ["Softmax", "Identity", "Max", "Log", "Mul", "Softmax", "Neg"],
    ),
}


def save(file: Path, nodes: Sequence[Node], *, kind: str = "FLOAT", opset: int = 17) -> Path:
    """Save a graph that takes ``x`` and gives ``y``, and ``other`` where it makes that."""
    known = getattr(onnx.TensorProto, kind)
    made = [onnx.helper.make_node(operator, takes, gives) for operator, takes, gives in nodes]
    names = ["y", *(["other"] if any("other" in gives for _, _, gives in nodes) else [])]
    graph = onnx.helper.make_graph(
        made,
        "graph",
        [onnx.helper.make_tensor_value_info("x", known, ["n", WIDTH])],
        [onnx.helper.make_tensor_value_info(name, known, ["n", WIDTH]) for name in names],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=9)
    file.write_bytes(model.SerializeToString())
    return file


def recalibrated(source: Path, scale: OutputScale) -> Path:
    """Return the file with a temperature in it."""
    target = source.with_name("made.onnx")
    recalibrate(
        Conversion(
            source,
            target,
            None,
            (),
            lambda _count: iter(()),
            trusted=False,
            options=(),
            temperature=Temperature(VALUE, scale, 0, WIDTH),
        )
    )
    return target


def run(file: Path, given: "np.ndarray[Any, Any]") -> "list[np.ndarray[Any, Any]]":
    """Return what a model answers."""
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return list(session.run(None, {"x": given}))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", ["FLOAT", "DOUBLE"])
def test_a_temperature_is_put_where_it_belongs(name: str, kind: str, tmp_path: Path) -> None:
    """Before the softmax or sigmoid where that can be seen, else behind the output; the file says that it is there."""
    nodes, scale, operators = CASES[name]
    given = (
        np.random.default_rng(0)
        .normal(0, 3, (30, WIDTH))
        .astype(np.dtype(kind.lower().replace("float", "float32")))
    )
    source = save(tmp_path / "model.onnx", nodes, kind=kind)
    before = run(source, given)
    made = recalibrated(source, scale)
    after = run(made, given)
    wanted = applied(before[0].astype(np.float32), Temperature(VALUE, scale, 0, WIDTH))
    assert np.allclose(after[0], wanted, atol=1e-5)
    assert after[0].dtype == before[0].dtype
    if len(after) > 1:
        assert np.allclose(after[1], -after[0])
    model = onnx.load(str(made))
    onnx.checker.check_model(model)
    assert [node.op_type for node in model.graph.node] == operators
    assert {one.key: one.value for one in model.metadata_props} == {PROPERTY: "2.5"}


def test_half_precision_stays_half_precision(tmp_path: Path) -> None:
    """Its constants are of its own kind, and its zeros no infinities."""
    source = save(tmp_path / "model.onnx", CASES["not to be seen"][0], kind="FLOAT16")
    given = np.array([[0, 1, 2, 40]], dtype=np.float16)
    [after] = run(recalibrated(source, PROBABILITIES), given)
    assert after.dtype == np.float16
    assert np.isfinite(after).all()
    assert after.sum() == pytest.approx(1, abs=1e-2)


def test_what_cannot_be_divided_is_refused(tmp_path: Path) -> None:
    """Whole numbers, and operators from before broadcasting, with what to do."""
    whole = save(tmp_path / "model.onnx", [("Identity", ["x"], ["y"])], kind="UINT8")
    with pytest.raises(JobError, match=r"The output y is uint8, and only floats can be divided\."):
        recalibrated(whole, LOGITS)
    old = save(tmp_path / "model.onnx", [("Identity", ["x"], ["y"])], opset=6)
    with pytest.raises(JobError, match=r"operators of version 6, and a temperature needs 8"):
        recalibrated(old, LOGITS)
