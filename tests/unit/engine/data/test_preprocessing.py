"""What is done to inputs before a model sees them."""

import numpy as np
import pytest

from engine.data.fingerprint import preprocessing_sha256
from engine.data.preprocessing import apply
from storage.errors import JobError
from storage.settings import Data, Preprocess, RuntimeOptions

PIXELS = np.arange(2 * 4 * 5, dtype=np.uint8).reshape(2, 4, 5)
COLOUR = np.arange(2 * 6 * 5 * 3, dtype=np.uint8).reshape(2, 6, 5, 3)


def test_nothing_is_done_unasked() -> None:
    """Without settings the data are what they were."""
    assert np.array_equal(apply(Preprocess(), PIXELS), PIXELS)
    assert apply(Preprocess(), PIXELS).dtype == np.uint8


def test_the_order_is_dtype_scale_mean_std() -> None:
    """(x * scale - mean) / std, in float32, as every framework's examples have it."""
    asked = Preprocess(dtype="float32", scale=1 / 255, mean=(0.1307,), std=(0.3081,))
    expected = (PIXELS.astype(np.float32) * np.float32(1 / 255) - np.float32(0.1307)) / np.float32(0.3081)
    found = apply(asked, PIXELS)
    assert found.dtype == np.float32
    assert np.array_equal(found, expected)


def test_arithmetic_alone_gives_float32() -> None:
    """A scale on integers means real numbers, never integers again."""
    assert apply(Preprocess(scale=0.5), PIXELS).dtype == np.float32
    assert apply(Preprocess(dtype="uint8", scale=0.5), PIXELS).max() == pytest.approx(19.5)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_asked_float_is_the_result(dtype: str) -> None:
    """Half precision is computed in single precision and rounded once."""
    assert apply(Preprocess(dtype=dtype, scale=0.1), PIXELS).dtype == dtype


@pytest.mark.parametrize(("layout", "shape"), [("NHWC", (2, 4, 5, 1)), ("NCHW", (2, 1, 4, 5))])
def test_grey_images_gain_a_channel(layout: str, shape: tuple[int, ...]) -> None:
    """A missing channel axis is added where the layout wants it."""
    assert apply(Preprocess(layout=layout), PIXELS).shape == shape


def test_channels_move_to_where_they_are_wanted_and_back() -> None:
    """A transposition is undone by the other, and images that are right stay as they are."""
    first = apply(Preprocess(layout="NCHW"), COLOUR)
    assert first.shape == (2, 3, 6, 5)
    assert first[1, 2, 3, 4] == COLOUR[1, 3, 4, 2]
    assert np.array_equal(apply(Preprocess(layout="NHWC"), first), COLOUR)
    assert np.array_equal(apply(Preprocess(layout="NCHW"), first), first)


def test_an_ambiguous_layout_is_an_error() -> None:
    """Where the channel axis cannot be told, nothing is guessed."""
    with pytest.raises(JobError, match="cannot tell the channel axis"):
        apply(Preprocess(layout="NCHW"), np.zeros((2, 3, 9, 3)))
    with pytest.raises(JobError, match="cannot tell the channel axis"):
        apply(Preprocess(layout="NCHW"), np.zeros((2, 9, 9, 9)))


def test_rows_of_numbers_have_no_layout() -> None:
    """A layout for what is no image is a mistake in the settings."""
    with pytest.raises(JobError, match="needs images"):
        apply(Preprocess(layout="NHWC"), np.zeros((2, 9)))


def test_mean_and_std_meet_the_channels_wherever_they_are() -> None:
    """Three means belong to the axis of three, before any transposition."""
    asked = Preprocess(mean=(1.0, 2.0, 3.0), std=(1.0, 2.0, 4.0))
    last = apply(asked, COLOUR)
    first = apply(asked, COLOUR.transpose(0, 3, 1, 2))
    assert last[0, 0, 0].tolist() == [-1.0, -0.5, -0.25]
    assert np.array_equal(first.transpose(0, 2, 3, 1), last)


def test_columns_of_a_table_have_their_own_means() -> None:
    """One mean a column for tabular data."""
    assert apply(Preprocess(mean=(1.0, 2.0)), np.ones((3, 2))).tolist() == [[0.0, -1.0]] * 3


