"""What the console has to be before anybody is given it, at a real terminal: its bytes, its colours, its imports, its end."""

import re
import signal
import sys
import time
from pathlib import Path

import pytest

from storage import jobs
from storage.database import Writer
from storage.tables import engine
from storage.vocabulary import ExitCode, JobState
from storage.workspace import Workspace
from tests.console.opening import COMMAND, PATIENCE_S, is_restored, is_whole, opened, shows_all, until
from tests.console.stage import Played, add_model
from tests.terminal import Terminal
from tests.unit.test_import_hygiene import VIEWERS_LACK
from tui.commands.console import THEME

LARGE = (160, 45)

MIB = 1024 * 1024

SSH = {"SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22"}

SGR = re.compile(rb"\x1b\[([0-9;:]*)m")

WORDS = ("v2 FAILED", "READY", "EVAL", "checking")
"""States of the stage's models."""

NOTED = """
import atexit, sys
from pathlib import Path
atexit.register(lambda: Path(sys.argv[2]).write_text(" ".join(sys.modules)))
from tui.command_line import main
sys.exit(main(["--read-only", sys.argv[1]]))
"""
"""A console that leaves behind what it had imported."""

HANG_UP = "terminal closed"


@pytest.mark.parametrize(
    ("how", "ignored"),
    [(signal.SIGTERM, ""), (signal.SIGHUP, ""), (HANG_UP, ""), (HANG_UP, 'trap "" HUP; ')],
    ids=["SIGTERM", "SIGHUP", "closed", "closed-and-told-nothing"],
)
def test_a_dropped_connection_leaves_nothing_behind(staged: Workspace, how: object, ignored: str) -> None:
    """A signal ends the console with its status and gives the terminal back; a terminal that is gone ends it, told or not."""
    status = staged.root / "status"
    # The shell outlives its terminal, to tell how the console ended.
    started = f"{ignored or 'trap : HUP; '}{COMMAND} --read-only {staged.root}; echo $? > {status}"
    with Terminal(["/bin/sh", "-c", started], columns=80, rows=24) as terminal:
        shows_all(terminal)
        [console] = terminal.process().children()
        if isinstance(how, signal.Signals):
            console.send_signal(how)
            terminal.wait_closed(PATIENCE_S)
            assert is_restored(bytes(terminal.received))
        else:
            terminal.hang_up()
        until(lambda: status.exists() and bool(status.read_text()))
        assert not console.is_running()
    expected = 128 + (how if isinstance(how, signal.Signals) else signal.SIGHUP)
    assert int(status.read_text()) == expected


def test_nothing_heavy_is_loaded(staged: Workspace, tmp_path: Path) -> None:
    """A console that painted everything and opened each screen has loaded no framework, no numerical library, no engine."""
    modules = tmp_path / "modules"
    words = [sys.executable, "-P", "-c", NOTED, str(staged.root), str(modules)]
    with Terminal(words, columns=160, rows=45) as terminal:
        shows_all(terminal, 160)
        for key in "234567":
            terminal.send(key)
            terminal.wait_for("modeltender > ", PATIENCE_S)
        terminal.send("1")
        shows_all(terminal, 160)
        terminal.send("q")
        assert terminal.wait_closed(PATIENCE_S) == ExitCode.DONE
    loaded = {name.partition(".")[0] for name in modules.read_text().split()}
    assert "textual" in loaded
    assert loaded & VIEWERS_LACK == set()


@pytest.mark.parametrize(
    ("environ", "first", "later"),
    [(SSH, 80_000, 5_000), ({"COLORTERM": "truecolor"}, 160_000, 9_000)],
    ids=["over-ssh", "truecolor"],
)
def test_few_bytes_are_sent(
    staged: Workspace, writer: Writer, environ: dict[str, str], first: int, later: int
) -> None:
    """The first picture, a change a second, and none at all while nothing changes but the engine's heartbeat."""
    _beat(writer, 0)
    with opened(staged, environ, size=LARGE) as terminal:
        shows_all(terminal, LARGE[0])
        terminal.read(0.5)
        assert len(terminal.received) < first
        began = len(terminal.received)
        for step in range(1, 6):
            with writer.passing() as connection:
                jobs.progress(connection, 3, done=step * 1000, total=10_000)
            terminal.wait_for(f" {step}0%", PATIENCE_S)
        assert 0 < len(terminal.received) - began < 5 * later
        with writer.transaction() as connection:
            # What is left of a job is told by the second.
            jobs.finish(connection, 3, JobState.SUCCEEDED, now=time.time(), message="well")
        terminal.wait_for("✓ well", PATIENCE_S)
        assert _sent_while_nothing_changes(terminal, writer) == 0


