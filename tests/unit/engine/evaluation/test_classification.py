"""Every figure of classification is the one that scikit-learn computes from the same answers."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as reference

from engine.evaluation import ranking
from engine.evaluation.measure import evaluate
from engine.evaluation.outcomes import Outcomes, Scale
from engine.evaluation.ranking import Ranking, area
from engine.processes.protocol import Evaluate, Evaluated
from engine.runtimes.onnx.loader import load
from storage.errors import JobError
from storage.records import Metric
from storage.settings import Output, Preprocess
from storage.vocabulary import OutputScale, Task
from tests.unit.engine.evaluation.passing import answers_file, passing

ROWS = 600


Array = NDArray[Any]


def judge(folder: Path, outputs: Array, targets: Array, **asked: Any) -> Evaluated:
    """Evaluate a model that answers ``outputs`` where ``targets`` are right."""
    model = load(passing(folder / "m.onnx", ["n", *outputs.shape[1:]]), "cpu")
    data = answers_file(folder / "test.npz", outputs, targets)
    request = Evaluate(str(data), Task.CLASSIFICATION, (), Preprocess(), 128, **asked)
    return evaluate(model, request, lambda _done, _total: None)


def whole(evaluated: Evaluated) -> dict[str, Metric]:
    """Return the figures of all examples by name."""
    return {metric.name: metric for metric in evaluated.metrics if not metric.slice}


def part(evaluated: Evaluated, name: str) -> dict[str, float]:
    """Return one figure's values by the part of the examples."""
    return {
        metric.slice: metric.value for metric in evaluated.metrics if metric.name == name and metric.slice
    }


def beliefs(classes: int, seed: int = 0) -> tuple[Array, Array]:
    """Return probabilities in float32, some of them alike, and classes that follow them roughly."""
    rng = np.random.default_rng(seed)
    logits = np.round(rng.normal(size=(ROWS, classes)) * 2, 1)
    powers = np.exp(logits)
    given = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    targets = (logits + rng.gumbel(size=logits.shape) * 1.5).argmax(axis=1)
    return given, targets


def expected_calibration_error(given: Array, targets: Array) -> float:
    """Return it as it is defined, bin by bin."""
    confidence, right = given.max(axis=1), given.argmax(axis=1) == targets
    total = 0.0
    for low, high in pairwise(np.linspace(0, 1, 16)):
        among = (confidence > low) & (confidence <= high)
        if among.any():
            total += among.mean() * abs(right[among].mean() - confidence[among].mean())
    return total


def test_many_classes(tmp_path: Path) -> None:
    """Each figure of all examples, and those of the classes."""
    given, targets = beliefs(7)
    evaluated = judge(tmp_path, given, targets)
    found, predicted = whole(evaluated), given.argmax(axis=1)
    exact = given.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    one_hot = np.eye(7)[targets]
    # Of equal scores the lower number comes first, as in accuracy; scikit-learn takes the higher one.
    first = np.argsort(-given, axis=1, kind="stable")
    average: Any
    expected = {
        "accuracy": reference.accuracy_score(targets, predicted),
        "balanced_accuracy": reference.balanced_accuracy_score(targets, predicted),
        "mcc": reference.matthews_corrcoef(targets, predicted),
        "log_loss": reference.log_loss(targets, exact),
        "brier": ((exact - one_hot) ** 2).sum(axis=1).mean(),
        "ece": expected_calibration_error(exact, targets),
        "roc_auc": reference.roc_auc_score(one_hot, given),
        "pr_auc": reference.average_precision_score(one_hot, given),
        "top_5": (first[:, :5] == targets[:, None]).any(axis=1).mean(),
    }
    for average in ("macro", "weighted"):
        expected[f"precision_{average}"] = reference.precision_score(targets, predicted, average=average)
        expected[f"recall_{average}"] = reference.recall_score(targets, predicted, average=average)
        expected[f"f1_{average}"] = reference.f1_score(targets, predicted, average=average)
    assert {name: found[name].value for name in expected} == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert set(found) == set(expected)
    slices = [f"class={number}" for number in range(7)]
    by_class = {
        "precision": reference.precision_score(targets, predicted, average=None),
        "recall": reference.recall_score(targets, predicted, average=None),
        "f1": reference.f1_score(targets, predicted, average=None),
        "roc_auc": reference.roc_auc_score(one_hot, given, average=None),
        "pr_auc": reference.average_precision_score(one_hot, given, average=None),
    }
    for name, values in by_class.items():
        assert part(evaluated, name) == pytest.approx(
            dict(zip(slices, values, strict=True)), rel=1e-9, abs=1e-12
        )
    assert evaluated.scale is OutputScale.PROBABILITIES


