"""The console is opened only where it can be shown, and with an engine behind it."""

import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from storage import launch
from storage.console_settings import ConsoleSettings
from storage.vocabulary import ExitCode, Look
from storage.workspace import Workspace, engine_pid
from tui.commands.console import MOUSE, THEME, TerminalError, choices, see_to_engine

MODELTENDER = Path(sys.executable).with_name("modeltender")


class Drawn(NamedTuple):
    """How a command on a terminal ended, and what the terminal got."""

    status: int
    text: str


def on_terminal(words: tuple[str, ...], environ: Mapping[str, str]) -> Drawn:
    """Run the command with a pseudo-terminal for its input and its errors."""
    master, slave = pty.openpty()
    said = subprocess.run(
        [MODELTENDER, *words],
        check=False,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        timeout=60,
        env=os.environ | environ,
    )
    os.close(slave)
    text = os.read(master, 65536).decode()
    os.close(master)
    return Drawn(said.returncode, text)


@pytest.fixture
def ended(workspace: Workspace) -> Iterator[Workspace]:
    """Return a workspace without a database, whose engine, if one is started, ends with the test."""
    yield workspace
    # An engine that was started and not waited for may not have taken its lock yet.
    deadline = time.monotonic() + 60
    while (
        launch.output_file(workspace).exists() and not launch.works(workspace) and time.monotonic() < deadline
    ):
        time.sleep(0.01)
    launch.stop(workspace)


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_draw_gets_a_sentence(term: str, filled: Workspace) -> None:
    """A dumb terminal gets one sentence, the way to see the same as text, and no escape sequence."""
    said = on_terminal((str(filled.root),), {"TERM": term})
    assert said.status == ExitCode.USAGE
    assert said.text == (
        f"modeltender: The console cannot draw on a terminal of type '{term}' (TERM).\r\n"
        "  The same in plain text: modeltender status\r\n"
    )


def test_without_a_terminal_there_is_no_console(filled: Workspace) -> None:
    """In a pipe or a service the command says that it needs a terminal, instead of waiting for a key."""
    said = subprocess.run(
        [MODELTENDER, str(filled.root)],
        check=False,
        text=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert (said.returncode, said.stdout) == (ExitCode.USAGE, "")
    assert "standard input is none" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_console_that_is_refused_starts_no_engine(workspace: Workspace) -> None:
    """Nothing is begun for a console that cannot be shown."""
    subprocess.run(
        [MODELTENDER, str(workspace.root)],
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert engine_pid(workspace) is None
    assert not workspace.database.exists()


def test_a_new_workspace_is_opened_when_its_engine_works(ended: Workspace) -> None:
    """Without a database there is nothing to show, so the engine is waited for, also for a console that only reads."""
    see_to_engine(ended, read_only=True)
    assert launch.works(ended)


def test_a_stopped_engine_is_started_beside_the_console(
    ended: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are figures to show, the console is not kept waiting for the engine that it starts."""
    launch.start(ended)
    launch.stop(ended)
    monkeypatch.setattr(launch, "start", _kept_waiting)
    see_to_engine(ended, read_only=False)
    deadline = time.monotonic() + 60
    while not launch.works(ended):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _kept_waiting(workspace: Workspace) -> int:
    raise AssertionError(f"the console waits for the engine of {workspace.root}")


def test_a_console_that_changes_nothing_starts_nothing(ended: Workspace) -> None:
    """--read-only leaves a stopped engine stopped."""
    launch.start(ended)
    launch.stop(ended)
    launch.output_file(ended).unlink()
    see_to_engine(ended, read_only=True)
    time.sleep(0.1)
    assert engine_pid(ended) is None
    assert not launch.output_file(ended).exists()


def test_the_workspace_chooses_and_a_person_otherwise(workspace: Workspace) -> None:
    """What the settings say holds for everybody, and what the environment says for who has it."""
    assert choices(workspace, {}) == ConsoleSettings(theme=Look.AUTO, mouse=True)
    assert choices(workspace, {MOUSE: "off"}) == ConsoleSettings(theme=Look.AUTO, mouse=False)
    workspace.settings_file.write_text('[console]\ntheme = "light"\nmouse = false\n')
    assert choices(workspace, {}) == ConsoleSettings(theme=Look.LIGHT, mouse=False)
    assert choices(workspace, {THEME: "colour-blind"}).theme is Look.COLOUR_BLIND
    assert choices(workspace, {MOUSE: "on"}) == ConsoleSettings(theme=Look.LIGHT, mouse=True)
    assert choices(workspace, {THEME: "", MOUSE: ""}) == ConsoleSettings(theme=Look.LIGHT, mouse=False)


def test_settings_that_cannot_be_read_keep_nobody_out(workspace: Workspace) -> None:
    """The engine says what is wrong with them; the console opens all the same."""
    workspace.settings_file.write_text('[console]\ntheme = "solarized"\n')
    assert choices(workspace, {}) == ConsoleSettings()


@pytest.mark.parametrize(("name", "hint"), [(THEME, "colour-blind"), (MOUSE, "on, off")])
def test_a_choice_that_is_none_is_refused_with_those_that_there_are(
    name: str, hint: str, workspace: Workspace
) -> None:
    """A slip in the environment is told before the terminal is touched."""
    with pytest.raises(TerminalError) as caught:
        choices(workspace, {name: "\x1b[31mdrak"})
    assert "\x1b" not in caught.value.message
    assert name in caught.value.message
    assert hint in caught.value.hint
