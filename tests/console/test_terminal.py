"""The console in a real terminal: its colours, its size, its end, and what reaches the terminal besides the screen."""

import base64
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from storage.database import Writer
from storage.jobs import read as read_jobs
from storage.workspace import Workspace
from tests.console.stage import Played, add_model
from tests.terminal import Terminal
from tui.commands.console import THEME
from tui.commands.tables import cells

COMMAND = str(Path(sys.executable).with_name("modeltender"))

PATIENCE_S = 60.0

SGR = re.compile(rb"\x1b\[([0-9;:]*)m")

WORDS = ("v2 FAILED", "READY", "EVAL", "checking")
"""States of the stage's models."""


def opened(workspace: Workspace, **environ: str) -> Terminal:
    """Open a console that only reads, in a terminal of 80 by 24."""
    return Terminal([COMMAND, "--read-only", str(workspace.root)], columns=80, rows=24, environ=environ)


def shows_all(terminal: Terminal) -> None:
    """Wait until the screen is complete."""
    terminal.wait_for(lambda screen: "seg-unet  accuracy" in screen and is_whole(screen, 80), PATIENCE_S)


def is_whole(screen: str, columns: int) -> bool:
    """Whether the last line is the footer, and each panel's lines end where the terminal does."""
    lines = screen.splitlines()
    framed = [line for line in lines if line.startswith("│")]
    return (
        "quit" in lines[-1]
        and bool(framed)
        and all(line.rstrip().endswith("│") and cells(line.rstrip()) == columns for line in framed)
    )


def until(met: Callable[[], bool]) -> None:
    """Wait until a condition is met."""
    deadline = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def colours(terminal: Terminal) -> set[str]:
    """Return the kinds of colours that were asked for: sixteen, 256 or all of them."""
    kinds: set[str] = set()
    for found in SGR.findall(bytes(terminal.received)):
        parts = found.decode().replace(":", ";").split(";")
        while parts:
            part = parts.pop(0)
            if part in {"38", "48"}:
                kinds.add("256" if parts[0] == "5" else "all")
                del parts[: 2 if parts[0] == "5" else 4]
            elif re.fullmatch(r"[34][0-7]|9[0-7]|10[0-7]", part):
                kinds.add("16")
    return kinds


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"NO_COLOR": "1"}, set()),
        ({"NO_COLOR": "1", THEME: "light", "COLORTERM": "truecolor"}, set()),
        ({"TERM": "xterm"}, {"16"}),
        ({"TERM": "linux", THEME: "dark"}, {"16"}),
        ({"SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22"}, {"16"}),
        ({}, {"256"}),
        ({THEME: "light"}, {"256"}),
        ({THEME: "colour-blind", "COLORTERM": "truecolor"}, {"all"}),
    ],
    ids=lambda value: (
        "-".join(f"{k}={v.split()[0]}" for k, v in value.items()) if isinstance(value, dict) else ""
    ),
)
def test_no_more_colours_than_the_terminal_has(
    staged: Workspace, environ: dict[str, str], expected: set[str]
) -> None:
    """A terminal is sent the colours that it has, none where none are wanted, and each state has its word."""
    with opened(staged, **environ) as terminal:
        shows_all(terminal)
        assert (
            colours(terminal) <= expected | ({"16"} if not expected else set())
            if expected
            else not colours(terminal)
        )
        assert not expected or expected & colours(terminal)
        for word in WORDS:
            assert word in terminal.text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_restores_the_terminal(staged: Workspace, number: signal.Signals) -> None:
    """The exit status says which signal it was; screen, mouse and cursor are as they were before."""
    with opened(staged) as terminal:
        shows_all(terminal)
        os.kill(terminal.pid, number)
        assert terminal.wait_closed(PATIENCE_S) == 128 + number
        received = bytes(terminal.received)
    for on, off in (
        (b"\x1b[?1049h", b"\x1b[?1049l"),
        (b"\x1b[?1003h", b"\x1b[?1003l"),
        (b"\x1b[?25l", b"\x1b[?25h"),
    ):
        assert 0 <= received.rfind(on) < received.rfind(off), off


@pytest.mark.parametrize("ignored", ["", 'trap "" HUP; '], ids=["", "hangup-ignored"])
def test_it_ends_with_its_connection(staged: Workspace, ignored: str) -> None:
    """A lost connection leaves no console behind, also one that is told nothing of it."""
    started = f"{ignored}exec {COMMAND} --read-only {staged.root}"
    with Terminal(["/bin/sh", "-c", started], columns=80, rows=24) as terminal:
        shows_all(terminal)
        console = terminal.process()
        terminal.hang_up()
        until(lambda: not console.is_running() or console.status() == psutil.STATUS_ZOMBIE)


def test_it_is_suspended_and_comes_back(staged: Workspace) -> None:
    """Ctrl-Z gives the terminal back and stops; the whole screen is there again afterwards, at the size that it has by then."""
    with opened(staged) as terminal:
        shows_all(terminal)
        terminal.send("\x1a")
        # What it still writes has to be taken, or it would wait for that.
        until(lambda: terminal.read() and terminal.process().status() == psutil.STATUS_STOPPED)
        assert bytes(terminal.received).rfind(b"\x1b[?1049l") > bytes(terminal.received).rfind(b"\x1b[?1049h")
        terminal.wipe()
        terminal.resize(100, 30)
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.wait_for(lambda screen: "seg-unet" in screen and is_whole(screen, 100), PATIENCE_S)
        terminal.send("q")
        assert terminal.wait_closed(PATIENCE_S) == 0


def test_ctrl_l_paints_everything_again(staged: Workspace) -> None:
    """What another program wrote over the screen is gone."""
    with opened(staged) as terminal:
        shows_all(terminal)
        terminal.wipe()
        terminal.send("\x0c")
        shows_all(terminal)


