"""``models --watch``: plain text on any terminal, written again when it says something else, ended by Ctrl-C."""

import signal
import sys
import time
from pathlib import Path

import msgspec
import pytest

from storage.database import Writer
from storage.tables import faults, models
from storage.workspace import Workspace
from tests.terminal import Terminal
from tests.unit.tui.commands.conftest import Run
from tests.unit.tui.commands.rows import add_evaluation
from tui.command_line import INTERRUPTED
from tui.commands.tables import cells

MODELTENDER = str(Path(sys.executable).with_name("modeltender"))


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return what is to be done between looks; after the last of it somebody presses Ctrl-C."""
    left: list[object] = []

    def pause(_seconds: float) -> None:
        if not left:
            raise KeyboardInterrupt
        step = left.pop(0)
        if callable(step):
            step()

    monkeypatch.setattr("tui.commands.watching.time.sleep", pause)
    monkeypatch.setattr("tui.commands.watching._minute", lambda: 1_750_000_020.0)
    return left


def test_the_list_is_written_once_where_nothing_changes(ask: Run, rounds: list[object]) -> None:
    """A log that is written for hours has a list for each change, and not one for each second."""
    rounds += [None, None]
    said = ask("models", "--watch")
    assert said.status == INTERRUPTED
    assert said.out.count("STATE") == 1
    assert "\x1b" not in said.out
    assert "mnist" in said.out
    assert "0.9400" in said.out
    assert " ACC " in said.out.splitlines()[1]


def test_scores_of_two_metrics_say_which_they_are(ask: Run, rounds: list[object], writer: Writer) -> None:
    """Where all are of one, its name is the column's title; an r2 and an accuracy have theirs beside them."""
    with writer.transaction() as connection:
        (digits,) = models.versions(connection, "digits")
        add_evaluation(connection, digits.id, None, accuracy=0.7824, metric="r2", at=time.time())
    said = ask("models", "--watch").out
    assert "QUALITY" in said.splitlines()[1]
    assert " ACC 0.9400 " in said
    assert " R2 0.7824 " in said


def test_a_change_is_written(ask: Run, rounds: list[object], writer: Writer) -> None:
    """What somebody has to see to is there a moment later, and its model comes first."""

    def break_it() -> None:
        with writer.transaction() as connection:
            faults.open_fault(connection, "drift", "it drifts", at=time.time(), model="digits")

    rounds += [break_it, None]
    said = ask("models", "--watch").out
    before, after = (part for part in said.split("STATE")[1:])
    assert "1 FAULT" not in next(line for line in before.splitlines() if " digits " in line)
    assert "! 1 FAULT" in next(line for line in after.splitlines() if " digits " in line)


def test_lines_fit_80_columns(ask: Run, rounds: list[object], writer: Writer) -> None:
    """However long a name is, no line is wider than a terminal, and the state is whole."""
    with writer.transaction() as connection:
        models.ensure(connection, "x" * 110, now=time.time())
        models.ensure(connection, "模型" * 40, now=time.time())
    lines = ask("models", "--watch").out.splitlines()
    assert max(map(cells, lines)) <= 80
    long = [line for line in lines if "xxx" in line or "模" in line]
    assert len(long) == 2
    for line in long:
        assert "…" in line
        assert line.startswith("○ not deployed")


def test_names_steer_nothing(ask: Run, rounds: list[object], writer: Writer) -> None:
    """Markup and escape sequences in a name are characters."""
    with writer.transaction() as connection:
        models.ensure(connection, "[red]evil[/]\x1b[2J", now=time.time())
    said = ask("models", "--watch").out
    assert "[red]evil[/]" in said
    assert "\x1b" not in said


def test_scripts_get_a_document_a_line(ask: Run, rounds: list[object]) -> None:
    """With --json each look is one line."""
    rounds += [None]
    lines = ask("models", "--watch", "--json").out.splitlines()
    assert len(lines) == 2
    assert [model["model"] for model in msgspec.json.decode(lines[0])] == ["digits", "mnist"]


@pytest.mark.parametrize("term", ["dumb", "xterm-256color"])
def test_on_a_real_terminal_ctrl_c_leaves_it_as_it_was(filled: Workspace, term: str) -> None:
    """A dumb terminal gets no escape sequence at all, any other one nothing that has to be put back."""
    with Terminal(
        [MODELTENDER, "models", "--watch", "-w", str(filled.root)],
        columns=80,
        rows=24,
        environ={"TERM": term},
    ) as terminal:
        terminal.wait_for("digits", 60)
        terminal.send("\x03")
        assert terminal.wait_closed(30) == 128 + signal.SIGINT
        received = bytes(terminal.received)
    assert (b"\x1b" in received) == (term != "dumb")
    assert b"?1049h" not in received
    assert b"?25l" not in received
    assert b"Traceback" not in received
