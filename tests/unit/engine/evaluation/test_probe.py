"""A few examples asked of a model, byte for byte: which ones, whether it repeats itself, and what its weights hold."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from engine.artefacts.doubts import SHOWN_EVIDENCE
from engine.evaluation import golden
from engine.evaluation import probe as probing
from engine.evaluation.probe import packed, probe, repeat, unpacked
from engine.processes.probes import Probe, Repeat
from engine.protocols import LoadedModel
from engine.runtimes.onnx.loader import load
from storage.errors import JobError
from storage.records import TensorSpec
from storage.settings import Preprocess
from tests.unit.engine.evaluation.passing import answers_file, passing

NAMES = ["setosa", "virginica"]

EXAMPLES = np.arange(120, dtype=np.float32).reshape(40, 3)


@pytest.fixture
def data(tmp_path: Path) -> str:
    """Return the file of the examples."""
    return str(answers_file(tmp_path / "test.npz", EXAMPLES, np.zeros(40)))


def model(folder: Path, rows: int | str = "n") -> LoadedModel:
    """Return a model that answers with what it is given."""
    return load(passing(folder / "m.onnx", [rows, 3]), "cpu")


class Held:
    """A model of these weights, which answers with what it is given and how often it was asked."""

    inputs: tuple[TensorSpec, ...] = (TensorSpec("x", (None, 3), "float32"),)
    outputs: tuple[TensorSpec, ...] = (TensorSpec("y", (None, 3), "float32"),)
    parameters: int | None = None

    def __init__(self, held: "dict[str, Any] | None" = None) -> None:
        self._held = held or {}
        self.asked = 0

    def weights(self) -> "Iterator[tuple[str, NDArray[Any]]]":
        """Return each array with its name."""
        yield from ((name, np.asarray(array)) for name, array in self._held.items())

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Answer, another time otherwise."""
        self.asked += 1
        return (inputs[0] + self.asked,)


def test_the_first_examples_are_asked_as_the_model_takes_them(tmp_path: Path, data: str) -> None:
    """What is kept of them is what it was given, so that it can be asked the same again without the data."""
    found = probe(model(tmp_path), Probe(data=data, preprocess=Preprocess(dtype="float32", scale=0.5)))
    [given], [answered] = found.inputs, found.outputs
    assert np.array_equal(unpacked(given), EXAMPLES[:16] / 2)
    assert answered == given
    assert found.repeatable
    assert (found.weights, found.broken_weights) == (None, ())
    assert probe(model(tmp_path), Probe(inputs=found.inputs)) == found


@pytest.mark.parametrize(("rows", "asked", "taken"), [("n", 100, 40), ("n", 3, 3), (8, 16, 8), (50, 16, 50)])
def test_as_many_examples_are_taken_as_there_are_or_the_model_insists_on(
    tmp_path: Path, data: str, rows: int | str, asked: int, taken: int
) -> None:
    """A batch that is not free is filled with the last example, as a server would have to."""
    [given] = probe(model(tmp_path, rows), Probe(data=data, rows=asked)).inputs
    assert np.array_equal(unpacked(given), EXAMPLES[np.minimum(np.arange(taken), 39)])


def test_a_model_that_answers_otherwise_the_second_time_is_told(data: str) -> None:
    """Nothing can be held against its answers of another day."""
    found = probe(Held(), Probe(data=data))
    assert not found.repeatable
    assert np.array_equal(unpacked(found.outputs[0]), EXAMPLES[:16] + 1)


def test_weights_that_are_no_numbers_are_named(data: str) -> None:
    """Of every precision; whole numbers, names and nothing are in order, and so are numbers whose sum is too large."""
    broken = [1.0, np.nan]
    found = probe(
        Held(
            {
                "kernel": np.ones((2, 2), np.float32),
                "half": np.array(broken, np.float16),
                "brain": np.array(broken, ml_dtypes.bfloat16),
                "brain in order": np.ones(2, ml_dtypes.bfloat16),
                "endless": np.array([1.0, -np.inf], np.float64),
                "steps": np.array([1, 2]),
                "words": np.array([b"yes", b"no"]),
                "none": np.empty(0, np.float32),
                "huge": np.full(4, np.finfo(np.float64).max),
                "odd\x1b[2Jname": np.array(broken),
            }
        ),
        Probe(data=data),
    )
    assert found.weights == 10
    assert found.broken_weights == ("half", "brain", "endless", "odd�[2Jname")


def test_no_more_names_of_weights_are_told_than_anybody_reads(data: str) -> None:
    """A network that broke has NaN in every layer."""
    found = probe(Held({f"layer {number}": [np.nan] for number in range(50)}), Probe(data=data))
    assert found.weights == 50
    assert found.broken_weights == tuple(f"layer {number}" for number in range(SHOWN_EVIDENCE))


@pytest.mark.parametrize(
    ("rows", "told"), [("n", "An example of this model takes more"), (8, "8 examples of this model take")]
)
def test_examples_that_are_too_large_to_keep_are_told(
    tmp_path: Path, data: str, monkeypatch: pytest.MonkeyPatch, rows: int | str, told: str
) -> None:
    """One is too large, or the batch that the model insists on; fewer are taken where that helps."""
    one = EXAMPLES[0].nbytes
    monkeypatch.setattr(probing, "MAXIMUM_BYTES", 5 * one)
    if rows == "n":
        [given] = probe(model(tmp_path), Probe(data=data)).inputs
        assert len(unpacked(given)) == 5
        monkeypatch.setattr(probing, "MAXIMUM_BYTES", one - 1)
    with pytest.raises(JobError, match=told):
        probe(model(tmp_path, rows), Probe(data=data))


def test_answers_that_are_too_large_to_keep_are_told(
    tmp_path: Path, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mask of a photograph is as large as the photograph, and more than that is not kept."""
    monkeypatch.setattr(probing, "MAXIMUM_BYTES", EXAMPLES[:16].nbytes)
    wide = load(passing(tmp_path / "w.onnx", ["n", 3], outputs=2), "cpu")
    with pytest.raises(JobError, match="The answers to 16 examples take more than"):
        probe(wide, Probe(data=data))
    assert len(probe(model(tmp_path), Probe(data=data)).outputs) == 1


def test_numbers_that_numpy_has_no_name_for_travel_in_single_precision() -> None:
    """Nothing of them is lost by that."""
    brain = np.array([[1.5, -2.0]], ml_dtypes.bfloat16)
    told = packed(brain)
    assert told.dtype == "float32"
    assert np.array_equal(unpacked(told), brain.astype(np.float32))


@pytest.mark.parametrize("duration_s", [0.0, 0.05])
def test_the_same_is_asked_for_a_while_and_once_at_least(duration_s: float) -> None:
    """How often is what is told, so that growth can be told per answer."""
    held = Held()
    found = repeat(held, Repeat((packed(EXAMPLES),), duration_s))
    assert found.times == held.asked >= 1
    assert duration_s or found.times == 1


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
