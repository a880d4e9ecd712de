"""A model's raw outputs on a few examples: the right ones, spread over the data, and no more than a message holds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evaluation import predicting
from engine.evaluation.predicting import predict
from engine.processes.export_messages import Predict, Predicted
from engine.protocols import LoadedModel
from engine.runtimes.onnx.loader import load
from storage.errors import JobError
from storage.settings import Output, Preprocess
from tests.unit.engine.evaluation.passing import answers_file, passing

ROWS = 300

ANSWERS = np.random.default_rng(0).random((ROWS, 3)).astype(np.float32)


class Noting:
    """A real model that notes the sizes of the batches that it is given."""

    def __init__(self, model: LoadedModel) -> None:
        self.inputs, self.outputs, self.parameters = model.inputs, model.outputs, model.parameters
        self._model = model
        self.sizes: list[int] = []

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Run one batch."""
        self.sizes.append(len(inputs[0]))
        return self._model.run(inputs)


def model(folder: Path, rows: int | str = "n", answers: "NDArray[Any]" = ANSWERS, outputs: int = 1) -> Noting:
    """Return a model that answers with what it is given."""
    return Noting(load(passing(folder / "m.onnx", [rows, *answers.shape[1:]], outputs), "cpu"))


def asked(
    folder: Path, told: Noting, rows: int, answers: "NDArray[Any]" = ANSWERS, output: Output | None = None
) -> Predicted:
    """Ask it for examples, all of which lie in one file."""
    data = answers_file(folder / "test.npz", answers, np.zeros(len(answers)))
    return predict(told, Predict(str(data), Preprocess(), output or Output(), rows))


def values(found: Predicted) -> "NDArray[np.float32]":
    """Return the rows of an answer."""
    return np.frombuffer(found.values, "<f4").reshape(found.rows, found.width)


def test_examples_are_spread_over_the_data_and_begin_with_one_alone(tmp_path: Path) -> None:
    """Data may lie in order; and a batch that is not free shows when the second question is a larger one."""
    told = model(tmp_path)
    found = asked(tmp_path, told, 100)
    assert np.array_equal(values(found), ANSWERS[::3])
    assert told.sizes == [1, 64, 35]
    assert len(found.dataset_sha256) == 64


def test_fewer_examples_than_are_wanted_are_all_there_is(tmp_path: Path) -> None:
    """Each once, in their order."""
    assert np.array_equal(values(asked(tmp_path, model(tmp_path), 1000)), ANSWERS)


def test_a_fixed_batch_is_filled_and_the_surplus_dropped(tmp_path: Path) -> None:
    """A model of eight at a time answers twenty examples in three batches, and no example twice."""
    told = model(tmp_path, rows=8)
    assert np.array_equal(values(asked(tmp_path, told, 20)), ANSWERS[::15])
    assert told.sizes == [8, 8, 8]


def test_whole_pictures_are_rows_of_numbers(tmp_path: Path) -> None:
    """Masks and embeddings are compared number by number, whatever their form."""
    pictures = ANSWERS.reshape(75, 2, 2, 3)
    found = asked(tmp_path, model(tmp_path, answers=pictures), 75, pictures)
    assert np.array_equal(values(found), ANSWERS.reshape(75, 12))


@pytest.mark.parametrize(("room", "rows"), [(12 * 70 + 11, 70), (12 * 65, 65), (12 * 3, 3), (5, 1)])
def test_no_more_is_answered_than_a_message_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, rows: int
) -> None:
    """What is left out are whole examples, the last ones; one there is, however large."""
    monkeypatch.setattr(predicting, "MAXIMUM_OUTPUT_BYTES", room)
    assert np.array_equal(values(asked(tmp_path, model(tmp_path), ROWS)), ANSWERS[:rows])


def test_the_output_with_the_predictions_is_that_of_the_settings(tmp_path: Path) -> None:
    """Of several outputs none is guessed."""
    told = model(tmp_path, outputs=2)
    with pytest.raises(JobError, match=r"2 outputs \(out0, out1\)"):
        asked(tmp_path, told, 10)
    assert np.array_equal(values(asked(tmp_path, told, 10, output=Output(index=1))), ANSWERS[::30])