def test_a_storm_of_sizes_ends_in_a_whole_screen(staged: Workspace) -> None:
    """However fast a window is dragged, and however small it was meanwhile, the last size is what is shown."""
    chance = random.Random(11)
    with opened(staged) as terminal:
        shows_all(terminal)
        for _ in range(40):
            terminal.resize(chance.randint(20, 200), chance.randint(4, 60))
            terminal.read(0.01)
        for columns, rows in ((300, 80), (60, 16), (80, 24)):
            terminal.resize(columns, rows)
            terminal.wait_for(lambda screen, columns=columns: is_whole(screen, columns), PATIENCE_S)  # type: ignore[misc]
        terminal.resize(59, 15)
        terminal.wait_for("this terminal is 59x15", PATIENCE_S)


def test_wide_names_move_nothing(staged: Workspace, writer: Writer) -> None:
    """Characters of two cells, and ones that combine, leave every column where it is."""
    with writer.transaction() as connection:
        for name in ("模型-分類器-日本語", "e\u0301clair", "데이터"):
            add_model(connection, name, Played(1, (0.9,)))
    with opened(staged) as terminal:
        terminal.resize(80, 40)
        shows_all(terminal)
        terminal.wait_for("模", PATIENCE_S)
        shown = terminal.screen.buffer
        rows = [y for y in range(40) if "型" in "".join(shown[y][x].data for x in range(80))]
        assert rows
        heading = next(line for line in terminal.text().splitlines() if "MODEL" in line)
        for y in rows:
            # The version begins in the column of its title, counted in cells.
            assert shown[y][heading.index("VER")].data == "v"
            assert shown[y][79].data == "│"


def test_a_value_reaches_the_clipboard_of_the_terminal(staged: Workspace) -> None:
    """What is copied is sent as OSC 52, in base64, and nothing else with it."""
    with opened(staged) as terminal:
        shows_all(terminal)
        terminal.send("y")
        terminal.wait_for("⏎ copies", PATIENCE_S)
        terminal.send("\r")
        terminal.wait_for("Handed to the terminal", PATIENCE_S)
        [sent] = re.findall(rb"\x1b\]52;c;([^\x07\x1b]*)", bytes(terminal.received))
    assert base64.b64decode(sent).decode() == "seg-unet"


@pytest.fixture
def lock_holder(forsaken: Workspace) -> Iterator[subprocess.Popen[str]]:
    """Return a process that holds the engine's lock and does nothing else, as an engine that is killed would."""
    held = (
        "import sys, time\nfrom pathlib import Path\nfrom storage.workspace import Workspace, engine_lock\n"
        "with engine_lock(Workspace(Path(sys.argv[1]))):\n    print('held', flush=True)\n    time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-P", "-c", held, str(forsaken.root)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_killed_engine_is_told(forsaken: Workspace, lock_holder: subprocess.Popen[str]) -> None:
    """With kill -9 of the engine the header says so, and a key that acts says why it does not."""
    with opened(forsaken) as terminal:
        shows_all(terminal)
        assert "ENGINE DOWN" not in terminal.text()
        lock_holder.kill()
        terminal.wait_for("ENGINE DOWN", PATIENCE_S)
        terminal.send("r")
        terminal.wait_for("This console is read-only", PATIENCE_S)


def test_a_killed_console_harms_nothing(staged: Workspace, writer: Writer) -> None:
    """After kill -9 of a console the database is whole and free, and the next console opens."""
    with opened(staged) as terminal:
        shows_all(terminal)
        os.kill(terminal.pid, signal.SIGKILL)
        terminal.wait_closed(PATIENCE_S)
    with writer.transaction() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        add_model(connection, "after-it", Played(1, (0.9,)))
    with opened(staged) as terminal:
        terminal.wait_for("after-it", PATIENCE_S)


def test_hundreds_of_keys_harm_nothing(staged: Workspace, writer: Writer) -> None:
    """Three hundred keys and bytes that are none, as fast as they can be sent: the console answers, and nothing was asked."""
    chance = random.Random(5)
    keys = [
        *"?rpucafRsnNjkgGozOmMvyT[],.:/123 4512",
        "\t",
        "\x1b",
        "\x1b[A",
        "\x1b[B",
        "\x0c",
        "\x1b[200~py\r\x1b[201~",
    ]
    with writer.transaction() as connection:
        before = read_jobs(connection, limit=100)
    with opened(staged) as terminal:
        shows_all(terminal)
        for _ in range(300):
            terminal.send(chance.choice(keys))
            if chance.random() < 0.1:
                terminal.read(0.01)
        deadline = time.monotonic() + PATIENCE_S
        # It may still be at the keys when the overview shows: a "q" that another screen took is followed by the way back.
        while terminal.read(0.3):
            assert time.monotonic() < deadline, terminal.text()
            there = "⏎ open" in terminal.text().splitlines()[-1] and "Models 6" in terminal.text()
            terminal.send("q" if there else "\x1b")
        assert terminal.wait_closed(PATIENCE_S) == 0
    with writer.transaction() as connection:
        assert read_jobs(connection, limit=100) == before


def test_an_unknown_theme_is_a_sentence(staged: Workspace) -> None:
    """A theme that there is not is told with those that there are, before anything is drawn."""
    with opened(staged, **{THEME: "solarized"}) as terminal:
        assert terminal.wait_closed(PATIENCE_S) == 2
        said = bytes(terminal.received).decode()
    assert "There is no theme 'solarized' (MODELTENDER_THEME)." in said
    assert "colour-blind" in said
    assert "\x1b" not in said
