"""From a data file to batches: which arrays, which rows, and what is remembered."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.data import examples as module
from engine.data.dataset import Dataset, open_dataset
from engine.data.examples import open_examples
from engine.protocols import TensorSpec
from storage.errors import JobError
from storage.settings import Preprocess

ONE = (TensorSpec("image", (None, 3), "float32"),)
TWO = (TensorSpec("left", (None, 3), "float32"), TensorSpec("right", (None, 2), "float32"))
PLAIN = Preprocess()


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """Begin with nothing remembered."""
    module._remembered.clear()
    yield
    module._remembered.clear()


def saved(folder: Path, **arrays: object) -> Path:
    """Return a data file that has not changed for a while."""
    file = folder / "test.npz"
    np.savez(file, **arrays)  # type: ignore[arg-type]
    os.utime(file, (1e9, 1e9))
    return file


X, Y = np.arange(30, dtype=np.float32).reshape(10, 3), np.arange(10)


@pytest.mark.parametrize("name", ["x", "image"])
def test_a_single_input_is_x_or_has_the_models_name(name: str, tmp_path: Path) -> None:
    """Both ways of naming it work."""
    found = open_examples(saved(tmp_path, y=Y, **{name: X}), PLAIN, ONE)
    assert np.array_equal(found.batch(2, 5)[0], X[2:5])


def test_several_inputs_come_in_the_models_order(tmp_path: Path) -> None:
    """The order in the file does not matter."""
    file = saved(tmp_path, y=Y, right=X[:, :2], left=X)
    assert [array.shape for array in open_examples(file, PLAIN, TWO).batch(0, 4)] == [(4, 3), (4, 2)]


def test_the_fingerprint_is_the_files(tmp_path: Path) -> None:
    """Anybody can check it with sha256sum."""
    file = saved(tmp_path, x=X, y=Y)
    expected = hashlib.sha256(file.read_bytes()).hexdigest()
    assert open_examples(file, PLAIN, ONE).dataset.sha256 == expected


@pytest.mark.parametrize(
    ("arrays", "specs", "words"),
    [
        ({"x": X}, ONE, "has no array y: it has x"),
        ({"y": Y}, ONE, "has no array x: it has y"),
        ({"x_test": X, "y_test": Y}, ONE, "has no array y: it has x_test, y_test"),
        ({"x": X, "y": Y}, TWO, "has no array left, right"),
        ({"x": X, "y": Y[:9]}, ONE, "differ in rows: x has 10, y has 9"),
        ({"x": X[:0], "y": Y[:0]}, ONE, "has no examples"),
        ({"x": X, "y": Y[0]}, ONE, "a single number under y"),
        ({}, ONE, "has no arrays"),
    ],
)
def test_what_is_missing_is_said_with_what_is_there(
    arrays: dict[str, object], specs: tuple[TensorSpec, ...], words: str, tmp_path: Path
) -> None:
    """A person sees at once what to rename."""
    with pytest.raises(JobError, match=words) as caught:
        open_examples(saved(tmp_path, **arrays) if arrays else empty_archive(tmp_path), PLAIN, specs)
    assert "savez" in caught.value.hint


def empty_archive(folder: Path) -> Path:
    """Return an .npz with something else in it."""
    import zipfile

    with zipfile.ZipFile(folder / "test.npz", "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    return folder / "test.npz"


def test_the_same_data_are_read_once(tmp_path: Path) -> None:
    """A second evaluation finds its examples prepared."""
    file = saved(tmp_path, x=X, y=Y)
    assert open_examples(file, PLAIN, ONE) is open_examples(file, PLAIN, ONE)


def test_other_settings_prepare_other_examples(tmp_path: Path) -> None:
    """What is remembered is remembered with its preprocessing."""
    file = saved(tmp_path, x=X, y=Y)
    open_examples(file, PLAIN, ONE)
    assert np.array_equal(open_examples(file, Preprocess(scale=2.0), ONE).batch(0, 10)[0], X * 2)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """Content, not name, is what is evaluated."""
    before = open_examples(saved(tmp_path, x=X, y=Y), PLAIN, ONE)
    file = saved(tmp_path, x=X + 1, y=Y)
    os.utime(file, (1e9 + 1, 1e9 + 1))
    after = open_examples(file, PLAIN, ONE)
    assert after.dataset.sha256 != before.dataset.sha256
    assert np.array_equal(after.batch(0, 10)[0], X + 1)


def test_a_file_that_just_changed_is_not_remembered(tmp_path: Path) -> None:
    """Within one tick of the file system's clock it could change again and look the same."""
    file = saved(tmp_path, x=X, y=Y)
    os.utime(file)
    assert open_examples(file, PLAIN, ONE) is not open_examples(file, PLAIN, ONE)


def test_a_file_that_changes_while_it_is_read_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read may be half old and half new; the next evaluation reads again."""
    file = saved(tmp_path, x=X, y=Y)

    def read_slowly(path: Path, specs: tuple[TensorSpec, ...], slices: tuple[str, ...]) -> Dataset:
        dataset = open_dataset(path, specs, slices)
        os.utime(path, (1e9 + 5, 1e9 + 5))
        return dataset

    monkeypatch.setattr(module, "open_dataset", read_slowly)
    open_examples(file, PLAIN, ONE)
    assert not module._remembered


def test_what_is_remembered_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The least recently used examples make room."""
    monkeypatch.setattr(module, "KEPT", X.nbytes * 2)
    file = saved(tmp_path, x=X, y=Y)
    first = open_examples(file, PLAIN, ONE)
    for scale in (1.0, 2.0):
        open_examples(file, Preprocess(scale=scale), ONE)
    assert sum(held.bytes for held in module._remembered.values()) <= X.nbytes * 2
    assert open_examples(file, PLAIN, ONE) is not first


def test_large_data_are_prepared_batch_by_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit into the limit is the same, batch for batch, without being held."""
    file = saved(tmp_path, x=X, y=Y)
    held = open_examples(file, Preprocess(scale=3.0), ONE)
    module._remembered.clear()
    monkeypatch.setattr(module, "KEPT", 10)
    streamed = open_examples(file, Preprocess(scale=3.0), ONE)
    assert held.kept
    assert not streamed.kept
    assert np.array_equal(held.batch(3, 9)[0], streamed.batch(3, 9)[0])


def test_of_large_data_the_last_file_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second evaluation hashes nothing again, and what is mapped never adds up."""
    monkeypatch.setattr(module, "KEPT", 10)
    file = saved(tmp_path, x=X, y=Y)
    streamed = open_examples(file, PLAIN, ONE)
    assert open_examples(file, PLAIN, ONE) is streamed
    open_examples(file, Preprocess(scale=3.0), ONE)
    assert [held for held in module._remembered.values() if not held.kept] != [streamed]
    assert len(module._remembered) == 1
    assert open_examples(file, PLAIN, ONE) is not streamed
