"""Which terminals are refused, and what Textual is told before it is imported."""

import base64
import os
import pty
import re
from collections.abc import Iterator
from io import StringIO, TextIOWrapper
from pathlib import Path

import pytest

from storage.vocabulary import Look
from tests.unit.test_import_hygiene import loaded_by
from tui.terminal import (
    BROWSER,
    is_gnu_screen,
    is_gone,
    kept_to_own_colours,
    look,
    prepare,
    refusal,
    through_gnu_screen,
)

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
    assert "is written to in no encoding" in (refusal(GOOD, tty, tty) or "")


@pytest.mark.parametrize(
    ("environ", "rate", "esc"),
    [
        ({}, "60", "25"),
        ({"SSH_CONNECTION": "1.2.3.4 5 6.7.8.9 22"}, "15", "50"),
        ({"ESCDELAY": "300"}, "60", "300"),
    ],
)
def test_textual_is_kept_quiet_and_quick(environ: dict[str, str], rate: str, esc: str) -> None:
    """Nothing moves by itself, and over SSH there are fewer frames; behind an Esc it waits no longer than it must."""
    prepare(environ)
    assert environ["TEXTUAL_ANIMATIONS"] == "none"
    assert environ["TEXTUAL_SMOOTH_SCROLL"] == "0"
    assert environ["TEXTUAL_FPS"] == rate
    assert environ["ESCDELAY"] == esc


@pytest.mark.parametrize(
    ("environ", "wanted", "found"),
    [
        ({}, Look.AUTO, Look.DARK),
        ({}, Look.LIGHT, Look.LIGHT),
        ({"COLORTERM": "truecolor", "TERM": "alacritty"}, Look.AUTO, Look.DARK),
        ({"SSH_TTY": "/dev/pts/1"}, Look.AUTO, Look.TERMINAL),
        ({"SSH_TTY": "/dev/pts/1"}, Look.COLOUR_BLIND, Look.COLOUR_BLIND),
        ({"NO_COLOR": "1"}, Look.DARK, Look.TERMINAL),
        ({"NO_COLOR": ""}, Look.AUTO, Look.DARK),
        ({"TERM": "linux"}, Look.LIGHT, Look.TERMINAL),
        ({"TERM": "xterm"}, Look.DARK, Look.TERMINAL),
        ({"TERM": "screen-16color"}, Look.AUTO, Look.TERMINAL),
    ],
)
def test_choice_of_theme(environ: dict[str, str], wanted: Look, found: Look) -> None:
    """The terminal's own colours are used where none are wanted, few are there, or, unasked, where bytes are dear."""
    assert look(GOOD | environ, wanted) is found


@pytest.mark.parametrize(
    ("environ", "said"), [({}, ""), ({"NO_COLOR": "1"}, "NO_COLOR"), ({"TERM": "xterm"}, "TERM=xterm")]
)
def test_why_no_other_theme_is_shown(environ: dict[str, str], said: str) -> None:
    """Where there is no choice the reason is said."""
    kept = kept_to_own_colours(GOOD | environ)
    assert said in kept
    assert bool(kept) == bool(said)


@pytest.mark.parametrize(
    ("environ", "kept"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "screen.xterm-256color", "STY": "1.pts-0.box"}, True),
        ({"TERM": "xterm-256color", "STY": "1.pts-0.box"}, True),
        ({"TERM": "screen", "SSH_TTY": "/dev/pts/1"}, True),
        ({"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"}, False),
        ({"TERM": "tmux-256color", "STY": "1.pts-0.box", "TMUX": "/tmp/tmux-0/default,1,0"}, False),
        ({"TERM": "screen", "STY": "1.pts-0.box", "TMUX": "/tmp/tmux-0/default,1,0"}, True),
        ({"STY": "1.pts-0.box", BROWSER[0]: BROWSER[1]}, False),
    ],
)
def test_gnu_screen_is_known(environ: dict[str, str], *, kept: bool) -> None:
    """Also where only its name for the terminal comes through, and not where tmux is the inner one and says so."""
    assert is_gnu_screen(environ) is kept


@pytest.mark.parametrize("length", [1, 10_000])
def test_gnu_screen_is_given_pieces_that_it_passes_on(length: int) -> None:
    """Together they are one OSC 52, however long; none is longer than the 768 characters that it has room for."""
    said = through_gnu_screen("é" * length)
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", said, re.DOTALL)
    assert sum(len(piece) + 4 for piece in pieces) == len(said)
    assert max(map(len, pieces)) < 768
    assert "".join(pieces) == f"\x1b]52;c;{base64.b64encode(('é' * length).encode()).decode()}\a"


def test_empty_no_color_is_no_wish() -> None:
    """An empty NO_COLOR asks for nothing, and Textual, which looks only whether it is there, does not see it."""
    environ = {"NO_COLOR": ""}
    prepare(environ)
    assert "NO_COLOR" not in environ
    wished = {"NO_COLOR": "1"}
    prepare(wished)
    assert wished["NO_COLOR"] == "1"


def test_closed_terminal_is_noticed() -> None:
    """A terminal whose other end is closed is gone."""
    controller, terminal = pty.openpty()
    os.close(controller)
    assert is_gone(terminal, {})
    os.close(terminal)


def test_deciding_loads_no_textual() -> None:
    """The refusal is there before Textual is, which reads the environment when it is imported."""
    assert "textual" not in loaded_by("tui.terminal")


def test_a_page_in_a_browser_is_a_terminal(file: int) -> None:
    """Where the console is drawn through pipes for a page, neither a terminal nor its kind is asked for."""
    assert refusal(dict([BROWSER]), file, file) is None


def test_a_page_is_gone_with_its_pipe() -> None:
    """A console behind a page ends when its server is gone, and not because its input is no terminal."""
    reading, writing = os.pipe()
    assert not is_gone(reading, dict([BROWSER]))
    os.close(writing)
    assert is_gone(reading, dict([BROWSER]))
    os.close(reading)
