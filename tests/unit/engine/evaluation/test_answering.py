"""Promises about answers to some examples: the same as those of all, in the order that was asked for."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data import examples as kept_examples
from engine.evaluation import runs
from engine.evaluation.answering import answer
from engine.evaluation.measure import evaluate
from engine.processes.protocol import AnswerSome, Evaluate
from engine.protocols import LoadedModel
from engine.runtimes.onnx.loader import load
from storage.errors import JobError
from storage.settings import Output, Preprocess
from storage.vocabulary import OutputScale, Task
from tests.unit.engine.evaluation.passing import answers_file, passing

RANDOM = np.random.default_rng(0)


def silent(done: int, total: int) -> None:
    """Take no interest in progress."""


class Asked:
    """A model that answers ``outputs``, asked about examples of which ``targets`` are right."""

    def __init__(self, folder: Path, outputs: Any, targets: Any, rows: str | int = "n") -> None:
        self.model: LoadedModel = load(passing(folder / "m.onnx", [rows, *np.shape(outputs)[1:]]), "cpu")
        self.data = str(answers_file(folder / "test.npz", outputs, targets))

    def request(self, places: Any, **given: Any) -> AnswerSome:
        """Return the question about the examples at some places."""
        packed = np.asarray(places, "<u4").tobytes()
        asked = AnswerSome(self.data, (), Preprocess(), packed, batch_size=4)
        return msgspec.structs.replace(asked, **given)

    def right(self, places: Any, **given: Any) -> NDArray[np.bool_]:
        """Return which of them are answered rightly."""
        found = answer(self.model, self.request(places, **given), silent)
        return np.unpackbits(np.frombuffer(found.right, np.uint8), count=len(places)).astype(np.bool_)

    def all_right(self) -> NDArray[np.bool_]:
        """Return which of all examples an evaluation finds to be answered rightly."""
        found = evaluate(
            self.model, Evaluate(self.data, Task.CLASSIFICATION, (), Preprocess(), batch_size=None), silent
        )
        assert found.correct is not None
        return np.unpackbits(np.frombuffer(found.correct, np.uint8), count=found.rows).astype(np.bool_)


@pytest.fixture
def three_classes(tmp_path: Path) -> Asked:
    """Return a model of three classes that is right on some of fifty examples."""
    targets = RANDOM.integers(0, 3, 50)
    outputs = RANDOM.dirichlet([1, 1, 1], 50)
    outputs[::2] = np.eye(3)[targets[::2]]
    return Asked(tmp_path, outputs, targets)


@pytest.mark.parametrize("kept", [True, False], ids=["in memory", "mapped"])
def test_answers_are_those_of_an_evaluation_in_the_order_that_was_asked_for(
    three_classes: Asked, monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    """Whatever the order and the size of the portions, and whether examples are prepared beforehand or on demand."""
    if not kept:
        monkeypatch.setattr(kept_examples, "KEPT", 0)
    whole = three_classes.all_right()
    assert 0 < whole.sum() < len(whole)
    order = RANDOM.permutation(50)
    assert np.array_equal(three_classes.right(order), whole[order])
    parts = [three_classes.right(part) for part in np.split(order, [1, 17, 20])]
    assert np.array_equal(np.concatenate(parts), whole[order])


def test_nothing_is_asked_to_learn_what_the_data_are(three_classes: Asked) -> None:
    """Without places the answer has the number of examples and their digest, and no answers."""
    found = answer(three_classes.model, three_classes.request([]), silent)
    assert (found.rows, len(found.dataset_sha256), found.right, found.scale) == (50, 64, b"", None)


def test_a_fixed_batch_is_filled(tmp_path: Path) -> None:
    """A model that insists on batches of eight answers three examples, too."""
    targets = np.arange(16) % 2
    asked = Asked(tmp_path, np.eye(2)[1 - targets], targets, rows=8)
    assert not asked.right([15, 0, 7]).any()


def test_several_labels_must_all_be_right(tmp_path: Path) -> None:
    """The answer says that examples have labels, so that the figure gets its name."""
    targets = np.array([[1, 0], [1, 1], [0, 0]])
    asked = Asked(tmp_path, [[0.9, 0.1], [0.9, 0.1], [0.1, 0.1]], targets)
    assert answer(asked.model, asked.request([0]), silent).several
    assert asked.right([2, 1, 0]).tolist() == [True, False, True]


def test_logits_that_look_like_probabilities_are_read_rightly_once_that_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scale is told with the answers, and what is known of it holds for those that show nothing of it."""
    asked = Asked(tmp_path, [[0.2], [0.3], [9.0], [-9.0]], [1, 1, 1, 0])
    first = answer(asked.model, asked.request([0, 1]), silent)
    assert first.scale is OutputScale.PROBABILITIES
    assert not asked.right([0, 1]).any()
    assert answer(asked.model, asked.request([2, 3]), silent).scale is OutputScale.LOGITS
    assert asked.right([0, 1], scale=OutputScale.LOGITS).all()
    # In one question whose answers are not looked at all together the first ones are read again.
    monkeypatch.setattr(runs, "TOGETHER_ROWS", 4)
    asked = Asked(tmp_path, [[0.2]] * 8 + [[9.0]] * 4, [1] * 12)
    assert asked.right(range(12)).all()


def test_what_the_settings_say_of_outputs_holds(tmp_path: Path) -> None:
    """A threshold decides here as it does in an evaluation."""
    asked = Asked(tmp_path, [[0.2], [0.6]], [1, 1])
    assert asked.right([0, 1], output=Output(threshold=0.1)).all()


def test_answers_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    """They are no wrong answers: there is no comparison then."""
    asked = Asked(tmp_path, [[0.1, 0.9], [np.nan, 0.1], [0.5, 0.5]], [1, 1, 1])
    assert asked.right([0]).all()
    with pytest.raises(JobError, match="NaN or infinity on 1 of 2 examples that were tried"):
        asked.right([0, 1])


def test_examples_that_are_not_there_are_told(three_classes: Asked) -> None:
    """Data that became fewer meanwhile are other data."""
    with pytest.raises(JobError, match=r"test\.npz has 50 examples now; it has changed\."):
        three_classes.right([50])
