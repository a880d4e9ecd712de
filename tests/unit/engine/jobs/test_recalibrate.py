"""Recalibrating a version: a real one in a real process, by data that decide nothing else, as a new version."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from engine.jobs import recalibrate as recalibrating
from engine.jobs.recalibrate import WELL
from storage.job_answers import Recalibrated
from storage.records import Job
from storage.tables import exports, models
from storage.vocabulary import Format, JobKind, JobState
from tests.tiny_models import save_litert
from tests.ward import MODEL, Ward, good_data, save_digits, ward, ward_hosts

__all__ = ["ward", "ward_hosts"]

OVERCONFIDENT = 3.0
"""By how much the logits of the classifier are too large."""


@pytest.fixture
def sure(ward: Ward) -> Ward:
    """Return a ward whose deployed version is right as often as before, and far too sure."""
    from tests.tiny_models import weights

    kernel, bias = weights()
    ward.put(3, save_digits(kernel * OVERCONFIDENT, bias * OVERCONFIDENT))
    images, classes = good_data(797)
    ward.data(images[::2], classes[::2])
    ward.data(images[1::2], classes[1::2], "validation")
    ward.evaluate(3)
    ward.deploy(3)
    return ward


def recalibrate(ward: Ward, number: int | None = None) -> Job:
    """Have a version recalibrated."""
    return ward.do(JobKind.RECALIBRATE, number)


def refused(ward: Ward, number: int | None = None) -> tuple[str, str]:
    """Return why a version is not recalibrated; nothing is left of the try."""
    job = recalibrate(ward, number)
    assert job.state is JobState.FAILED
    inbox = ward.context.workspace.train / MODEL
    assert not inbox.exists() or not [path for path in inbox.iterdir() if path.suffix != ".npz"]
    assert list(ward.context.workspace.scratch.iterdir()) == []
    return job.error, job.hint


def figure(ward: Ward, number: int, name: str) -> float:
    """Return a figure of a version."""
    with ward.context.writer.transaction() as connection:
        found = models.versions(connection, MODEL)
    evaluation = next(version.evaluation for version in found if version.number == number)
    assert evaluation is not None
    metric = evaluation.metric(name)
    assert metric is not None
    return metric.value


def test_a_version_that_is_too_sure_becomes_one_that_is_not(sure: Ward) -> None:
    """The same classes, honest probabilities on data that had no part in it, its parentage on record; nothing is deployed."""
    job = recalibrate(sure)
    assert job.state is JobState.SUCCEEDED, job.error
    made = msgspec.json.decode(job.result, type=Recalibrated)
    assert made.file == f"train/{MODEL}/digits-3-recalibrated.onnx"
    assert made.temperature > 1.5
    assert made.loss_after < made.loss_before
    assert made.parity.agreement == 1
    number = sure.take_in()
    assert figure(sure, number, "accuracy") == figure(sure, 3, "accuracy")
    assert figure(sure, number, "log_loss") < figure(sure, 3, "log_loss")
    assert figure(sure, number, "ece") < figure(sure, 3, "ece")
    assert sure.current().number == 3
    with sure.context.writer.transaction() as connection:
        origin = exports.read(connection, MODEL)[made.sha256]
    assert (origin.parent, origin.verb, origin.source, origin.target) == (
        3,
        "recalibrated",
        Format.ONNX,
        Format.ONNX,
    )
    assert origin.temperature == made.temperature
    assert f"temperature {made.temperature:.3g}" in origin.way
    # Once more, there is nothing left to mend.
    (Path(sure.context.workspace.root) / made.file).unlink()
    error, _hint = refused(sure, number)
    assert "as well calibrated as a temperature makes it" in error


def test_the_same_is_made_once(sure: Ward) -> None:
    """The same version and data give the same file, which lies there already."""
    first, second = recalibrate(sure), recalibrate(sure)
    told = [msgspec.json.decode(job.result, type=Recalibrated) for job in (first, second)]
    assert told[0].sha256 == told[1].sha256
    assert told[0].file == told[1].file
    assert len(list((sure.context.workspace.train / MODEL).glob("*.onnx"))) == 1


def test_what_is_well_calibrated_stays_as_it_is(ward: Ward) -> None:
    """A temperature that may be chance is none."""
    images, classes = good_data(797)
    ward.data(images[:400], classes[:400])
    ward.data(images[400:], classes[400:], "validation")
    ward.evaluate()
    job = recalibrate(ward)
    assert (job.state, job.code) == (JobState.FAILED, WELL)
    assert "may be chance" in job.error


def test_test_data_decide_nothing(sure: Ward) -> None:
    """Neither where there are no validation data, nor where those are the same examples."""
    test = sure.context.workspace.test / MODEL
    (test / "validation.npz").unlink()
    error, hint = refused(sure)
    assert "fitted on validation data, since test data must not decide anything" in error
    assert "modeltender data split" in hint
    (test / "validation.npz").write_bytes((test / "test.npz").read_bytes())
    error, _hint = refused(sure)
    assert "holds the very examples that digits@3 is judged by" in error


def test_data_that_tell_too_little_are_refused(sure: Ward) -> None:
    """A handful of examples decides nothing, and labels that are never wrong no temperature."""
    images, classes = good_data(797)
    sure.data(images[400:440], classes[400:440], "validation")
    error, _hint = refused(sure)
    assert "validation.npz has 40 examples; a temperature needs 50 at least" in error


def test_values_have_no_probabilities(sure: Ward) -> None:
    """Regression is told apart before anything is loaded."""
    file = sure.context.workspace.model_settings(MODEL)
    file.write_text(file.read_text().replace("[preprocess]", 'task = "regression"\n[preprocess]'))
    assert "there is nothing to calibrate" in refused(sure)[0]


def test_a_format_that_cannot_be_changed_says_what_to_do_instead(sure: Ward) -> None:
    """A LiteRT file is made anew from what it came from."""
    pytest.importorskip("tensorflow")
    sure.put(4, save_litert, Format.LITERT, "model.tflite")
    error, hint = refused(sure, 4)
    assert error == "digits@4 is litert, which is not recalibrated here."
    assert hint.endswith("recalibrate the version that it was exported from, then export that.")


def test_broken_answers_are_no_probabilities(sure: Ward) -> None:
    """NaN is told as what it is."""
    from tests.tiny_models import weights

    kernel, bias = weights()
    sure.put(4, save_digits(kernel, np.full_like(bias, np.nan)))
    assert "answered NaN or infinity" in refused(sure, 4)[0]


def test_labels_that_are_never_wrong_tell_no_temperature(sure: Ward) -> None:
    """The more certain the better, without an end: such labels were taken from the answers."""
    from tests.tiny_models import expected_probabilities

    images, _ = good_data(797)
    sure.data(images[1::2], expected_probabilities().argmax(axis=1)[1::2], "validation")
    error, hint = refused(sure)
    assert error.startswith(
        "validation.npz asks for a temperature beyond 0.125 to 8: digits@3 is so often right"
    )
    assert hint.startswith("Look at the data: modeltender data describe digits")


def test_what_was_made_is_held_against_what_it_should_answer(
    sure: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that answers something else than the softened outputs is not handed in: here the expectation is another one."""
    monkeypatch.setattr(recalibrating, "applied", lambda outputs, _temperature: outputs)
    error, hint = refused(sure)
    assert error.startswith(
        "digits@3 does not come out as it should: its recalibrated outputs differ from the softened ones"
    )
    assert hint == "Nothing was kept."


def test_outputs_that_are_all_saturated_prove_nothing(sure: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none of them tells whether what was made is right, nothing is handed in."""
    monkeypatch.setattr(recalibrating, "telling", lambda outputs, _temperature: np.zeros(len(outputs), bool))
    error, _hint = refused(sure)
    assert error.startswith("Every output is as good as 1: it cannot be told")
