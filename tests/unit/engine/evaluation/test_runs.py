"""What of a model's answers is looked at together."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data.examples import Examples, open_examples
from engine.data.proposal import BYTE_SCALE
from engine.evaluation import runs
from engine.evaluation.runs import Answer, together
from storage.errors import JobError
from storage.records import TensorSpec
from storage.settings import ModelSettings, Preprocess


def answers(*sizes: int, width: int = 2) -> list[Answer]:
    """Return answers to batches of these sizes; each row says which example it belongs to."""
    made, start = [], 0
    for size in sizes:
        numbers = np.arange(start, start + size, dtype=np.float32)
        made.append(Answer(start, start + size, (np.repeat(numbers[:, np.newaxis], width, axis=1),)))
        start += size
    return made


def test_small_batches_are_looked_at_together_and_none_is_lost() -> None:
    """As many as are needed for the rows that make looking cheap; what is left comes last."""
    found = list(together(answers(*[500] * 9, 7), lambda outputs: outputs[0]))
    assert [(start, stop) for start, stop, _ in found] == [(0, 2500), (2500, 4507)]
    assert np.concatenate([rows for _, _, rows in found])[:, 0].tolist() == list(range(4507))


def test_wide_answers_are_looked_at_in_few_rows() -> None:
    """A thousand classes of a hundred examples fill the processor's cache."""
    found = list(together(answers(*[100] * 9, width=1000), lambda outputs: outputs[0]))
    assert [stop for _, stop, _ in found] == [300, 600, 900]


def test_slow_answers_are_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a slow model sees its figures move."""
    monkeypatch.setattr(runs, "TOGETHER_S", 0)
    found = list(together(answers(1, 1, 1), lambda outputs: outputs[0]))
    assert [stop for _, stop, _ in found] == [1, 2, 3]


def test_answers_of_different_lengths_are_told() -> None:
    """A model that gives ten scores for one example and three for another cannot be judged."""
    uneven = [*answers(4, width=10), *answers(4, width=3)]
    with pytest.raises(JobError, match="gave 10 numbers for one example and 3 for another"):
        list(together(uneven, lambda outputs: outputs[0]))


class Moody:
    """A model that answers at once, or takes its time, as the machine would have it."""

    inputs: tuple[TensorSpec, ...] = (TensorSpec("x", (None, 2), "float32"),)
    outputs: tuple[TensorSpec, ...] = (TensorSpec("y", (None, 2), "float32"),)
    parameters: int | None = None
    pause_s = 0.0

    def run(self, inputs: Sequence[NDArray[Any]]) -> tuple[NDArray[Any], ...]:
        """Give each example back."""
        time.sleep(self.pause_s)
        return (inputs[0],)


def test_a_repeated_evaluation_adds_up_in_the_same_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow the machine is by then, answers are put together where they were the time before: the last bit is the same."""
    monkeypatch.setattr(runs, "TOGETHER_S", 0.01)
    file = tmp_path / "test.npz"
    np.savez(file, x=np.zeros((3000, 2), np.float32), y=np.zeros(3000, np.int64))
    model = Moody()
    examples = open_examples(file, Preprocess(), model.inputs)

    def limits() -> list[int]:
        found = runs.Runs(model, examples, 500)
        return [stop for _, stop, _ in together(found, lambda outputs: outputs[0], found.together)]

    model.pause_s = 0.005
    limits()
    model.pause_s = 0.0
    swift = limits()
    model.pause_s = 0.02
    assert limits() == swift


def test_what_the_first_evaluation_found_holds_for_the_size_that_was_asked_for(tmp_path: Path) -> None:
    """Another size of batches is another way to add up, and finds its own."""
    file = tmp_path / "test.npz"
    np.savez(file, x=np.zeros((3000, 2), np.float32), y=np.zeros(3000, np.int64))
    model = Moody()
    examples = open_examples(file, Preprocess(), model.inputs)
    list(runs.Runs(model, examples, 500))
    assert runs.Runs(model, examples, 500).together is not None
    assert runs.Runs(model, examples, 250).together is None