def test_two_classes(tmp_path: Path) -> None:
    """The figures are those of the second class."""
    given, targets = beliefs(2)
    found, predicted = whole(judge(tmp_path, given, targets)), given.argmax(axis=1)
    exact = given.astype(np.float64)
    chance = exact[:, 1] / exact.sum(axis=1)
    expected = {
        "precision": reference.precision_score(targets, predicted),
        "recall": reference.recall_score(targets, predicted),
        "f1": reference.f1_score(targets, predicted),
        "mcc": reference.matthews_corrcoef(targets, predicted),
        "log_loss": reference.log_loss(targets, chance),
        "brier": reference.brier_score_loss(targets, chance),
        "roc_auc": reference.roc_auc_score(targets, given[:, 1]),
        "pr_auc": reference.average_precision_score(targets, given[:, 1]),
    }
    assert {name: found[name].value for name in expected} == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert "top_5" not in found


@pytest.mark.parametrize("classes", [2, 4])
def test_logits_rank_as_their_probabilities(tmp_path: Path, classes: int) -> None:
    """Also where a probability would be rounded to 1: the odds still tell such examples apart."""
    rng = np.random.default_rng(1)
    logits = (rng.normal(size=(ROWS, classes)) * 20).astype(np.float32)
    targets = (logits + rng.gumbel(size=logits.shape) * 20).argmax(axis=1)
    odds = np.empty(logits.shape)
    for number in range(classes):
        others = np.delete(logits.astype(np.float64), number, axis=1)
        odds[:, number] = logits[:, number] - np.logaddexp.reduce(others, axis=1)
    evaluated = judge(tmp_path, logits, targets)
    one_hot = np.eye(classes)[targets]
    expected = reference.roc_auc_score(one_hot, odds, average="macro")
    assert whole(evaluated)["roc_auc"].value == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert evaluated.scale is OutputScale.LOGITS


def test_several_labels(tmp_path: Path) -> None:
    """Columns of 0 and 1, of which a row may hold any number, are labels; each is a question of its own."""
    rng = np.random.default_rng(2)
    scores = rng.random((ROWS, 5)).astype(np.float32)
    targets = rng.random(scores.shape) < scores
    targets[:, 4] = rng.random(ROWS) < 0.02
    evaluated = judge(tmp_path, scores, targets.astype(int))
    found, predicted, exact = whole(evaluated), scores > 0.5, scores.astype(np.float64)
    expected = {
        "subset_accuracy": reference.accuracy_score(targets, predicted),
        "hamming_loss": reference.hamming_loss(targets, predicted),
        "roc_auc": reference.roc_auc_score(targets, scores),
        "pr_auc": reference.average_precision_score(targets, scores),
        "brier": np.mean([reference.brier_score_loss(targets[:, n], exact[:, n]) for n in range(5)]),
        "log_loss": np.mean([reference.log_loss(targets[:, n], exact[:, n]) for n in range(5)]),
    }
    average: Any
    for average in ("macro", "micro"):
        expected[f"precision_{average}"] = reference.precision_score(targets, predicted, average=average)
        expected[f"recall_{average}"] = reference.recall_score(targets, predicted, average=average)
        expected[f"f1_{average}"] = reference.f1_score(targets, predicted, average=average)
    assert {name: found[name].value for name in expected} == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert set(found) == set(expected)
    each = reference.f1_score(targets, predicted, average=None)
    assert part(evaluated, "f1") == pytest.approx(
        {f"class={n}": each[n] for n in range(5)}, rel=1e-9, abs=1e-12
    )
    assert evaluated.correct == np.packbits((predicted == targets).all(axis=1)).tobytes()
    assert (evaluated.confusion, evaluated.scale) == (None, OutputScale.SCORES)


def test_labels_from_logits(tmp_path: Path) -> None:
    """A label is given where its probability is above a half, or above the threshold of the settings."""
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(ROWS, 3)).astype(np.float32) * 2
    chances = 1 / (1 + np.exp(-logits.astype(np.float64)))
    targets = rng.random(logits.shape) < chances
    found = whole(judge(tmp_path, logits, targets.astype(int)))
    assert found["subset_accuracy"].value == reference.accuracy_score(targets, chances > 0.5)
    expected = np.mean([reference.log_loss(targets[:, n], chances[:, n]) for n in range(3)])
    assert found["log_loss"].value == pytest.approx(expected, rel=1e-9, abs=1e-12)
    higher = whole(judge(tmp_path, logits, targets.astype(int), output=Output(threshold=0.8)))
    assert higher["hamming_loss"].value == pytest.approx(
        reference.hamming_loss(targets, chances > 0.8), rel=1e-9, abs=1e-12
    )