def _beat(writer: Writer, beat: int) -> None:
    with writer.passing() as connection:
        engine.beat(connection, now=time.time(), rss_bytes=beat, cpu_percent=1.0, hosts=())


def _sent_while_nothing_changes(terminal: Terminal, writer: Writer) -> int:
    """Return the bytes that came while the picture stayed as it was: the clock goes on once a minute, and that is looked at again."""
    for _ in range(5):
        before, received = terminal.text(), len(terminal.received)
        for beat in range(4):
            _beat(writer, beat)
            terminal.read(0.5)
        if terminal.text() == before:
            return len(terminal.received) - received
    raise AssertionError(f"the picture does not come to rest:\n{terminal.text()}")


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
        (SSH, {"16"}),
        ({}, {"256"}),
        ({THEME: "light"}, {"256"}),
        ({THEME: "colour-blind", "COLORTERM": "truecolor"}, {"all"}),
    ],
    ids=lambda value: (
        "-".join(f"{k}={v.split()[0]}" for k, v in value.items()) if isinstance(value, dict) else ""
    ),
)
def test_colour_is_never_the_only_sign(
    staged: Workspace, environ: dict[str, str], expected: set[str]
) -> None:
    """A terminal is sent the colours that it has, none where none are wanted, and each state has its word."""
    with opened(staged, environ) as terminal:
        shows_all(terminal)
        found = colours(terminal)
        for word in WORDS:
            assert word in terminal.text()
    # The sixteen come along where there are more.
    assert found - {"16"} == expected - {"16"}
    assert bool(found) == bool(expected)


@pytest.mark.parametrize(
    ("environ", "redirected", "why"),
    [
        ({"TERM": "dumb"}, "", "a terminal of type 'dumb'"),
        ({"TERM": ""}, "", "a terminal of type ''"),
        ({"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "", "LC_ALL=C.UTF-8"),
        ({}, "</dev/null", "standard input is none"),
        ({}, "2>said", "standard error, which is not a terminal"),
    ],
    ids=["dumb", "no-kind", "no-utf-8", "no-input", "no-output"],
)
def test_refusing_politely(
    staged: Workspace, tmp_path: Path, environ: dict[str, str], redirected: str, why: str
) -> None:
    """Where it cannot be shown a sentence says why and what to type instead; nothing is drawn, and the status tells scripts."""
    words = ["/bin/sh", "-c", f'{COMMAND} {staged.root} {redirected}; echo "($?)"']
    with Terminal(words, columns=200, rows=24, environ=environ, cwd=tmp_path) as terminal:
        terminal.wait_closed(PATIENCE_S)
        said = bytes(terminal.received).decode()
    assert f"({ExitCode.USAGE:d})" in said
    if (file := tmp_path / "said").exists():
        said = file.read_text()
    assert why in said
    assert "modeltender status" in said
    assert "\x1b" not in said


def test_a_terminal_that_stops_reading_holds_nothing_up(staged: Workspace, writer: Writer) -> None:
    """The engine writes on and its log is written back, the console keeps nothing for later, and catches up when it is read."""
    with opened(staged, size=LARGE) as terminal:
        shows_all(terminal, LARGE[0])
        terminal.read(0.5)
        console = terminal.process()
        before = console.memory_info().rss
        # Each is answered with a whole picture: more than any terminal's buffer takes.
        terminal.send("\x0c" * 40)
        until(lambda: _is_full(terminal))
        for number in range(60):
            with writer.transaction() as connection:
                add_model(connection, f"new-{number}", Played(1, (0.9,)))
            time.sleep(0.02)
        with writer.transaction() as connection:
            assert connection.execute("SELECT count(*) FROM models").fetchone()[0] == 66
        assert _log_is_written_back(staged)
        assert console.memory_info().rss - before < 5 * MIB
        terminal.wait_for(lambda screen: "66 models" in screen and is_whole(screen, LARGE[0]), PATIENCE_S)
        terminal.send("q")
        assert terminal.wait_closed(PATIENCE_S) == ExitCode.DONE


def _is_full(terminal: Terminal) -> bool:
    """Whether there is something to read, and it becomes no more: the console waits until its terminal takes it."""
    before = terminal.unread()
    time.sleep(0.5)
    return before == terminal.unread() > 0


def _log_is_written_back(workspace: Workspace) -> bool:
    import sqlite3

    connection = sqlite3.connect(workspace.database)
    try:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.close()
    return not busy
