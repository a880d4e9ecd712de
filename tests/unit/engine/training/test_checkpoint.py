"""What checkpoints promise: they come back as they were, and of a damaged one nothing is taken."""

from pathlib import Path

import numpy as np

from engine.training import checkpoint

STATE = {
    "weights": np.arange(6, dtype=np.float32).reshape(2, 3),
    "step": np.array(7, np.float32),
    "chance": np.array([1, 2], np.uint32),
}
SHAPES = {name: array.shape for name, array in STATE.items()}


def test_what_was_saved_is_restored(tmp_path: Path) -> None:
    """State, best weights and numbers; of one that is damaged, lacks something or is of another model nothing is taken."""
    file = tmp_path / "epoch-3.npz"
    progress = checkpoint.Progress(3, 0.5, 2, 1, [STATE["weights"] * 2, STATE["step"]])
    checkpoint.save(file, STATE, progress)
    found = checkpoint.restore(file, {"weights": (2, 3)})
    assert found is not None
    kept = found.progress
    assert (kept.epoch, kept.best, kept.best_epoch, kept.waited) == (3, 0.5, 2, 1)
    assert len(kept.weights) == 2
    assert np.array_equal(kept.weights[0], progress.weights[0])
    assert found.state.keys() == STATE.keys()
    for name, value in STATE.items():
        assert np.array_equal(found.state[name], value)
        assert found.state[name].dtype == value.dtype
    assert checkpoint.restore(file, SHAPES) is not None
    assert checkpoint.restore(file, SHAPES | {"weights": (3, 2)}) is None
    assert checkpoint.restore(file, SHAPES | {"bias": (3,)}) is None
    whole = file.read_bytes()
    for damaged in (whole[:100], whole[: len(whole) // 2], b"", b"nothing of that kind"):
        file.write_bytes(damaged)
        assert checkpoint.restore(file, SHAPES) is None
    assert checkpoint.restore(tmp_path / "none.npz", SHAPES) is None
