"""What is taken of what a process wrote, and what is not."""

import os
from pathlib import Path

import pytest

from engine.processes import taking
from engine.processes.taking import DEPTH, OddError, take


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Return a folder in which a process has written one file."""
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"weights")
    return folder


def test_a_file_is_moved(written: Path, tmp_path: Path) -> None:
    """Its bytes are where they were wanted, and nowhere else."""
    take(written, "model.onnx", tmp_path / "taken")
    assert (tmp_path / "taken").read_bytes() == b"weights"
    assert not list(written.iterdir())


def test_a_folder_is_moved_with_everything_in_it(written: Path, tmp_path: Path) -> None:
    """A SavedModel has folders of its own."""
    (written / "model.onnx").unlink()
    (written / "saved_model" / "variables").mkdir(parents=True)
    (written / "saved_model" / "variables" / "index").write_text("1")
    take(written, "saved_model", tmp_path / "taken")
    assert (tmp_path / "taken" / "variables" / "index").read_text() == "1"


def test_more_than_was_asked_for_is_not_taken(written: Path, tmp_path: Path) -> None:
    """Nor is something under another name, nor nothing."""
    (written / "extra").write_text("1")
    with pytest.raises(OddError, match="other files than it told"):
        take(written, "model.onnx", tmp_path / "taken")
    with pytest.raises(OddError, match="nothing to take"):
        take(tmp_path / "absent", "model.onnx", tmp_path / "taken")
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "link below"])
def test_what_leads_elsewhere_is_not_taken(kind: str, written: Path, tmp_path: Path) -> None:
    """A link would have the engine read, and hand in, what the process may not read."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    target = written / "model.onnx"
    target.unlink()
    if kind == "link":
        target.symlink_to(secret)
    elif kind == "hard link":
        target.hardlink_to(secret)
    elif kind == "pipe":
        os.mkfifo(target)
    else:
        target.mkdir()
        (target / "variables").symlink_to(tmp_path)
    with pytest.raises(OddError, match="something that is no file"):
        take(written, "model.onnx", tmp_path / "taken")
    assert not (tmp_path / "taken").exists()


def test_endless_nesting_ends(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither depth nor number of files keeps the engine busy."""
    (written / "model.onnx").unlink()
    deep = written.joinpath("model.onnx", *["d"] * (DEPTH + 1))
    deep.mkdir(parents=True)
    with pytest.raises(OddError, match="more files than any model has"):
        take(written, "model.onnx", tmp_path / "taken")
    monkeypatch.setattr(taking, "DEPTH", 100)
    monkeypatch.setattr(taking, "ENTRIES", 5)
    with pytest.raises(OddError, match="more files than any model has"):
        take(written, "model.onnx", tmp_path / "taken")
