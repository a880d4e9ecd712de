"""The temperature of a loaded classifier: found on its outputs as an evaluation reads them, or refused with the reason."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import log_loss

from engine.evaluation import fitting, runs
from engine.evaluation.fitting import fit
from engine.evaluation.measure import evaluate
from engine.processes.export_messages import FitTemperature, TemperatureFitted
from engine.processes.protocol import Evaluate
from engine.runtimes.onnx.loader import load
from storage.errors import JobError
from storage.settings import Output, Preprocess
from storage.vocabulary import OutputScale, Task
from tests.unit.engine.evaluation.passing import answers_file, passing

ROWS, CLASSES = 3000, 4

SHARPENED = 2.0
"""By how much the models here are too sure of themselves."""


def silent(done: int, total: int) -> None:
    """Take no interest in progress."""


def believed(rows: int = ROWS) -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return logits that are twice what they should be, and classes that were drawn by what they should be."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 3, (rows, CLASSES))
    targets = (logits / SHARPENED + random.gumbel(size=logits.shape)).argmax(axis=1)
    return logits.astype(np.float32), targets


def softmax(logits: "NDArray[Any]") -> "NDArray[Any]":
    """Return probabilities."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fitted(
    folder: Path, outputs: Any, targets: Any, *, rows: int | str = "n", progress: Any = silent, **output: Any
) -> TemperatureFitted:
    """Fit the temperature of a model that answers ``outputs`` where ``targets`` are right."""
    model = load(passing(folder / "m.onnx", [rows, *np.shape(outputs)[1:]]), "cpu")
    data = answers_file(folder / "validation.npz", outputs, targets)
    return fit(model, FitTemperature(str(data), (), Preprocess(), Output(**output)), progress)


def test_a_model_that_is_too_sure_of_itself_gets_the_temperature_that_mends_it(tmp_path: Path) -> None:
    """What is told of it before is what scikit-learn and an evaluation say; after it the loss and the error are smaller."""
    logits, targets = believed()
    seen: list[tuple[int, int]] = []
    found = fitted(tmp_path, logits, targets, progress=lambda *done: seen.append(done))
    told = found.temperature
    assert told.value == pytest.approx(SHARPENED, rel=0.08)
    assert (told.scale, told.place, told.width) == (OutputScale.LOGITS, 0, CLASSES)
    assert (found.n, seen[-1]) == (ROWS, (ROWS, ROWS))
    assert found.loss_before == pytest.approx(log_loss(targets, softmax(logits)), rel=1e-6)
    assert found.loss_after == pytest.approx(log_loss(targets, softmax(logits / told.value)), rel=1e-3)
    assert 0 < found.gain_low < found.loss_before - found.loss_after
    model = load(tmp_path / "m.onnx", "cpu")
    request = Evaluate(str(tmp_path / "validation.npz"), Task.CLASSIFICATION, (), Preprocess())
    evaluated = evaluate(model, request, silent)
    [ece] = [metric.value for metric in evaluated.metrics if metric.name == "ece"]
    assert found.ece_before == pytest.approx(ece)
    assert found.ece_after is not None
    assert found.ece_after < ece / 2
    assert found.dataset_sha256 == evaluated.dataset_sha256


def test_probabilities_have_the_temperature_of_their_logits(tmp_path: Path) -> None:
    """How the outputs are written makes no difference to what is found, only to what is told of their scale."""
    logits, targets = believed()
    found = fitted(tmp_path, softmax(logits), targets)
    assert found.temperature.scale is OutputScale.PROBABILITIES
    assert found.temperature.value == pytest.approx(
        fitted(tmp_path, logits, targets).temperature.value, rel=1e-3
    )


def test_a_single_column_speaks_for_the_second_class(tmp_path: Path) -> None:
    """Its width is told, because what mends a sigmoid is another formula."""
    random = np.random.default_rng(1)
    odds = random.normal(0, 4, (ROWS, 1))
    targets = (random.random(ROWS) < 1 / (1 + np.exp(-odds[:, 0] / SHARPENED))).astype(np.int64)
    found = fitted(tmp_path, odds, targets)
    assert found.temperature.width == 1
    assert found.temperature.value == pytest.approx(SHARPENED, rel=0.1)


def test_several_labels_have_one_temperature_and_no_calibration_error(tmp_path: Path) -> None:
    """There is no top class whose probability could be held against how often it is right."""
    random = np.random.default_rng(2)
    logits = random.normal(0, 4, (ROWS, 3))
    targets = (random.random(logits.shape) < 1 / (1 + np.exp(-logits / SHARPENED))).astype(np.int64)
    found = fitted(tmp_path, 1 / (1 + np.exp(-logits)), targets)
    assert found.temperature.scale is OutputScale.SCORES
    assert found.temperature.value == pytest.approx(SHARPENED, rel=0.1)
    assert (found.ece_before, found.ece_after) == (None, None)


def test_a_late_logit_changes_the_reading_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first examples happen to lie between 0 and 1, all are read once more as what they are."""
    monkeypatch.setattr(runs, "TOGETHER_ROWS", 64)
    random = np.random.default_rng(3)
    odds = random.normal(0, 4, (ROWS, 1))
    odds[:500] = random.random((500, 1))
    targets = (random.random(ROWS) < 1 / (1 + np.exp(-odds[:, 0] / SHARPENED))).astype(np.int64)
    late, said = (fitted(tmp_path, odds, targets, **given) for given in ({}, {"scale": OutputScale.LOGITS}))
    assert late.temperature == said.temperature
    assert late.n == ROWS


def test_a_fixed_batch_is_filled_and_its_surplus_dropped(tmp_path: Path) -> None:
    """A model of sixteen at a time has the temperature that it would have with any size."""
    logits, targets = believed(1001)
    fixed, free = (fitted(tmp_path, logits, targets, rows=rows) for rows in (16, "n"))
    assert fixed.n == free.n == 1001
    assert fixed.temperature == free.temperature


def test_of_many_examples_as_many_are_taken_as_tell_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are spread over the data, which may lie in order of their classes."""
    monkeypatch.setattr(fitting, "ENOUGH", 600)
    logits, targets = believed()
    order = np.argsort(targets, kind="stable")
    found = fitted(tmp_path, logits[order], targets[order])
    assert found.n == 600
    chosen = order[::5]
    assert found.loss_before == pytest.approx(log_loss(targets[chosen], softmax(logits[chosen])), rel=1e-6)


def test_too_few_examples_are_refused(tmp_path: Path) -> None:
    """Half of them would have to judge what the other half says."""
    logits, targets = believed(50)
    assert fitted(tmp_path, logits, targets).n == 50
    with pytest.raises(JobError, match=r"validation\.npz has 49 examples; a temperature needs 50 at least"):
        fitted(tmp_path, logits[:49], targets[:49])


def test_scores_that_are_no_distribution_have_no_temperature(tmp_path: Path) -> None:
    """One sigmoid a class, of which one class is right: nothing adds up to 1 that could be softened."""
    scores = np.random.default_rng(0).random((100, 3))
    with pytest.raises(JobError, match="gives each class a score of its own") as caught:
        fitted(tmp_path, scores, scores.argmax(axis=1))
    assert "one 0 or 1 a label" in caught.value.hint


def test_answers_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    """They are not left out: what is wrong with them no temperature mends."""
    logits, targets = believed(100)
    logits[[30, 70]] = np.nan
    with pytest.raises(JobError, match=r"NaN or infinity on 2 of 100 examples of validation\.npz"):
        fitted(tmp_path, logits, targets)
