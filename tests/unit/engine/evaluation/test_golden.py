"""Answers now against answers on record: to the bit, within a tolerance that fits their precision, or neither."""

from typing import Any

import msgspec
import numpy as np
import pytest

from engine.evaluation import golden
from engine.evaluation.likeness import Compared
from engine.evaluation.probe import different_rows, packed, rows_without_number, unpacked
from storage.exported import Parity


def compared(old: Any, new: Any) -> Compared:
    """Compare one array with another."""
    return golden.compare([packed(np.asarray(old))], [packed(np.asarray(new))])


def floats(rows: list[list[float]]) -> Any:
    """Return rows of single precision."""
    return np.array(rows, np.float32)


@pytest.mark.parametrize(
    ("dtype", "apart", "within"),
    [
        ("float32", 0.0, True),
        ("float32", 5e-5, True),
        ("float32", 5e-4, False),
        ("float16", 5e-3, True),
        ("float16", 5e-2, False),
        ("float64", 5e-9, True),
        ("float64", 5e-7, False),
        ("int8", 1, True),
        ("int8", 2, False),
    ],
)
def test_each_precision_has_its_tolerance(dtype: str, apart: float, *, within: bool) -> None:
    """And the same bytes are the same to the bit."""
    old = np.zeros((4, 3), dtype)
    new = old.copy()
    new[2, 1] = apart
    found = compared(old, new)
    assert found.within is within
    assert found.identical is (apart == 0)
    assert found.rows == 4


@pytest.mark.parametrize("dtype", [np.str_, np.bytes_, object])
def test_names_of_classes_are_the_same_or_others(dtype: Any) -> None:
    """Classifiers of scikit-learn answer with names beside probabilities, as texts or bytes; there is nothing in between."""
    old = np.array(["setosa", "virginica"]).astype(dtype)
    assert compared(old, old).identical
    assert not compared(old, np.array(["setosa", "versicolor"]).astype(dtype)).within
    assert unpacked(packed(old)).tolist() == ["setosa", "virginica"]


def test_names_do_not_count_among_differences_of_numbers() -> None:
    """How far outputs lie apart is told of the numbers; which class is on top as well."""
    names, scores = packed(np.array([["a", "b"]])), np.array([[0.25, 0.75]], np.float32)
    found = golden.parity([names, packed(scores)], [names, packed(scores + np.float32(0.5))], dataset="test")
    assert (found.mean_difference, found.agreement) == (0.5, 1.0)


def test_large_answers_may_differ_by_more() -> None:
    """The tolerance is a share of the largest one."""
    assert compared(np.full((2, 2), 1e6, np.float32), np.full((2, 2), 1e6 + 50, np.float32)).within
    assert not compared(np.full((2, 2), 1e6, np.float32), np.full((2, 2), 1e6 + 500, np.float32)).within


def test_what_is_no_number_is_like_itself_only() -> None:
    """NaN for NaN is no change, NaN for a number is one without limit, and so is infinity."""
    old = np.array([[np.nan, np.inf, 1.0]], np.float32)
    assert compared(old, old).identical
    same = np.array([[np.nan, np.inf, 1.00001]], np.float32)
    assert compared(old, same).within
    for broken in ([1.0, np.inf, 1.0], [np.nan, 1.0, 1.0], [np.nan, -np.inf, 1.0], [np.nan, np.inf, np.nan]):
        found = compared(old, np.array([broken], np.float32))
        assert not found.within
        assert found.largest == np.inf


def test_examples_whose_class_turned_are_counted() -> None:
    """The largest output is another one."""
    found = compared(floats([[0.9, 0.1], [0.2, 0.8]]), floats([[0.4, 0.6], [0.2, 0.8]]))
    assert (found.turned, found.within) == (1, False)


def test_an_export_tells_how_far_its_answers_are_apart_on_average() -> None:
    """Over the numbers of all outputs; what is no number in both is no difference, and leaves the mean a number."""
    scores = floats([[np.nan, -np.inf, 1.0], [0.2, 0.3, 0.5]])
    before = [packed(scores), packed(floats([[1.0], [2.0]]))]
    same = golden.parity(before, before, dataset="kept")
    assert (same.n, same.max_difference, same.mean_difference, same.agreement) == (2, 0.0, 0.0, 1.0)
    moved = scores.copy()
    moved[1] = [0.625, 0.3, 0.5]
    found = golden.parity(before, [packed(moved), packed(floats([[1.0], [2.25]]))], dataset="kept")
    assert found.max_difference == pytest.approx(0.425)
    assert found.mean_difference == pytest.approx((0.425 + 0.25) / 8)
    assert (found.dataset, found.agreement) == ("kept", 0.5)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Parity) == found


def test_an_export_of_another_form_is_beyond_every_tolerance() -> None:
    """There is no mean of what cannot be put side by side, and no example that agrees."""
    found = golden.parity([packed(np.zeros((4, 3)))], [packed(np.zeros((4, 2)))], dataset="kept")
    assert (found.n, found.max_difference, found.agreement, found.tolerance) == (4, np.inf, 0.0, 0.0)
    nothing = golden.parity([], [], dataset="kept")
    assert (nothing.n, nothing.agreement) == (0, None)


def test_what_is_no_choice_among_classes_does_not_turn() -> None:
    """A single column, and pictures, have no largest output that could turn."""
    for form in ((3, 1), (3,), (3, 2, 2)):
        assert compared(np.zeros(form, np.int8), np.ones(form, np.int8)).turned == 0


@pytest.mark.parametrize("other", [np.zeros((4, 2), np.float32), np.zeros((4, 3), np.float64)])
def test_another_form_is_a_change(other: Any) -> None:
    """Whatever stands in it."""
    found = compared(np.zeros((4, 3), np.float32), other)
    assert not found.same_form
    assert not found.within


def test_arrays_are_kept_as_they_are() -> None:
    """Every kind and shape comes back the same, also from an array that lies in memory the other way round."""
    rng = np.random.default_rng(0)
    arrays: list[Any] = [
        rng.normal(size=(3, 4, 5)).astype(np.float32).transpose(0, 2, 1),
        rng.integers(0, 9, (3, 1)),
        rng.random(3) > 0.5,
        rng.random((3, 2)).astype(np.float16),
    ]
    kept = golden.unpack(golden.pack([packed(array) for array in arrays]))
    for array, back in zip(arrays, map(unpacked, kept), strict=True):
        assert back.dtype == array.dtype
        assert np.array_equal(back, array)
        assert back.flags.writeable


def test_rows_are_counted_over_all_outputs() -> None:
    """A row that is wrong in one output is wrong; rows are alike where all their arrays are."""
    first, second = floats([[1, 1], [np.nan, 1], [1, 1]]), floats([[1], [1], [np.inf]])
    assert rows_without_number([first, second], 3) == 2
    assert rows_without_number([floats([[-np.inf]])], 1) == 0
    assert different_rows([first, second]) == 3
    assert different_rows([np.ones((5, 2))]) == 1
