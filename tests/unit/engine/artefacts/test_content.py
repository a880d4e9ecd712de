"""Every byte of a stranger's file is read through a limit."""

import os
import zipfile
from pathlib import Path

import pytest

from engine.artefacts import content as module
from engine.artefacts.content import Content, ContentError, CutShortError


def test_a_piece_is_exactly_what_was_asked_for(tmp_path: Path) -> None:
    """The right bytes from the right place."""
    (tmp_path / "f").write_bytes(bytes(range(100)))
    with Content(tmp_path / "f") as content:
        assert content.piece(10, 5) == bytes(range(10, 15))
        assert content.size == 100


def test_reading_past_the_end_is_a_short_file(tmp_path: Path) -> None:
    """A missing byte is an error, never a shorter answer."""
    (tmp_path / "f").write_bytes(b"abc")
    with Content(tmp_path / "f") as content, pytest.raises(CutShortError):
        content.piece(1, 3)


def test_a_single_read_is_limited(tmp_path: Path) -> None:
    """A directory that claims gigabytes is not fetched."""
    (tmp_path / "f").write_bytes(b"")
    os.truncate(tmp_path / "f", module.PIECE + 10)
    with (
        Content(tmp_path / "f") as content,
        pytest.raises(ContentError, match="more than a model file needs"),
    ):
        content.read()


def test_all_reads_together_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small reads add up to an end, too."""
    monkeypatch.setattr(module, "BUDGET", 100)
    (tmp_path / "f").write_bytes(bytes(40))
    with Content(tmp_path / "f") as content:
        # The head has taken 40 of the 100 already.
        for _ in range(3):
            content.piece(0, 20)
        with pytest.raises(ContentError, match="more than a model file needs"):
            content.piece(0, 20)


def test_a_file_that_shrinks_meanwhile_is_short(tmp_path: Path) -> None:
    """A trainer that overwrites in place is no reason to crash; the file is never mapped."""
    (tmp_path / "f").write_bytes(bytes(10_000))
    with Content(tmp_path / "f") as content:
        os.truncate(tmp_path / "f", 10)
        with pytest.raises(CutShortError):
            content.piece(5_000, 100)


def test_zipfile_reads_from_it(tmp_path: Path) -> None:
    """It is enough of a file for the standard library."""
    with zipfile.ZipFile(tmp_path / "f", "w") as archive:
        archive.writestr("name", "content")
    with Content(tmp_path / "f") as content, zipfile.ZipFile(content.as_stream()) as archive:
        assert archive.read("name") == b"content"


def test_the_descriptor_is_closed_once(tmp_path: Path) -> None:
    """Closing twice does not close somebody else's descriptor."""
    (tmp_path / "f").write_bytes(b"x")
    content = Content(tmp_path / "f")
    content.close()
    other = os.open(tmp_path / "f", os.O_RDONLY)
    content.close()
    os.fstat(other)
    os.close(other)