def test_labels_that_do_not_fit_are_named(tmp_path: Path) -> None:
    """As many columns as the model has outputs, and as many names."""
    targets = np.ones((4, 3), dtype=int)
    with pytest.raises(JobError, match=r"test\.npz have 3 labels, but the model has 2"):
        judge(tmp_path, np.zeros((4, 2)), targets)
    model = load(passing(tmp_path / "m.onnx", ["n", 3]), "cpu")
    data = answers_file(tmp_path / "test.npz", np.zeros((4, 3)), targets)
    request = Evaluate(str(data), Task.CLASSIFICATION, ("a", "b"), Preprocess())
    with pytest.raises(JobError, match=r"names 2 labels, but test\.npz has 3"):
        evaluate(model, request, lambda _done, _total: None)


@pytest.mark.parametrize("logits", [False, True])
def test_a_threshold_decides_between_two_classes(tmp_path: Path, *, logits: bool) -> None:
    """The second class is predicted where its probability is above the threshold, whatever the outputs are."""
    given, targets = beliefs(2)
    outputs = np.log(given) if logits else given
    evaluated = judge(tmp_path, outputs, targets, output=Output(threshold=0.83))
    assert whole(evaluated)["accuracy"].value == ((given[:, 1] > 0.83) == targets).mean()


def test_a_threshold_does_not_decide_among_many_classes(tmp_path: Path) -> None:
    """It is said, not ignored."""
    given, targets = beliefs(3)
    with pytest.raises(JobError, match=r"sets output\.threshold, but the model tells 3 classes apart"):
        judge(tmp_path, given, targets, output=Output(threshold=0.7))


def test_the_settings_say_how_outputs_are_read(tmp_path: Path) -> None:
    """Numbers between 0 and 1 may be logits all the same; what is said wins over what the numbers show."""
    given, targets = beliefs(3)
    evaluated = judge(tmp_path, given, targets, output=Output(scale=OutputScale.LOGITS))
    powers = np.exp(given.astype(np.float64))
    expected = reference.log_loss(targets, powers / powers.sum(axis=1, keepdims=True))
    assert whole(evaluated)["log_loss"].value == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert evaluated.scale is OutputScale.LOGITS


@pytest.mark.parametrize("wanted", [Output(name="out1"), Output(index=1), Output(name="out1", index=1)])
def test_the_settings_say_which_output_is_meant(tmp_path: Path, wanted: Output) -> None:
    """By its name, its number, or both."""
    given, targets = beliefs(3)
    model = load(passing(tmp_path / "m.onnx", ["n", 3], outputs=2), "cpu")
    data = answers_file(tmp_path / "test.npz", given, targets)
    request = Evaluate(str(data), Task.CLASSIFICATION, (), Preprocess(), output=wanted)
    found = whole(evaluate(model, request, lambda _done, _total: None))
    assert found["accuracy"].value == (given.argmax(axis=1) == targets).mean()


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Output(name="probs"), r"no output probs \(out0, out1\)"),
        (Output(index=2), "has 2 outputs, counted from 0, and model.toml asks for number 2"),
        (Output(name="out1", index=0), "out1 is number 1, but model.toml says output.index = 0"),
    ],
)
def test_an_output_that_is_not_there_is_named(tmp_path: Path, wanted: Output, words: str) -> None:
    """With those that are."""
    model = load(passing(tmp_path / "m.onnx", ["n", 3], outputs=2), "cpu")
    data = answers_file(tmp_path / "test.npz", *beliefs(3))
    request = Evaluate(str(data), Task.CLASSIFICATION, (), Preprocess(), output=wanted)
    with pytest.raises(JobError, match=words):
        evaluate(model, request, lambda _done, _total: None)


def test_another_k(tmp_path: Path) -> None:
    """The settings name it."""
    rng = np.random.default_rng(5)
    scores, targets = rng.random((ROWS, 4)).astype(np.float32), rng.integers(0, 4, ROWS)
    found = whole(judge(tmp_path, scores, targets, top_k=2))
    assert found["top_2"].value == reference.top_k_accuracy_score(targets, scores, k=2)
    assert "log_loss" not in found


