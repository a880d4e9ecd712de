"""What checkpoints promise: they come back as they were, and a damaged one changes nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("tensorflow")


def test_what_was_saved_is_restored(tmp_path: Path) -> None:
    """Variables, best weights and numbers; of one that is damaged nothing is taken."""
    import tensorflow as tf

    from engine.runtimes.keras import checkpoint

    values: list[NDArray[Any]] = [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.array(7, np.float32),
        np.array([1, 2], np.uint32),
    ]
    file = tmp_path / "epoch-3.npz"
    progress = checkpoint.Progress(3, 0.5, 2, 1, [values[0] * 2])
    checkpoint.save(file, [tf.Variable(value) for value in values], progress)
    fresh = [tf.Variable(np.zeros_like(value)) for value in values]
    found = checkpoint.restore(file, fresh)
    assert found is not None
    assert (found.epoch, found.best, found.best_epoch, found.waited) == (3, 0.5, 2, 1)
    assert np.array_equal(found.weights[0], progress.weights[0])
    for variable, value in zip(fresh, values, strict=True):
        assert np.array_equal(variable.numpy(), value)
    whole = file.read_bytes()
    for damaged in (whole[:100], whole[: len(whole) // 2], b"", b"nothing of that kind"):
        file.write_bytes(damaged)
        assert checkpoint.restore(file, fresh) is None
    checkpoint.save(file, fresh[:1], progress)
    assert checkpoint.restore(file, fresh) is None
    other = [tf.Variable(np.zeros(5, np.float32)) for _ in values]
    checkpoint.save(file, fresh, progress)
    assert checkpoint.restore(file, other) is None
    assert not other[0].numpy().any()
