"""Counts of classes and labels: the same figures however they are held, and none that nobody can read or that is made up."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as reference

from engine.evaluation import counts as counting
from engine.evaluation.counts import Counts
from engine.evaluation.figures import CLASSES, PerClass, Setup
from engine.evaluation.gathering import Gathering
from engine.evaluation.outcomes import Outcomes, Scale
from storage.records import Metric
from storage.vocabulary import Task


def answered(classes: int, rows: int = 500) -> Outcomes:
    """Return what a classifier of so many classes makes of examples, of which it knows some."""
    random = np.random.default_rng(classes)
    targets = random.integers(classes, size=rows)
    scores = random.random((rows, classes))
    scores[np.arange(rows), targets] += 0.7
    return Outcomes(targets, scores.argmax(axis=1), scores, Scale.SCORES)


def figures(*batches: Outcomes, labels: bool = False) -> dict[tuple[str, str], Metric]:
    """Return every figure by name and part."""
    gathering = Gathering(Task.CLASSIFICATION, Setup(), labels=labels)
    for batch in batches:
        gathering.add(batch)
    return {(one.name, one.slice): one for one in gathering.figures()}


def test_many_classes_are_counted_by_the_pairs_that_occur(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every figure is to the bit the one that a whole matrix gives, also of batches; only the matrix is not there."""
    whole = answered(12)
    rows = np.arange(500)
    batches = [whole.part(part) for part in np.split(rows, [0, 100, 350])]
    dense, matrix = figures(whole), Counts()
    matrix.add(whole)
    monkeypatch.setattr(counting, "DENSE", 11)
    assert figures(*batches) == dense
    sparse, second = Counts(), Counts()
    sparse.add(batches[1])
    for batch in batches[2:]:
        second.add(batch)
    sparse.merge(second)
    assert (sparse.matrix(), Counts().matrix()) == (None, None)
    expected = reference.confusion_matrix(whole.targets, whole.predicted)
    assert matrix.matrix() == tuple(map(tuple, expected.tolist()))
    for mine, other in zip(sparse.tally().pairs, matrix.tally().pairs, strict=True):
        assert np.array_equal(mine, other)


@pytest.mark.parametrize("classes", [CLASSES, CLASSES + 1])
def test_more_classes_than_anybody_reads_have_no_figures_of_their_own(classes: int) -> None:
    """Their means are there all the same, as scikit-learn has them."""
    outcomes = answered(classes, rows=2000)
    found = figures(outcomes)
    parts = {part for _, part in found if part}
    assert len(parts) == (CLASSES if classes == CLASSES else 0)
    for name, compute in (("f1_macro", reference.f1_score), ("precision_macro", reference.precision_score)):
        expected = compute(outcomes.targets, outcomes.predicted, average="macro", zero_division=0)
        assert found[name, ""].value == pytest.approx(expected)


def test_a_mean_of_figures_without_limits_has_none() -> None:
    """Where no interval of a class is known, none is made up for the mean; a known one of another class is not enough."""
    values, n = np.array([0.5, 0.7, np.nan]), np.array([10, 20, 0])
    low, high = np.array([0.4, np.nan, np.nan]), np.array([0.6, np.nan, np.nan])
    mean, first, second = PerClass(values, low, high, n).with_mean("roc_auc", Setup(("a", "b", "c")))
    assert mean.value == pytest.approx(0.6)
    assert (mean.low, mean.high, mean.n) == (None, None, 20)
    assert (first.slice, first.low, first.high) == ("class=a", 0.4, 0.6)
    assert (second.slice, second.low, second.high) == ("class=b", None, None)


def labelled(targets: Any, predicted: Any) -> Outcomes:
    """Return what a model of several labels makes of examples."""
    given: NDArray[np.bool_] = np.asarray(predicted, np.bool_)
    return Outcomes(np.asarray(targets, np.bool_), given, given.astype(np.float64), Scale.SCORES)


def test_labels_that_are_all_right_or_all_wrong_have_the_interval_of_a_share() -> None:
    """Nothing varies among them, and ten examples do not show that nothing ever will."""
    right = np.eye(5, dtype=np.bool_)[np.arange(10) % 5]
    for predicted, value in ((right, 1.0), (np.roll(right, 1, axis=1), 0.0)):
        found = figures(labelled(right, predicted), labels=True)
        for name in ("precision_micro", "recall_micro", "f1_micro"):
            one = found[name, ""]
            assert one.value == value
            limits = (0.7225, 1.0) if value else (0.0, 0.2775)
            assert (one.low, one.high) == pytest.approx(limits, abs=1e-4)


@pytest.mark.parametrize(("labels", "right"), [(2, 1), (7, 3), (11, 7), (41, 17), (49, 1)])
@pytest.mark.parametrize("rows", [3, 10, 97])
def test_labels_that_never_vary_have_no_interval(labels: int, right: int, rows: int) -> None:
    """Each example has the same share of its labels right: how far chance could change that is unknown, rounding or not."""
    targets = np.ones((rows, labels))
    predicted = np.repeat((np.arange(labels) < right)[np.newaxis], rows, axis=0)
    one = figures(labelled(targets, predicted), labels=True)["recall_micro", ""]
    assert one.value == pytest.approx(right / labels)
    assert (one.low, one.high) == (None, None)
