"""The figures of real models, against their frameworks, numpy and scikit-learn."""

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as reference

from engine.evaluation import runs
from engine.evaluation.measure import evaluate
from engine.processes.protocol import Evaluate, Evaluated
from engine.protocols import LoadedModel
from engine.runtimes import runtime_for
from engine.runtimes.onnx.loader import load
from storage.errors import JobError
from storage.records import Metric
from storage.settings import Preprocess
from storage.vocabulary import Format, Task
from tests.tiny_models import (
    KERAS_WARNING,
    OPTIONS,
    PREPROCESS,
    ROWS,
    digits,
    expected_probabilities,
    import_keras,
)
from tests.unit.engine.evaluation.passing import answers_file, overflowing, passing

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)


def silent(done: int, total: int) -> None:
    """Take no interest in progress."""


def figures(evaluated: Evaluated) -> dict[str, Metric]:
    """Return the metrics by name."""
    return {metric.name: metric for metric in evaluated.metrics}


def judge(
    folder: Path,
    outputs: Any,
    targets: Any,
    *,
    task: Task = Task.CLASSIFICATION,
    batch_size: int | None = None,
) -> Evaluated:
    """Evaluate a model that answers ``outputs`` where ``targets`` are right."""
    shape = ["n", *np.shape(outputs)[1:]]
    model = load(passing(folder / "m.onnx", shape), "cpu")
    data = answers_file(folder / "test.npz", outputs, targets)
    return evaluate(model, Evaluate(str(data), task, (), Preprocess(), batch_size), silent)


@pytest.mark.parametrize("wanted", list(Format))
def test_every_format_gets_the_figures_of_its_weights(
    wanted: Format, saved: Callable[[Format], Path], digits_file: Path
) -> None:
    """Probabilities or logits, channels first or last: the same classifier has the same figures."""
    if runtime_for(wanted).framework == "tensorflow":
        import_keras()
    told = dict(OPTIONS.get(wanted, ()))
    model = resolve_name(runtime_for(wanted).loader)(saved(wanted), "cpu", **told)
    request = Evaluate(str(digits_file), Task.CLASSIFICATION, (), PREPROCESS[wanted])
    evaluated = evaluate(model, request, silent)
    targets = digits()[1][1000:]
    expected = expected_probabilities()
    right = expected.argmax(axis=1) == targets
    found = figures(evaluated)
    assert evaluated.rows == ROWS
    assert found["accuracy"].value == right.mean()
    assert found["log_loss"].value == pytest.approx(reference.log_loss(targets, expected), abs=1e-5)
    assert evaluated.correct == np.packbits(right).tobytes()
    assert np.array_equal(
        np.array(evaluated.confusion), reference.confusion_matrix(targets, expected.argmax(axis=1))
    )


