"""When two models' outputs are the same, and what is told of them."""

from collections.abc import Sequence

import numpy as np
import pytest

from engine.evaluation.parity import TOLERANCE, broken, parity
from engine.processes.export_messages import Predicted
from storage.errors import JobError
from storage.exported import Parity
from storage.vocabulary import Task

ROWS = [[0.1, 0.7, 0.2], [0.9, 0.05, 0.05]]


def answers(rows: Sequence[Sequence[float]], *, dataset: str = "d") -> Predicted:
    """Return rows as a model process sends them."""
    array = np.asarray(rows, "<f4")
    return Predicted(array.tobytes(), len(array), array.shape[1], dataset)


def told(
    after: Sequence[Sequence[float]],
    before: Sequence[Sequence[float]] = ROWS,
    *,
    task: Task = Task.CLASSIFICATION,
    lossless: bool = True,
) -> Parity:
    """Return what is said of two sets of outputs."""
    return parity(answers(before), answers(after), dataset="validation.npz", task=task, lossless=lossless)


def test_the_same_outputs_are_the_same() -> None:
    """Nothing differs, and every class agrees."""
    found = told(ROWS)
    assert (found.max_difference, found.mean_difference, found.agreement, found.n) == (0, 0, 1, 2)
    assert not broken(found)


def test_a_difference_beyond_the_tolerance_breaks_it() -> None:
    """Also where the classes agree: accuracy would not show it."""
    within, beyond = ([[0.1 + step, 0.7, 0.2], ROWS[1]] for step in (TOLERANCE / 2, TOLERANCE * 2))
    assert not broken(told(within))
    found = told(beyond)
    assert broken(found)
    assert found.agreement == 1


def test_the_tolerance_grows_with_the_outputs() -> None:
    """Logits in the hundreds differ by more than probabilities do, and mean no more by it."""
    before, after = [[300.0, -200.0]], [[300.02, -200.0]]
    found = told(after, before)
    assert found.tolerance == pytest.approx(300 * TOLERANCE)
    assert not broken(found)


def test_smaller_numbers_are_told_and_not_judged() -> None:
    """How much accuracy they cost is the gate's business."""
    found = told([[0.6, 0.3, 0.1], ROWS[1]], lossless=False)
    assert (found.tolerance, found.agreement) == (None, 0.5)
    assert found.max_difference == pytest.approx(0.5)
    assert not broken(found)


@pytest.mark.parametrize(
    ("rows", "task"),
    [([[0.2], [0.7]], Task.CLASSIFICATION), (ROWS, Task.REGRESSION)],
    ids=["single", "values"],
)
def test_agreement_is_about_choices(rows: Sequence[Sequence[float]], task: Task) -> None:
    """One number, or values, choose nothing."""
    assert told(rows, rows, task=task).agreement is None


def test_what_cannot_be_compared_is_an_error() -> None:
    """Other outputs, no numbers, and data that changed meanwhile have a sentence each."""
    with pytest.raises(JobError, match="gives 1 numbers for an example, and the original 3"):
        told([[0.1], [0.2]])
    with pytest.raises(JobError, match=r"The exported model answers NaN or infinity on validation\.npz"):
        told([[0.1, float("nan"), 0.2], ROWS[1]])
    with pytest.raises(JobError, match=r"validation\.npz changed while the model was exported"):
        parity(
            answers(ROWS),
            answers(ROWS, dataset="e"),
            dataset="validation.npz",
            task=Task.CLASSIFICATION,
            lossless=True,
        )
