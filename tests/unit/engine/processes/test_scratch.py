"""What a scratch folder promises, whatever a model leaves in it."""

import os
import stat
from pathlib import Path

import pytest

from engine.processes import scratch


def test_folder_is_private(tmp_path: Path) -> None:
    """A new folder is closed to other users, and so is the one above it."""
    folder = scratch.make(tmp_path / "above")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_sweep_follows_no_link(tmp_path: Path) -> None:
    """Links are removed and not followed, to files and to folders."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("precious")
    folder = scratch.make(tmp_path)
    (folder / "folder").symlink_to(outside)
    (folder / "file").symlink_to(outside / "file")
    scratch.sweep(folder)
    assert not folder.exists()
    assert (outside / "file").read_text() == "precious"


def test_sweep_takes_any_depth_and_any_mode(tmp_path: Path) -> None:
    """A tree deeper than the stack, longer than a path and closed to its owner is removed."""
    folder = scratch.make(tmp_path)
    before = Path.cwd()
    os.chdir(folder)
    try:
        for _ in range(1100):
            os.mkdir("d" * 50)  # noqa: PTH102 - the absolute path is too long for the system
            os.chdir("d" * 50)
        os.mkdir("closed", 0)  # noqa: PTH102 - the same
    finally:
        os.chdir(before)
    scratch.sweep(folder)
    assert not folder.exists()


def test_sweep_refuses_what_is_no_folder(tmp_path: Path) -> None:
    """A link in place of the folder itself is refused."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(NotADirectoryError):
        scratch.sweep(tmp_path / "link")
    assert (tmp_path / "real").exists()


def test_sweep_of_what_is_gone_is_done(tmp_path: Path) -> None:
    """Somebody removed it, or moved all that it lay in: there is nothing to tell anybody."""
    scratch.sweep(tmp_path / "gone")
    assert not (tmp_path / "gone").exists()


def test_size_counts_what_is_written(tmp_path: Path) -> None:
    """Bytes on the disk count, at any depth; holes do not."""
    folder = scratch.make(tmp_path)
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "file").write_bytes(b"x" * 100_000)
    with (folder / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    assert scratch.exceeds(folder, 50_000)
    assert not scratch.exceeds(folder, 200_000)


def test_very_many_files_exceed_any_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting stops where there are too many files, and that is an answer."""
    monkeypatch.setattr(scratch, "ENTRIES", 10)
    folder = scratch.make(tmp_path)
    for number in range(11):
        (folder / str(number)).touch()
    assert scratch.exceeds(folder, 1 << 40)


def test_folder_that_vanishes_has_no_size(tmp_path: Path) -> None:
    """A folder that is gone takes no room."""
    assert not scratch.exceeds(tmp_path / "gone", 0)
