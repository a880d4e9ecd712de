"""Which terminals are refused, and what Textual is told before it is imported."""

import os
import pty
from collections.abc import Iterator
from io import StringIO, TextIOWrapper
from pathlib import Path

import pytest

from tests.unit.test_import_hygiene import loaded_by
from tui.terminal import is_gone, own_palette, prepare, refusal

GOOD = {"TERM": "xterm-256color"}


@pytest.fixture
def tty() -> Iterator[int]:
    """Return the descriptor of a real terminal."""
    controller, terminal = pty.openpty()
    yield terminal
    os.close(terminal)
    os.close(controller)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    """Return the descriptor of a file, which is no terminal."""
    with (tmp_path / "output").open("w") as stream:
        yield stream.fileno()


@pytest.fixture(autouse=True)
def _utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    _written_in(monkeypatch, "utf-8")


def _written_in(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    import io

    monkeypatch.setattr("sys.__stderr__", TextIOWrapper(io.BytesIO(), encoding=encoding))


def test_good_terminal_is_not_refused(tty: int) -> None:
    """A terminal that can show the console is taken."""
    assert refusal(GOOD, tty, tty) is None


@pytest.mark.parametrize("term", ["dumb", "", None])
def test_dumb_terminal_is_refused(tty: int, term: str | None) -> None:
    """A terminal that cannot move a cursor is refused, by its name."""
    said = refusal({} if term is None else {"TERM": term}, tty, tty)
    assert said is not None
    assert f"'{term or ''}'" in said


def test_input_from_elsewhere_is_refused(tty: int, file: int) -> None:
    """Without a terminal to read keys from there is no console."""
    assert "standard input" in (refusal(GOOD, file, tty) or "")


def test_output_to_elsewhere_is_refused(tty: int, file: int) -> None:
    """Without a terminal to draw on there is no console."""
    assert "standard error" in (refusal(GOOD, tty, file) or "")


def test_other_encodings_are_refused(tty: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that is not written to in UTF-8 would show rubbish."""
    _written_in(monkeypatch, "latin-1")
    said = refusal(GOOD, tty, tty)
    assert said is not None
    assert "iso8859-1" in said.lower() or "latin-1" in said.lower()


def test_missing_stream_is_refused(tty: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream without an encoding is not taken for UTF-8."""
    monkeypatch.setattr("sys.__stderr__", StringIO())
    assert refusal(GOOD, tty, tty) is not None


@pytest.mark.parametrize(
    ("environ", "rate"), [({}, "30"), ({"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, "15")]
)
def test_textual_is_kept_quiet(environ: dict[str, str], rate: str) -> None:
    """Nothing moves by itself, and over SSH there are fewer frames."""
    prepare(environ)
    assert environ["TEXTUAL_ANIMATIONS"] == "none"
    assert environ["TEXTUAL_SMOOTH_SCROLL"] == "0"
    assert environ["TEXTUAL_FPS"] == rate


@pytest.mark.parametrize(
    ("environ", "own"),
    [
        ({}, False),
        ({"NO_COLOR": "1"}, True),
        ({"NO_COLOR": ""}, False),
        ({"SSH_TTY": "/dev/pts/1"}, True),
        ({"TERM": "linux"}, True),
    ],
)
def test_choice_of_colours(environ: dict[str, str], own: bool) -> None:  # noqa: FBT001 - a row of a table
    """The terminal's own colours are used where none are wanted, few are there, or bytes are dear."""
    assert own_palette(GOOD | environ) is own


def test_closed_terminal_is_noticed() -> None:
    """A terminal whose other end is closed is gone."""
    controller, terminal = pty.openpty()
    os.close(controller)
    assert is_gone(terminal)
    os.close(terminal)


def test_deciding_loads_no_textual() -> None:
    """The refusal is there before Textual is, which reads the environment when it is imported."""
    assert "textual" not in loaded_by("tui.terminal")
