"""Promises about the advantage in any figure: rows of examples, and DeLong's deviation."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evaluation.figures import Setup
from engine.evaluation.gathering import Gathering
from engine.evaluation.kept import Kept
from engine.evaluation.metrics import metrics_for
from engine.evaluation.outcomes import Outcomes, Scale
from engine.evaluation.paired import counted, delong
from engine.evaluation.paired.bins import Bins
from engine.evaluation.paired.counted import MOST_CLASSES
from engine.evaluation.paired.figures import Advantages
from engine.evaluation.paired.rows import Rows
from engine.evaluation.values import NO_SCORES, Values
from storage.vocabulary import Task


def read(kept: Kept) -> dict[str, NDArray[Any]]:
    """Return what was kept as a later comparison reads it."""
    return {one.name: np.frombuffer(one.data, f"<{one.kind}") for one in kept.values()}


def in_rows(found: Rows | Bins | None) -> Rows:
    """Return an advantage as rows of examples, which it has to have."""
    assert found is not None
    return found.rows() if isinstance(found, Bins) else found


def classified(random: np.random.Generator, targets: NDArray[Any], classes: int, skill: float) -> Outcomes:
    """Return what a classifier of some skill makes of examples."""
    scores = random.normal(size=(len(targets), classes))
    scores[np.arange(len(targets)), targets] += skill
    return Outcomes(targets, scores.argmax(axis=1), scores, Scale.LOGITS)


COMPARED = [
    *("balanced_accuracy", "precision_macro", "precision_weighted", "recall_macro", "recall_weighted"),
    *("f1_macro", "f1_weighted", "mcc", "log_loss", "brier", "ece", "precision", "recall", "f1"),
]


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("metric", COMPARED)
def test_an_advantage_is_the_difference_of_the_figures(metric: str, classes: int) -> None:
    """What rows of examples say about two classifiers is what their own figures say, better being positive."""
    random = np.random.default_rng(classes)
    targets = random.integers(classes, size=400)
    sides, found = [], []
    for skill in (1.0, 2.0):
        outcomes = classified(random, targets, classes, skill)
        kept, gathered = Kept(400, Task.CLASSIFICATION), Gathering(Task.CLASSIFICATION, Setup())
        kept.add(outcomes)
        gathered.add(outcomes)
        sides.append(read(kept))
        found.append({one.name: one.value for one in gathered.figures() if not one.slice}.get(metric))
    if metric in {"precision", "recall", "f1"} and classes > 2:
        assert found == [None, None]
        return
    if metric == "recall_weighted":
        assert Advantages(*sides).rows(metric) is not None
    rows = in_rows(Advantages(*sides).rows(metric))
    assert found[0] is not None
    assert found[1] is not None
    spec = next(one for one in metrics_for(Task.CLASSIFICATION) if one.name == metric)
    expected = (found[1] - found[0]) * (1 if spec.higher_is_better else -1)
    assert float(rows.figure(rows.times @ rows.values / rows.times.sum())) == pytest.approx(
        expected, abs=1e-6
    )


@pytest.mark.parametrize("metric", ["mae", "mse", "rmse", "mape", "r2"])
def test_an_advantage_in_values_is_the_difference_of_the_figures(metric: str) -> None:
    """The same holds for regression."""
    random = np.random.default_rng(1)
    targets = random.normal(10, 2, size=(300, 1))
    sides, found = [], []
    for spread in (1.0, 0.5):
        outcomes = Outcomes(
            targets, targets + random.normal(0, spread, targets.shape), NO_SCORES, Scale.LOGITS
        )
        kept, gathered = Kept(300, Task.REGRESSION), Values(1)
        kept.add(outcomes)
        gathered.add(outcomes)
        sides.append(read(kept))
        found.append(next(one.value for one in gathered.figures() if one.name == metric))
    rows = in_rows(Advantages(*sides).rows(metric))
    sign = 1 if metric == "r2" else -1
    value = float(rows.figure(rows.times @ rows.values / rows.times.sum()))
    assert value == pytest.approx(sign * (found[1] - found[0]), rel=1e-5)


def test_what_has_no_numbers_of_examples_has_no_rows() -> None:
    """Figures of ranks, of labels beyond what is kept, and of data too large to be kept."""
    random = np.random.default_rng(0)
    targets = random.integers(3, size=50)
    kept = Kept(50, Task.CLASSIFICATION)
    kept.add(classified(random, targets, 3, 1.0))
    assert Advantages(read(kept), read(kept)).rows("pr_auc") is None
    too_many = Kept(200_001, Task.CLASSIFICATION)
    too_many.add(classified(random, targets, 3, 1.0))
    assert too_many.values() == ()


def test_values_that_are_not_finite_are_not_kept() -> None:
    """A relative error of a target of 0 is no number, and would make every comparison none."""
    kept = Kept(2, Task.REGRESSION)
    kept.add(Outcomes(np.array([[0.0], [1.0]]), np.array([[1.0], [1.0]]), NO_SCORES, Scale.LOGITS))
    assert "mape" not in read(kept)
    assert {"mae", "mse", "target"} <= read(kept).keys()


def test_delongs_deviation_is_that_of_its_definition() -> None:
    """Every pair of examples is looked at, ties included."""
    random = np.random.default_rng(2)
    belongs = random.random(60) < 0.4
    old, new = (np.round(random.normal(size=60) + belongs * shift, 1) for shift in (0.5, 1.5))
    found = delong.difference(belongs, old, new)
    assert found is not None
    parts = []
    for scores in (old, new):
        inside, outside = scores[belongs], scores[~belongs]
        wins = (inside[:, np.newaxis] > outside) + (inside[:, np.newaxis] == outside) / 2
        parts.append((wins.mean(axis=1), wins.mean(axis=0)))
    assert (found.before, found.after) == pytest.approx((parts[0][0].mean(), parts[1][0].mean()))
    variance = sum(
        np.cov(before, after)[[0, 1, 0], [0, 1, 1]] @ [1, 1, -2] / len(before)
        for before, after in zip(*parts, strict=True)
    )
    assert found.deviation == pytest.approx(float(np.sqrt(variance)))


@pytest.mark.parametrize(("inside", "outside", "known"), [(1, 2, False), (2, 1, False), (2, 2, True)])
def test_an_area_needs_two_examples_on_either_side(inside: int, outside: int, *, known: bool) -> None:
    """With one example of a side its spread is not known; with two it is."""
    belongs = np.arange(inside + outside) < inside
    scores = np.arange(inside + outside, dtype=np.float64)
    assert (delong.difference(belongs, scores, scores) is not None) is known


def test_targets_that_are_all_equal_have_nothing_to_explain() -> None:
    """As the figure itself has no value then, the versions are not held against each other in it."""
    values = {"mse": np.array([0.1, 0.2]), "target": np.array([3.0, 3.0])}
    assert Advantages(values, values).rows("r2") is None
    assert Advantages(values, values).rows("rmse") is not None


@pytest.mark.parametrize("wrong", [-1, MOST_CLASSES])
def test_classes_that_nobody_reads_are_not_counted(wrong: int) -> None:
    """What a model process says is only a claim: no table is made as large as it likes."""
    values = {"target": np.array([0, 1, 1]), "predicted": np.array([0, 1, 0])}
    assert Advantages(values, values).rows("mcc") is not None
    claimed = {**values, "predicted": np.array([0, wrong, 0])}
    assert Advantages(values, claimed).rows("mcc") is None


def test_too_many_groups_of_too_many_classes_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table has a row for each group of examples and five columns a class, and fits into memory."""
    values = {"target": np.array([0, 1, 1]), "predicted": np.array([0, 1, 0])}
    groups, classes = 3, 2
    monkeypatch.setattr(counted, "MOST_CELLS", groups * classes * 5)
    assert Advantages(values, values).rows("mcc") is not None
    monkeypatch.setattr(counted, "MOST_CELLS", groups * classes * 5 - 1)
    assert Advantages(values, values).rows("mcc") is None
