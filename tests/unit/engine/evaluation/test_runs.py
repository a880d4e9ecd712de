"""What of a model's answers is looked at together."""

import numpy as np
import pytest

from engine.evaluation import runs
from engine.evaluation.runs import Answer, together
from storage.errors import JobError


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
