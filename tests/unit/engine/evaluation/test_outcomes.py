"""Which of a model's outputs holds the predictions, and how its numbers are to be read: said, or asked for."""

from typing import Any

import numpy as np
import pytest

from engine.evaluation import outcomes
from engine.evaluation.outcomes import Scale
from storage.errors import JobError
from storage.measured import TensorSpec
from storage.settings import Output

SCORES = np.array([[0.1, 0.9], [0.7, 0.3]], np.float32)
COUNTS = np.array([[1, 2], [3, 4]], np.int64)
SPECS = (TensorSpec("ids", None, "int64"), TensorSpec("scores", (None, 2), "float32"))


def place(*outputs: Any, specs: tuple[TensorSpec, ...] = SPECS, **wanted: Any) -> int:
    """Return which of some outputs is meant."""
    return outcomes.chosen_place(outputs, specs, Output(**wanted))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [({}, 1), ({"name": "ids"}, 0), ({"index": 0}, 0), ({"name": "scores", "index": 1}, 1)],
)
def test_the_only_output_of_floats_is_meant_unless_the_settings_say_another(
    wanted: dict[str, Any], found: int
) -> None:
    """By its name, by its number, or by both where they agree."""
    assert place(COUNTS, SCORES, **wanted) == found


def test_a_single_output_is_meant_whatever_its_numbers_are() -> None:
    """A model that answers with whole numbers has no other output."""
    assert place(COUNTS, specs=SPECS[:1]) == 0


@pytest.mark.parametrize(
    ("outputs", "specs", "wanted", "told", "hint"),
    [
        ((SCORES, SCORES), SPECS, {}, r"has 2 outputs \(ids, scores\)", 'output = { name = "ids" }'),
        ((SCORES, SCORES), (), {}, "has 2 outputs, and which holds", "output = { index = 0 }"),
        ((COUNTS, SCORES), SPECS, {"name": "logits"}, r"no output logits \(ids, scores\)", "output.name"),
        (
            (COUNTS, SCORES),
            SPECS,
            {"index": 2},
            "counted from 0, and model.toml asks for number 2",
            "output.index",
        ),
        ((COUNTS, SCORES), SPECS, {"name": "ids", "index": 1}, "ids is number 0", "Leave one of the two out"),
    ],
)
def test_what_is_not_clear_is_asked_for(
    outputs: tuple[Any, ...], specs: tuple[TensorSpec, ...], wanted: dict[str, Any], told: str, hint: str
) -> None:
    """Nothing is guessed: the sentence has what there is, and the hint what to write."""
    with pytest.raises(JobError, match=told) as caught:
        place(*outputs, specs=specs, **wanted)
    assert hint in caught.value.hint


def test_one_number_an_example_is_a_column() -> None:
    """Of classes as of values."""
    flat = np.array([0.2, 0.8], np.float32)
    assert outcomes.class_scores(flat).shape == outcomes.values(flat).shape == (2, 1)
    assert outcomes.class_scores(SCORES) is SCORES


@pytest.mark.parametrize("form", [(2, 3, 4), (2, 0), ()])
def test_an_output_of_another_form_is_told_with_its_form(form: tuple[int, ...]) -> None:
    """What is no row an example cannot be counted."""
    array = np.zeros(form, np.float32)
    with pytest.raises(JobError, match="not one row of class scores per example"):
        outcomes.class_scores(array)
    if len(form) != 2:
        with pytest.raises(JobError, match="not one row of values per example"):
            outcomes.values(array)


@pytest.mark.parametrize(
    ("rows", "scale"),
    [
        (np.zeros((0, 2), np.float32), Scale.PROBABILITIES),
        (SCORES, Scale.PROBABILITIES),
        (SCORES - 1, Scale.LOGITS),
        (SCORES * 2, Scale.LOGITS),
        (SCORES / 2, Scale.SCORES),
        (SCORES[:, :1], Scale.PROBABILITIES),
        (SCORES.astype(np.float16), Scale.PROBABILITIES),
    ],
)
def test_numbers_show_how_they_are_to_be_read(rows: Any, scale: Scale) -> None:
    """Between 0 and 1 and together 1 they are probabilities; beyond, logits; else scores."""
    assert outcomes.scale_of(rows) is scale


@pytest.mark.parametrize(("bad", "found"), [(np.nan, True), (np.inf, True), (-np.inf, False), (3e38, False)])
def test_a_row_without_a_number_is_found_among_large_ones(bad: float, *, found: bool) -> None:
    """Minus infinity is the logarithm of zero, and numbers whose sum is too large are numbers."""
    rows = np.array([[1.0, 2.0], [bad, 3e38]], np.float32)
    assert outcomes.without_number(rows).tolist() == [False, found]
    assert outcomes.without_number(np.full((1, 2), 1.7e308)).tolist() == [False]
