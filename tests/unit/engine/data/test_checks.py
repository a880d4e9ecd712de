"""Do the data fit the model? The sentences, and the lines to paste."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data import checks
from engine.protocols import TensorSpec
from storage.errors import JobError
from storage.settings import Preprocess, read_model_settings

IMAGES = TensorSpec("image", (None, 28, 28, 1), "float32")
PIXELS = np.zeros((1000, 28, 28), np.uint8)


def check(array: "np.ndarray[Any, Any]", spec: TensorSpec, preprocess: Preprocess = Preprocess()) -> None:  # noqa: B008 - a frozen record
    """Check one input called x of test.npz."""
    checks.check_inputs("test.npz", {"x": array}, preprocess, (spec,))


def test_what_is_expected_and_what_is_there_are_said() -> None:
    """Both shapes and dtypes stand in one sentence."""
    with pytest.raises(JobError) as caught:
        check(PIXELS, IMAGES)
    assert caught.value.message == (
        "The model expects float32 [?, 28, 28, 1]; test.npz has x uint8 [1000, 28, 28]."
    )


@pytest.mark.parametrize(
    ("array", "spec"),
    [
        (PIXELS, IMAGES),
        (PIXELS, TensorSpec("image", (None, 1, 28, 28), "float32")),
        (PIXELS, TensorSpec("image", (None, 784), "float32")),
        (PIXELS, TensorSpec("image", (None, 28, 28), "float32")),
        (np.zeros((9, 3, 28, 28), np.float32), TensorSpec("image", (None, 28, 28, 3), "float32")),
        (np.zeros((9, 28, 28, 3), np.float32), TensorSpec("image", (None, 3, 28, 28), "float32")),
        (np.zeros((9, 4), np.int64), TensorSpec("x", (None, 4), "float32")),
    ],
)
def test_the_proposed_line_makes_the_data_fit(
    array: "np.ndarray[Any, Any]", spec: TensorSpec, tmp_path: Path
) -> None:
    """The hint is pasted into model.toml as it stands, and then nothing is wrong any more."""
    with pytest.raises(JobError) as caught:
        check(array, spec)
    line = caught.value.hint.removeprefix("Put this line at the top of model.toml: ").split(" (and")[0]
    (tmp_path / "model.toml").write_text(line)
    check(array, spec, read_model_settings(tmp_path / "model.toml").preprocess)


def test_a_scale_is_offered_for_pixels_but_not_assumed() -> None:
    """Whether a model was trained on 0 to 1 or on 0 to 255 is not in the file."""
    with pytest.raises(JobError) as caught:
        check(PIXELS, IMAGES)
    offered = caught.value.hint.split("(and ")[1].split(" where")[0]
    assert tomllib.loads(offered) == {"scale": 1 / 255}


def test_settings_that_are_there_are_kept_in_the_proposal() -> None:
    """What a person set already stays; the change is named."""
    with pytest.raises(JobError) as caught:
        check(PIXELS, IMAGES, Preprocess(scale=0.5))
    assert "which [preprocess] makes float32 [1000, 28, 28]" in caught.value.message
    assert caught.value.hint == 'Change [preprocess] in model.toml to: scale = 0.5, layout = "NHWC"'


def test_what_no_setting_mends_is_said() -> None:
    """Seven columns for a model of four cannot be helped by preprocessing."""
    with pytest.raises(JobError) as caught:
        check(np.zeros((9, 7)), TensorSpec("x", (None, 4), "float32"))
    assert "cannot make them fit" in caught.value.hint


def test_settings_that_do_not_apply_are_an_error() -> None:
    """Scaling words is a mistake that is said in words."""
    with pytest.raises(JobError, match=r"\[preprocess\] cannot be applied to x str"):
        check(np.array([["a"]]), TensorSpec("x", (None, 1), ""), Preprocess(scale=2.0))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [("float64", "float32"), ("float16", "float32"), ("int64", "int32"), ("uint8", "int64")],
)
def test_a_change_of_width_needs_no_setting(given: str, wanted: str) -> None:
    """What numpy saves by default, float64 and int64, means the same in fewer bits."""
    spec = TensorSpec("x", (None, 2), wanted)
    array = np.ones((3, 2), given)
    check(array, spec)
    assert checks.convert(spec, array).dtype == wanted


def test_an_integer_that_does_not_fit_is_an_error() -> None:
    """A wrapped-round token number would be another token."""
    with pytest.raises(JobError, match="3000000000"):
        checks.convert(TensorSpec("x", (None,), "int32"), np.array([3_000_000_000]))


def test_an_unknown_shape_takes_anything() -> None:
    """TorchScript does not tell; the model itself will."""
    check(PIXELS, TensorSpec("x", None, ""))


def test_the_byte_order_is_the_machines() -> None:
    """Frameworks read native numbers only."""
    swapped = np.ones(3, np.dtype(">f4"))
    assert checks.convert(TensorSpec("x", None, ""), swapped).dtype.isnative


@pytest.mark.parametrize(
    "targets",
    [
        np.array([2, 0, 1]),
        np.array([2, 0, 1], np.uint8),
        np.array([2.0, 0.0, 1.0]),
        np.array([[2], [0], [1]]),
        np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]]),
        np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
        np.array(["c", "a", "b"]),
    ],
)
def test_every_way_to_write_classes_is_read(targets: "np.ndarray[Any, Any]") -> None:
    """Integers, whole floats, one column per class, and names from model.toml mean the same."""
    assert checks.check_classes("t.npz", targets, ("a", "b", "c"), 3).tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("targets", "labels", "words"),
    [
        (
            np.array([0, 10, 11]),
            (),
            r"label 10 in row 1, but the model has 10 classes: 0 to 9 \(2 such rows\)\.",
        ),
        (np.array([0, -1]), (), "label -1 in row 1"),
        (np.array([0, 1]), ("a", "b"), "names 2 labels, but the model tells 10 classes apart"),
        (np.array([0.5, 1.0]), (), "not classes"),
        (np.array([np.nan, 1.0]), (), "has no class in row 0, but NaN or infinity"),
        (np.zeros((2, 4), int), (), "have 4 columns, but the model has 10 classes"),
        (np.full((2, 10), 2), (), "10 columns that hold other numbers than 0 and 1"),
        (np.zeros((2, 2, 2), int), (), "not one class per example"),
        (np.array(["a", "?"]), (), "which model.toml does not name"),
    ],
)
def test_labels_that_do_not_fit_are_named(
    targets: "np.ndarray[Any, Any]", labels: tuple[str, ...], words: str
) -> None:
    """The first wrong row and the number of classes are in the sentence."""
    with pytest.raises(JobError, match=words) as caught:
        checks.check_classes("t.npz", targets, labels, 10)
    assert caught.value.hint


def test_columns_of_amounts_are_told_how_to_be_predicted() -> None:
    """Several steps of a time series are no classes: the hint names the task that they belong to."""
    with pytest.raises(JobError) as caught:
        checks.check_classes("t.npz", np.full((2, 3), 0.5), (), 3)
    assert 'task = "regression"' in caught.value.hint


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (np.array([1.0, np.nan]), "no number as target in row 1"),
        (np.zeros((2, 3, 2)), "not one number or row of numbers per example"),
        (np.array(["1.0"]), "not one number or row of numbers per example"),
    ],
)
def test_values_that_do_not_fit_are_named(targets: "np.ndarray[Any, Any]", words: str) -> None:
    """Regression takes one finite number, or one row of them, per example."""
    with pytest.raises(JobError, match=words):
        checks.check_values("t.npz", targets)


def test_texts_that_are_numbers_are_class_numbers() -> None:
    """Folders called 0 to 9 need no list of names; with a list, the list counts."""
    names = np.array(["2", "0", "10"])
    assert checks.check_classes("test", names, (), 11).tolist() == [2, 0, 10]
    assert checks.check_classes("test", names, ("10", "2", "0"), 3).tolist() == [1, 2, 0]
    for other in (["01"], ["2", "two"], ["-1"], ["1.0"], [""]):
        with pytest.raises(JobError, match="does not name"):
            checks.check_classes("test", np.array(other), (), 11)


def test_amounts_for_a_model_of_one_number_are_told_from_wrong_classes() -> None:
    """Whoever forgot to say that a model estimates amounts is told the word for it; a few wrong labels are wrong labels."""
    with pytest.raises(JobError) as caught:
        checks.check_classes("test.csv", np.arange(321), (), 2)
    assert (
        caught.value.hint == 'Where they are amounts and not classes, set task = "regression" in model.toml.'
    )
    with pytest.raises(JobError) as caught:
        checks.check_classes("test.csv", np.array([0, 1, 2]), (), 2)
    assert "regression" not in caught.value.hint
