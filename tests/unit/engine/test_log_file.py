"""What the engine's log does where somebody else tidies up."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import log_file
from engine.log_file import LogFile


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LogFile]:
    """Return a log in a folder of its own."""
    (tmp_path / "logs").mkdir()
    held = LogFile(tmp_path / "logs" / "engine.log")
    yield held
    held.close()


def write(log: LogFile, message: str) -> None:
    """Write a line."""
    log.emit(logging.LogRecord("engine", logging.INFO, __file__, 1, message, None, None))


def test_a_log_that_was_moved_or_removed_comes_up_again(log: LogFile, tmp_path: Path) -> None:
    """What another program took away keeps what it had; every later line is where it is looked for."""
    file, taken = tmp_path / "logs" / "engine.log", tmp_path / "taken"
    write(log, "one")
    file.rename(taken)
    write(log, "two")
    assert (taken.read_text(), file.read_text()) == ("one\n", "two\n")
    file.unlink()
    write(log, "three")
    assert file.read_text() == "three\n"


def test_a_log_goes_with_its_workspace(log: LogFile, tmp_path: Path) -> None:
    """Where all of it was moved, nothing comes up at the old place."""
    write(log, "one")
    moved = (tmp_path / "logs").rename(tmp_path / "moved")
    write(log, "two")
    assert (moved / "engine.log").read_text() == "one\ntwo\n"
    assert not (tmp_path / "logs").exists()


def test_a_log_turns_over_by_itself(log: LogFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps some files of a size and no more."""
    monkeypatch.setattr(log, "maxBytes", 10)
    for number in range(9):
        write(log, f"line {number}")
    names = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert names == ["engine.log", *(f"engine.log.{number + 1}" for number in range(log_file.LOG_FILES))]