class Limited:
    """A model that takes no more than so many examples at a time, or answers in a form of its own."""

    inputs: tuple[TensorSpec, ...] = (TensorSpec("x", (None, 2), "float32"),)
    outputs: tuple[TensorSpec, ...] = (TensorSpec("y", (None, 2), "float32"),)
    parameters: int | None = None

    def __init__(
        self, most: int = 10**6, answer: "Callable[[NDArray[Any]], tuple[Any, ...]] | None" = None
    ) -> None:
        self._most = most
        self._answer = answer or (lambda given: (given,))

    def run(self, inputs: Sequence[NDArray[Any]]) -> tuple[NDArray[Any], ...]:
        """Answer, where that is possible."""
        if len(inputs[0]) > self._most:
            raise MemoryError
        return self._answer(inputs[0])


def few(folder: Path) -> Examples:
    """Return two thousand examples, each of which says which one it is."""
    file = folder / "test.npz"
    np.savez(file, x=np.repeat(np.arange(2000, dtype=np.float32)[:, np.newaxis], 2, axis=1), y=np.zeros(2000))
    return open_examples(file, Preprocess(), Limited.inputs)


def test_a_larger_batch_that_is_too_much_is_left_at_the_one_that_works(tmp_path: Path) -> None:
    """What is tried for speed may fail for want of memory; no example is lost or answered twice by that."""
    found = runs.Runs(Limited(200), few(tmp_path), None)
    answers = list(found)
    assert np.concatenate([answer.outputs[0] for answer in answers])[:, 0].tolist() == list(range(2000))
    assert found.size in {32, 128}
    assert max(answer.stop - answer.start for answer in answers) == 128


def test_a_size_that_was_asked_for_and_is_too_much_is_an_error(tmp_path: Path) -> None:
    """Nobody settles for another one than was asked for; what the model was given is told."""
    with pytest.raises(JobError, match=r"failed on examples 0 to 255 of test\.npz: MemoryError\.") as caught:
        list(runs.Runs(Limited(200), few(tmp_path), 256))
    assert "float32 [256, 2]" in caught.value.hint
    with pytest.raises(JobError, match="failed on examples 0 to 31"):
        list(runs.Runs(Limited(31), few(tmp_path), None))


@pytest.mark.parametrize(
    ("answer", "counted"),
    [
        pytest.param(lambda given: (given[:1],), "1", id="one for all"),
        pytest.param(lambda given: (given, given[0, 0]), "8, 1", id="a number besides"),
        pytest.param(lambda given: (given.T,), "2", id="the other way round"),
        pytest.param(lambda _given: (), "no", id="nothing"),
    ],
)
def test_a_model_that_does_not_answer_each_example_is_told(
    tmp_path: Path, answer: "Callable[[NDArray[Any]], tuple[Any, ...]]", counted: str
) -> None:
    """Answers that belong to nobody would be counted as somebody's."""
    with pytest.raises(JobError, match=f"gave {counted} answers for 8 examples"):
        list(runs.Runs(Limited(answer=answer), few(tmp_path), 8))


def test_what_a_model_says_of_its_own_failure_is_left_as_it_is() -> None:
    """A loader that knows what is wrong says it better than any framework's words."""

    def refuse(_given: NDArray[Any]) -> tuple[Any, ...]:
        raise JobError("The device is gone.", "Plug it in.")

    with pytest.raises(JobError, match=r"^The device is gone\.$"):
        runs.ask(Limited(answer=refuse), (np.zeros((1, 2), np.float32),), str)


def test_torchscript_is_asked_for_its_reason_and_not_for_its_tracebacks() -> None:
    """Which stand first and are long; pictures as files hold them come with what most networks want instead."""
    told = RuntimeError(
        f"{runs.TORCHSCRIPT}\nTraceback of TorchScript, serialized code:\n{300 * 'x'}\nRuntimeError: wants 3 channels\n"
    )
    error = runs.failure(told, (np.zeros((2, 24, 24, 3), np.uint8),), "examples 0 to 1")
    assert error.message == "The model failed on examples 0 to 1: wants 3 channels."
    assert error.hint.startswith("It was given uint8 [2, 24, 24, 3]; ")
    line = error.hint.split("at the top of model.toml: ")[1]
    found = msgspec.toml.decode(line, type=ModelSettings).preprocess
    assert found == Preprocess(dtype="float32", scale=BYTE_SCALE, layout="NCHW")
    plain = runs.failure(told, (np.zeros((2, 5), np.float32),), "examples 0 to 1")
    assert plain.hint == "It was given float32 [2, 5]; [preprocess] in model.toml can change that."
