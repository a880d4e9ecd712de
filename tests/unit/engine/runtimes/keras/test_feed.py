"""What examples for training promise: each once an epoch, in an order that seed and epoch decide, from memory or the file."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data.examples import Examples, open_examples
from engine.training import lessons
from engine.training.lessons import Part
from storage.settings import Preprocess
from tests.tiny_models import import_keras

pytestmark = pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")

ROWS = 23


@pytest.fixture
def examples(tmp_path: Path) -> Examples:
    """Return examples that say their own row."""
    rows = np.arange(ROWS)
    np.savez(tmp_path / "train.npz", x=np.stack([rows, rows * 2], axis=1).astype(np.float32), y=rows)
    return open_examples(tmp_path / "train.npz", Preprocess(), ())


def epoch(part: Any, number: int, *, seed: int = 0) -> list[Any]:
    """Return the batches of an epoch."""
    import_keras()
    import tensorflow as tf

    from engine.runtimes.keras import feed

    return list(feed.shuffled(part, 5, seed=seed, epoch=tf.Variable(number)).as_numpy_iterator())


@pytest.mark.parametrize("held", [True, False], ids=["memory", "file"])
def test_each_example_comes_once_with_its_target(
    examples: Examples, monkeypatch: pytest.MonkeyPatch, *, held: bool
) -> None:
    """Whether they lie in memory or are read as they are needed, in the same order; only those of the part come."""
    from engine.runtimes.keras import feed

    part = Part(examples, examples.dataset.targets, np.arange(3, ROWS))
    expected = epoch(part, 1)
    if not held:
        monkeypatch.setattr(lessons, "IN_MEMORY", 0)
        monkeypatch.setattr(examples, "_kept", None)
    found = epoch(part, 1)
    assert [len(targets) for _inputs, targets in found] == [5, 5, 5, 5]
    for (inputs,), targets in found:
        assert np.array_equal(inputs, np.stack([targets, targets * 2], axis=1))
    order = np.concatenate([targets for _inputs, targets in found])
    assert sorted(order) == list(range(3, ROWS))
    assert np.array_equal(order, np.concatenate([targets for _inputs, targets in expected]))
    assert not np.array_equal(order, np.concatenate([targets for _inputs, targets in epoch(part, 2)]))
    assert not np.array_equal(order, np.concatenate([targets for _inputs, targets in epoch(part, 1, seed=1)]))
    plain = list(feed.in_order(part, 5).as_numpy_iterator())
    assert np.array_equal(np.concatenate([targets for _inputs, targets in plain]), np.arange(3, ROWS))
