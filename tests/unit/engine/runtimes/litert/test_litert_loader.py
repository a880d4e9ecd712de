"""Running LiteRT models: quantised ones as the real numbers that they stand for, and any batch size."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.protocols import TensorSpec
from engine.runtimes.litert import loader
from engine.runtimes.litert.loader import load
from storage.vocabulary import Format
from tests.tiny_models import KERAS_WARNING, ROWS, digits, expected_probabilities, save_litert

Saved = Callable[[Format], Path]

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)


def images() -> "NDArray[np.float32]":
    """Return the test digits as the models take them."""
    return np.divide(digits()[0][1000:], 16, dtype=np.float32)[..., None]


def test_int8_model_takes_and_gives_real_numbers(tmp_path: Path) -> None:
    """Its inputs and outputs are described as float32, and its answers stay close to those of the float model."""
    model = load(save_litert(tmp_path / "model.tflite", quantised=True), "cpu")
    assert model.inputs[0].shape == (None, 8, 8, 1)
    assert (model.inputs[0].dtype, model.outputs[0].dtype) == ("float32", "float32")
    (answers,) = model.run((images(),))
    expected = expected_probabilities()
    assert answers.dtype == np.float32
    assert np.abs(answers - expected).mean() < 0.01
    agreeing = (answers.argmax(axis=1) == expected.argmax(axis=1)).mean()
    assert agreeing > 0.98


def test_inputs_beyond_the_range_are_clipped(tmp_path: Path) -> None:
    """What an int8 cannot hold becomes its limit, and never wraps around."""
    model = load(save_litert(tmp_path / "model.tflite", quantised=True), "cpu")
    most = np.full((1, 8, 8, 1), 1.0, dtype=np.float32)
    (at_the_limit,), (beyond,) = model.run((most,)), model.run((most * 100,))
    assert np.array_equal(at_the_limit, beyond)


def test_batches_of_any_size_come_and_go(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes may alternate, and no more interpreters are kept than a handful."""
    monkeypatch.setattr(loader, "KEPT_SIZES", 2)
    model = load(saved(Format.LITERT), "cpu")
    everything = images()
    expected = expected_probabilities()
    for size in (1, 7, ROWS, 1, 32, 7):
        (answers,) = model.run((everything[:size],))
        np.testing.assert_allclose(answers, expected[:size], atol=2e-6)
        assert len(model._ready) <= 2


def test_names_are_those_of_the_model(saved: Saved) -> None:
    """What the converter puts around a name is taken off."""
    (taken,) = load(saved(Format.LITERT), "cpu").inputs
    assert isinstance(taken, TensorSpec)
    assert not taken.name.startswith("serving_default")
    assert ":" not in taken.name