def test_parts_have_figures_of_their_own(tmp_path: Path) -> None:
    """Told apart by columns of the data, each as if it were evaluated alone."""
    given, targets = beliefs(3)
    shop = np.array(["north", "south", "east"])[np.arange(ROWS) % 3]
    model = load(passing(tmp_path / "m.onnx", ["n", 3]), "cpu")
    np.savez(tmp_path / "t.npz", x=given, y=targets, shop=shop, year=np.arange(ROWS) // 300)
    data = str(tmp_path / "t.npz")
    request = Evaluate(data, Task.CLASSIFICATION, (), Preprocess(), 100, slices=("shop", "year"))
    evaluated = evaluate(model, request, lambda _done, _total: None)
    south = shop == "south"
    exact = given[south].astype(np.float64)
    expected = reference.log_loss(targets[south], exact / exact.sum(axis=1, keepdims=True))
    assert part(evaluated, "log_loss")["shop=south"] == pytest.approx(expected, rel=1e-9)
    assert set(part(evaluated, "accuracy")) == {"shop=east", "shop=north", "shop=south", "year=0", "year=1"}
    later = given[300:].argmax(axis=1) == targets[300:]
    assert part(evaluated, "accuracy")["year=1"] == later.mean()


def test_a_column_of_too_many_values_is_refused(tmp_path: Path) -> None:
    """A number of its own for each example makes no parts."""
    model = load(passing(tmp_path / "m.onnx", ["n", 3]), "cpu")
    given, targets = beliefs(3)
    np.savez(tmp_path / "t.npz", x=given, y=targets, customer=np.arange(ROWS))
    request = Evaluate(str(tmp_path / "t.npz"), Task.CLASSIFICATION, (), Preprocess(), slices=("customer",))
    with pytest.raises(JobError, match=r"customer of t\.npz has 600 different values"):
        evaluate(model, request, lambda _done, _total: None)


def test_the_figure_so_far_is_that_of_the_examples_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the way it is told with its interval; at the end only that it is done."""
    monkeypatch.setattr("engine.evaluation.measure.PROGRESS_S", 0.0)
    monkeypatch.setattr("engine.evaluation.runs.TOGETHER_S", 0.0)
    given, targets = beliefs(3)
    model = load(passing(tmp_path / "m.onnx", ["n", 3]), "cpu")
    data = answers_file(tmp_path / "test.npz", given, targets)
    told: list[tuple[Metric, int, int]] = []
    ended: list[tuple[int, int]] = []
    request = Evaluate(str(data), Task.CLASSIFICATION, (), Preprocess(), 200)
    evaluate(model, request, lambda *counts: ended.append(counts), lambda *so_far: told.append(so_far))
    right = given.argmax(axis=1) == targets
    assert [(metric.name, metric.value, done) for metric, done, _ in told] == [
        ("accuracy", right[:200].mean(), 200),
        ("accuracy", right[:400].mean(), 400),
    ]
    assert all(metric.low is not None and metric.low < metric.value for metric, _, _ in told)
    assert ended == [(600, 600)]


def ranked(rows: slice = slice(None)) -> Outcomes:
    """Return what some examples came to."""
    given, targets = beliefs(4)
    return Outcomes(targets[rows], given[rows].argmax(axis=1), given[rows], Scale.PROBABILITIES)


def test_more_scores_than_are_kept_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded; the figure says on how many examples it stands, and merged halves are the whole."""
    monkeypatch.setattr(ranking, "KEPT", 4 * 200)
    sampled, first, second = Ranking(), Ranking(), Ranking()
    for start in range(0, ROWS, 100):
        sampled.add(ranked(slice(start, start + 100)))
    first.add(ranked(slice(0, 400)))
    second.add(ranked(slice(400, ROWS)))
    first.merge(second)
    for one in (sampled, first):
        areas = one.areas()
        assert areas is not None
        assert 50 < areas.rows <= 200
    everything = Ranking()
    monkeypatch.setattr(ranking, "KEPT", 4 * ROWS)
    everything.add(ranked())
    exact, few = everything.areas(), sampled.areas()
    assert exact is not None
    assert few is not None
    assert exact.rows == ROWS
    assert np.all(np.abs(few.roc - exact.roc) < 4 * few.roc_deviations)


@pytest.mark.parametrize("positives", [0, 1, 5])
def test_a_class_without_examples_or_others_has_no_area(positives: int) -> None:
    """Nothing is made up where there are no pairs; one example alone has an area but no deviation."""
    scores, belong = np.arange(5, dtype=np.float32), np.arange(5) < positives
    found = area(scores.copy(), scores[belong])
    assert np.isnan(found.roc) == (positives in {0, 5})
    assert np.isnan(found.precision_recall) == (positives == 0)
    assert np.isnan(found.roc_deviation)


def test_minus_zero_is_zero(tmp_path: Path) -> None:
    """Two scores that are equal count as equal, whatever their bits."""
    outputs = np.array([[0.0], [-0.0], [0.0], [-0.0]], dtype=np.float32)
    found = whole(judge(tmp_path, outputs, np.array([1, 0, 0, 1])))
    assert found["roc_auc"].value == 0.5