class Trained(NamedTuple):
    """A network, its file, its data, and what Keras itself says about it."""

    model: Any
    loaded: LoadedModel
    data: Path
    images: Any
    targets: Any


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Return a small convolutional network, trained for a moment on digits enlarged to 28 by 28."""
    keras = import_keras()
    from engine.runtimes.keras.loader import load as load_keras

    small, targets = digits()
    images = np.pad(np.kron(small, np.ones((3, 3), np.uint8)), ((0, 0), (2, 2), (2, 2))) * 15
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    folder = tmp_path_factory.mktemp("trained")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras' own, while it trains and saves
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(images[1000:, ..., None] / 255, targets[1000:], epochs=3, verbose=0)
        model.save(folder / "m.keras")
        loaded = load_keras(folder / "m.keras", "cpu")
    np.savez(folder / "test.npz", x=images[:1000], y=targets[:1000])
    return Trained(model, loaded, folder / "test.npz", images[:1000], targets[:1000])


SCALED = Preprocess(dtype="float32", scale=1 / 255, layout="NHWC")


@pytest.mark.parametrize("batch_size", [None, 1000, 37])
def test_a_plain_keras_script_says_the_same(batch_size: int | None, trained: Trained) -> None:
    """Accuracy to the last example and log loss to 1e-5, whatever the size of a batch."""
    loss, accuracy = trained.model.evaluate(
        trained.images[..., None].astype("float32") / 255, trained.targets, verbose=0
    )
    request = Evaluate(str(trained.data), Task.CLASSIFICATION, (), SCALED, batch_size)
    found = figures(evaluate(trained.loaded, request, silent))
    assert round(found["accuracy"].value * 1000) == round(accuracy * 1000)
    assert found["log_loss"].value == pytest.approx(loss, abs=1e-5)
    assert 0.3 < found["accuracy"].value < 1


def test_a_repeated_evaluation_is_the_same(trained: Trained) -> None:
    """Whoever presses the key again sees every bit repeated."""
    request = Evaluate(str(trained.data), Task.CLASSIFICATION, (), SCALED)
    # The data must have been still for a moment before they are remembered.
    time.sleep(0.15)
    first = evaluate(trained.loaded, request, silent)
    second = evaluate(trained.loaded, request, silent)
    third = evaluate(trained.loaded, request, silent)
    assert (third.metrics, third.correct, third.batch_size) == (
        second.metrics,
        second.correct,
        second.batch_size,
    )
    assert figures(first)["accuracy"] == figures(second)["accuracy"]


def test_logits_are_told_from_probabilities(tmp_path: Path) -> None:
    """Both give the same log loss for the same belief."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(300, 4)) * 3
    targets = rng.integers(0, 4, 300)
    powers = np.exp(logits)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    as_logits = figures(judge(tmp_path, logits, targets))
    as_probabilities = figures(judge(tmp_path, probabilities, targets))
    as_logarithms = figures(judge(tmp_path, np.log(probabilities), targets))
    expected = reference.log_loss(targets, probabilities)
    for found in (as_logits, as_probabilities, as_logarithms):
        assert found["log_loss"].value == pytest.approx(expected, abs=1e-5)
        assert found["accuracy"].value == (logits.argmax(axis=1) == targets).mean()


def test_scores_that_are_no_distribution_have_no_log_loss(tmp_path: Path) -> None:
    """One sigmoid a class: the largest wins, and no log loss is made up."""
    scores = np.random.default_rng(0).random((100, 3))
    found = figures(judge(tmp_path, scores, scores.argmax(axis=1)))
    assert found["accuracy"].value == 1.0
    assert "log_loss" not in found


@pytest.mark.parametrize("columns", [(), (1,)])
@pytest.mark.parametrize("logits", [False, True])
def test_a_single_column_speaks_for_the_second_class(
    columns: tuple[int, ...], tmp_path: Path, *, logits: bool
) -> None:
    """[n] or [n, 1], probabilities above 0.5 or logits above 0."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=400) * 2
    probabilities = 1 / (1 + np.exp(-values))
    targets = (rng.random(400) < probabilities).astype(int)
    answers = (values if logits else probabilities).reshape(-1, *columns)
    evaluated = judge(tmp_path, answers, targets)
    found = figures(evaluated)
    assert found["accuracy"].value == ((values > 0) == targets).mean()
    assert found["log_loss"].value == pytest.approx(reference.log_loss(targets, probabilities), abs=1e-5)
    assert np.array_equal(np.array(evaluated.confusion), reference.confusion_matrix(targets, values > 0))


def test_a_late_logit_changes_the_reading_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the first batch happens to lie between 0 and 1, the figures are those of logits all the same."""
    # So few would be looked at together otherwise, and read rightly at once.
    monkeypatch.setattr(runs, "TOGETHER_ROWS", 50)
    values = np.full((200, 1), 0.4)
    values[150:] = -3.0
    targets = np.r_[np.ones(150, int), np.zeros(50, int)]
    found = figures(judge(tmp_path, values, targets, batch_size=50))
    assert found["accuracy"].value == 1.0


def test_one_certain_mistake_is_not_infinite(tmp_path: Path) -> None:
    """A probability of 0 for the truth counts as 1e-7, as in Keras."""
    found = figures(judge(tmp_path, [[1.0, 0.0], [0.0, 1.0]], [1, 1]))
    assert found["log_loss"].value == pytest.approx(-np.log(1e-7) / 2, rel=1e-6)


def test_examples_without_an_answer_are_counted(tmp_path: Path) -> None:
    """A single NaN makes every figure a lie; the error counts them all and names the first."""
    outputs = np.full((300, 2), 0.5)
    outputs[[70, 200]] = np.nan
    outputs[299, 1] = np.inf
    with pytest.raises(JobError, match="on 3 of 300 examples, first on row 70") as caught:
        judge(tmp_path, outputs, np.zeros(300, int))
    assert "2 examples hold NaN among their inputs" in caught.value.hint