@pytest.mark.parametrize("shape", [(2, 4, 5), (2, 3, 9, 3)])
def test_means_that_fit_no_axis_or_two_are_an_error(shape: tuple[int, ...]) -> None:
    """Where it is not plain which axis is meant, nothing is guessed."""
    with pytest.raises(JobError, match=r"preprocess\.mean has 3 numbers, which fits (no axis|two axes)"):
        apply(Preprocess(mean=(1.0, 2.0, 3.0)), np.zeros(shape))


def test_flatten_makes_one_row_an_example() -> None:
    """The first axis stays."""
    assert apply(Preprocess(flatten=True), COLOUR).shape == (2, 90)


def test_the_data_are_not_changed() -> None:
    """What is computed is computed on a copy."""
    values = np.ones((2, 3), np.float32)
    apply(Preprocess(scale=2.0), values)
    assert values.tolist() == [[1.0] * 3] * 2


def test_the_fingerprint_tells_settings_apart() -> None:
    """Equal settings have equal fingerprints, any other setting another one."""
    settings = [
        Preprocess(),
        Preprocess(scale=0.1),
        Preprocess(scale=0.2),
        Preprocess(mean=(0.1,)),
        Preprocess(std=(0.1,)),
    ]
    prints = [preprocessing_sha256(one) for one in settings]
    assert len(set(prints)) == len(prints)
    assert preprocessing_sha256(Preprocess(scale=0.1)) == prints[1]
    assert all(len(one) == 64 for one in prints)


def test_rows_of_pixels_become_images_in_their_order() -> None:
    """As a table of pixels is written: row after row of an image."""
    rows = np.arange(24, dtype=np.uint8).reshape(2, 12)
    found = apply(Preprocess(reshape=(3, 4, 1), dtype="float32"), rows)
    assert found.shape == (2, 3, 4, 1)
    assert found[1, 2, 3, 0] == 23.0
    assert apply(Preprocess(reshape=(3, 4), layout="NCHW"), rows).shape == (2, 1, 3, 4)


def test_a_shape_that_does_not_fit_is_told() -> None:
    """With both, so that the wrong one is seen."""
    with pytest.raises(
        JobError, match=r"preprocess\.reshape cannot make 5 x 5 of inputs of shape \[\?, 12\]"
    ):
        apply(Preprocess(reshape=(5, 5)), np.zeros((2, 12)))


def test_arrays_are_not_resized() -> None:
    """Images of that size pass, as those of a folder do; others are told where resizing works."""
    preprocess = Preprocess(resize=(4, 4))
    assert apply(preprocess, np.zeros((2, 4, 4, 3))).shape == (2, 4, 4, 3)
    with pytest.raises(JobError, match="works on folders of images"):
        apply(preprocess, np.zeros((2, 5, 5, 3)))


def test_a_setting_that_is_left_at_its_default_changes_no_fingerprint() -> None:
    """Evaluations stay comparable when a later version of the program knows one setting more."""
    assert preprocessing_sha256(Preprocess()) == preprocessing_sha256(Preprocess(reshape=(), scale=None))
    assert preprocessing_sha256(Preprocess(), Data(test="a.csv")) == preprocessing_sha256(Preprocess())
    others = [Data(inputs=("a",)), Data(target="a"), Data(inputs=("a", "b"))]
    assert len({preprocessing_sha256(Preprocess(), data) for data in (Data(), *others)}) == 4


def test_the_fingerprint_tells_signatures_apart() -> None:
    """Another signature of the same artefact computes something else; none named changes no fingerprint."""
    usual = preprocessing_sha256(Preprocess())
    assert preprocessing_sha256(Preprocess(), runtime=RuntimeOptions()) == usual
    named = {preprocessing_sha256(Preprocess(), runtime=RuntimeOptions(signature=name)) for name in "ab"}
    assert len(named | {usual}) == 3


def test_the_loader_of_weights_counts() -> None:
    """What makes a model of the same weights decides its figures as much as they do."""
    usual = preprocessing_sha256(Preprocess())
    assert preprocessing_sha256(Preprocess(), loader="") == usual
    named = {preprocessing_sha256(Preprocess(), loader=source) for source in ("a = 1", "a = 2")}
    assert len({usual, *named}) == 3