def test_labels_that_do_not_fit_the_outputs_are_named(tmp_path: Path) -> None:
    """Data of ten classes for a model of three."""
    with pytest.raises(JobError, match=r"test\.npz has label 9 in row 1, but the model has 3 classes"):
        judge(tmp_path, np.full((2, 3), 1 / 3), [0, 9])


def test_images_are_no_class_scores(tmp_path: Path) -> None:
    """A segmentation model is told apart from a classifier."""
    with pytest.raises(JobError, match="not one row of class scores per example"):
        judge(tmp_path, np.zeros((2, 3, 4)), [0, 1])


def test_several_outputs_are_ambiguous(tmp_path: Path) -> None:
    """Which of two outputs holds the predictions is not guessed; their names are given."""
    model = load(passing(tmp_path / "m.onnx", ["n", 2], outputs=2), "cpu")
    data = answers_file(tmp_path / "test.npz", [[0.0, 1.0]], [1])
    with pytest.raises(JobError, match=r"2 outputs \(out0, out1\)"):
        evaluate(model, Evaluate(str(data), Task.CLASSIFICATION, (), Preprocess()), silent)


def test_a_fixed_batch_is_filled_and_its_surplus_dropped(tmp_path: Path) -> None:
    """Exported with a batch of 16, a model still sees all 50 examples, each once."""
    rng = np.random.default_rng(2)
    outputs, targets = rng.random((50, 3)), rng.integers(0, 3, 50)
    model = load(passing(tmp_path / "m.onnx", [16, 3]), "cpu")
    data = answers_file(tmp_path / "test.npz", outputs, targets)
    evaluated = evaluate(model, Evaluate(str(data), Task.CLASSIFICATION, (), Preprocess()), silent)
    assert (evaluated.rows, evaluated.batch_size) == (50, 16)
    assert evaluated.correct == np.packbits(outputs.argmax(axis=1) == targets).tobytes()


def test_a_fixed_batch_cannot_be_another(tmp_path: Path) -> None:
    """Asking for another size is a mistake that is said."""
    model = load(passing(tmp_path / "m.onnx", [16, 3]), "cpu")
    data = answers_file(tmp_path / "test.npz", np.zeros((50, 3)), np.zeros(50, int))
    with pytest.raises(JobError, match="batches of exactly 16, not 8"):
        evaluate(model, Evaluate(str(data), Task.CLASSIFICATION, (), Preprocess(), 8), silent)


def test_inputs_of_the_wrong_shape_are_an_error_before_the_model_runs(tmp_path: Path) -> None:
    """The sentence compares what is expected with what is there."""
    model = load(passing(tmp_path / "m.onnx", ["n", 3]), "cpu")
    data = answers_file(tmp_path / "test.npz", np.zeros((50, 4)), np.zeros(50, int))
    with pytest.raises(JobError, match=r"expects float32 \[\?, 3\]; test.npz has x float32 \[50, 4\]"):
        evaluate(model, Evaluate(str(data), Task.CLASSIFICATION, (), Preprocess()), silent)


def test_a_model_that_fails_is_an_error_in_words(saved: Callable[[Format], Path], tmp_path: Path) -> None:
    """TorchScript does not tell its shape, so only the run shows the misfit; the hint names what it was given."""
    from engine.runtimes.torchscript.loader import load as load_torch

    model = load_torch(saved(Format.TORCHSCRIPT), "cpu")
    np.savez(tmp_path / "t.npz", x=np.zeros((5, 7), np.float32), y=np.zeros(5, int))
    with pytest.raises(JobError, match=r"failed on examples 0 to 4 of t\.npz") as caught:
        evaluate(model, Evaluate(str(tmp_path / "t.npz"), Task.CLASSIFICATION, (), Preprocess()), silent)
    assert "float32 [5, 7]" in caught.value.hint


SCIKIT_LEARN = {
    "mae": reference.mean_absolute_error,
    "rmse": reference.root_mean_squared_error,
    "r2": reference.r2_score,
    "mse": reference.mean_squared_error,
    "mape": reference.mean_absolute_percentage_error,
    "median_absolute_error": reference.median_absolute_error,
}
"""What computes each figure of regression elsewhere, of one output and, as plain means, of several."""


def regression(rows: int, *width: int) -> "tuple[NDArray[np.float32], NDArray[np.float32]]":
    """Return targets and what a fair model predicts for them, in the precision in which a model answers."""
    rng = np.random.default_rng(4)
    targets = rng.normal(50, 10, (rows, *width)).astype(np.float32)
    return targets, (targets + rng.normal(1, 3, targets.shape)).astype(np.float32)


def test_values_are_compared_with_scikit_learn(tmp_path: Path) -> None:
    """Each figure of regression is the one that scikit-learn computes from the same answers."""
    targets, predicted = regression(500)
    evaluated = judge(tmp_path, predicted[:, None], targets, task=Task.REGRESSION)
    found = figures(evaluated)
    exact = targets.astype(np.float64), predicted.astype(np.float64)
    for name, compute in SCIKIT_LEARN.items():
        assert found[name].value == pytest.approx(compute(*exact), rel=1e-9), name
    assert found["max_error"].value == pytest.approx(reference.max_error(*exact), rel=1e-9)
    errors = np.abs(exact[0] - exact[1])
    assert found["absolute_error_p90"].value == pytest.approx(np.quantile(errors, 0.9), rel=1e-9)
    assert found["absolute_error_p95"].value == pytest.approx(np.quantile(errors, 0.95), rel=1e-9)
    assert (evaluated.confusion, evaluated.correct) == (None, None)


def test_several_values_are_judged_apart_and_together(tmp_path: Path) -> None:
    """Each output has its own figures, and the model's are their plain means, as scikit-learn has them."""
    targets, predicted = regression(400, 3)
    evaluated = judge(tmp_path, predicted, targets, task=Task.REGRESSION)
    whole = {metric.name: metric for metric in evaluated.metrics if not metric.slice}
    exact = targets.astype(np.float64), predicted.astype(np.float64)
    for name, compute in SCIKIT_LEARN.items():
        assert whole[name].value == pytest.approx(compute(*exact), rel=1e-9), name
        apart = [metric for metric in evaluated.metrics if metric.name == name and metric.slice]
        assert [metric.slice for metric in apart] == ["output=0", "output=1", "output=2"]
        for number, metric in enumerate(apart):
            assert metric.value == pytest.approx(compute(exact[0][:, number], exact[1][:, number]), rel=1e-9)


def test_targets_and_answers_have_the_same_width(tmp_path: Path) -> None:
    """A model of two values is not judged by one target."""
    with pytest.raises(JobError, match=r"gives 2 values per example, but test\.npz has 1 targets"):
        judge(tmp_path, np.zeros((4, 2)), np.zeros(4), task=Task.REGRESSION)


def test_percentages_of_nothing_are_no_figure(tmp_path: Path) -> None:
    """With a target of 0 there is no percentage, and every other figure is there."""
    targets, predicted = regression(100)
    targets[7] = 0
    found = figures(judge(tmp_path, predicted[:, None], targets, task=Task.REGRESSION))
    assert "mape" not in found
    assert "mae" in found


def test_progress_reaches_the_end_and_keeps_quiet_between(tmp_path: Path) -> None:
    """At most twenty reports a second, the last of them complete."""
    model = load(passing(tmp_path / "m.onnx", ["n", 2]), "cpu")
    data = answers_file(tmp_path / "test.npz", np.full((5000, 2), 0.5), np.zeros(5000, int))
    seen: list[tuple[int, int]] = []
    began = time.monotonic()
    evaluate(
        model,
        Evaluate(str(data), Task.CLASSIFICATION, (), Preprocess(), 1),
        lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (5000, 5000)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert len(seen) <= 2 + (time.monotonic() - began) * 20


def test_values_that_are_no_numbers_are_counted(tmp_path: Path) -> None:
    """Of regression as of classes; where the inputs are in order, it is the model that overflows."""
    model = load(overflowing(tmp_path / "m.onnx"), "cpu")
    data = answers_file(tmp_path / "test.npz", [[1.0], [2e38], [-2e38], [3.0]], [1, 2, 3, 4])
    request = Evaluate(str(data), Task.REGRESSION, (), Preprocess())
    with pytest.raises(JobError, match="on 1 of 4 examples, first on row 1") as caught:
        evaluate(model, request, silent)
    assert caught.value.hint == "Look at the model's training: its weights or its arithmetic overflow."
