"""An operator's line to the console: windows that are dragged, links that are slow, keys that nobody meant, ends that nobody chose."""

import os
import random
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from storage import jobs
from storage.database import Writer
from storage.vocabulary import ExitCode, JobKind
from storage.workspace import Workspace
from tests.console.opening import COMMAND, PATIENCE_S, is_restored, is_whole, opened, shows_all, until
from tests.console.stage import Played, add_model
from tests.terminal import Terminal

UNASKED = {JobKind.EVALUATE, JobKind.CHECK, JobKind.COMPARE, JobKind.ACKNOWLEDGE}
"""What a key asks for without a question: it changes nothing that is deployed, and no file."""

KEYS = [
    *"?rpucafiRsnNjkgGozOmMvTe[],.:/@(){}L123 4567wy",
    *("\t", "\x1b", "\x1b[A", "\x1b[B", "\x1b[C", "\x0c"),
    *("p\r", "u\r", "R\r", "f\r"),
    *("\x1b[200~py\r\x1b[201~", "\x1bOP", "\x00", "\xff"),
]
"""Keys and bytes that are none: all but those that leave, suspend, or say yes."""

DEFECT = """
import sys
from pathlib import Path
import {module} as broken
from tui.command_line import main
sound = broken.{name}
def fails(*arguments, **options):
    if Path(sys.argv[2]).exists():
        raise RuntimeError("planted")
    return sound(*arguments, **options)
broken.{name} = fails
sys.exit(main(["--read-only", sys.argv[1]]))
"""
"""A console of which a part fails as soon as there is a file."""


def test_a_storm_of_sizes_ends_in_a_whole_screen(staged: Workspace) -> None:
    """However fast a window is dragged, and however small it was meanwhile, the last size is what is shown."""
    chance = random.Random(11)
    with opened(staged) as terminal:
        shows_all(terminal)
        for _ in range(40):
            terminal.resize(chance.randint(1, 300), chance.randint(1, 80))
            terminal.read(0.01)
        for columns, rows in ((300, 80), (60, 16), (80, 24)):
            terminal.resize(columns, rows)
            terminal.wait_for(lambda screen, columns=columns: is_whole(screen, columns), PATIENCE_S)  # type: ignore[misc]
        terminal.resize(59, 15)
        terminal.wait_for("this terminal is 59x15", PATIENCE_S)


def test_a_thousand_keys_do_nothing_that_was_not_asked(
    staged: Workspace, writer: Writer, tmp_path: Path
) -> None:
    """As fast as they can be sent: the console answers, and nothing happened for which there is a question."""
    chance = random.Random(5)
    with writer.transaction() as connection:
        before = {job.id: job for job in jobs.read(connection, limit=5000)}
    words = [COMMAND, str(staged.root)]
    with Terminal(words, columns=80, rows=24, cwd=tmp_path) as terminal:
        shows_all(terminal)
        for _ in range(1000):
            terminal.send(chance.choice(KEYS))
            if chance.random() < 0.05:
                terminal.read(0.01)
        _leave(terminal)
        assert terminal.wait_closed(PATIENCE_S) == 0
    with writer.transaction() as connection:
        after = {job.id: job for job in jobs.read(connection, limit=5000)}
        assert not any(jobs.cancelled(connection, number) for number in before)
    assert before.items() <= after.items()
    assert {job.kind for number, job in after.items() if number not in before} <= UNASKED
    assert list(staged.models.iterdir()) == []


def _leave(terminal: Terminal) -> None:
    """Close whatever is open and quit; it may still be at the keys when all models show, so that another screen takes the q."""
    deadline = time.monotonic() + PATIENCE_S
    while terminal.read(0.3):
        assert time.monotonic() < deadline, terminal.text()
        shown = terminal.text()
        there = "⏎ open" in shown.splitlines()[-1] and "Models 6" in shown and "seg-unet" in shown
        terminal.send("q" if there else "\x1b")


def test_a_paste_is_no_keys(staged: Workspace, writer: Writer) -> None:
    """A page of anything does nothing on a screen, and its lines are no Enter where one types; terminals let no escape through."""
    junk = "".join(map(chr, random.Random(3).choices([*range(32, 127), 9, 10, 13, 0x7F, 0x202E], k=20_000)))
    with Terminal([COMMAND, str(staged.root)], columns=80, rows=24) as terminal:
        shows_all(terminal)
        terminal.send(f"\x1b[200~py\rR y{junk}\x1b[201~")
        terminal.send("j")
        terminal.wait_for("mnist  accuracy", PATIENCE_S)
        terminal.send("/")
        terminal.wait_for("!not", PATIENCE_S)
        terminal.send("\x1b[200~churn!\nq\x1b[201~")
        terminal.wait_for("Models 0 of 6", PATIENCE_S)
        terminal.send("\x1b")
        terminal.wait_for("Models 6", PATIENCE_S)
        terminal.send("q")
        assert terminal.wait_closed(PATIENCE_S) == 0
    with writer.transaction() as connection:
        assert len(jobs.read(connection, limit=100)) == 4


def test_a_slow_link_loses_nothing(staged: Workspace, writer: Writer) -> None:
    """Over a line of a few kilobytes a second keys that were typed ahead are done in their order, and the last picture is whole."""
    with Terminal(
        [COMMAND, str(staged.root)],
        columns=80,
        rows=24,
        environ={"SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22"},
    ) as terminal:
        terminal.slow_down(bytes_at_once=160, every_s=0.02)
        terminal.send("jjj")
        terminal.wait_for(
            lambda screen: is_whole(screen, 80) and "digits-onnx  accuracy" in screen, PATIENCE_S
        )
        terminal.send("43")
        terminal.wait_for(
            lambda screen: "modeltender > devices" in screen and "quit" in screen.splitlines()[-1], PATIENCE_S
        )
        with writer.transaction() as connection:
            add_model(connection, "meanwhile", Played(1, (0.9,)))
        terminal.send("1")
        terminal.wait_for(lambda screen: is_whole(screen, 80) and "Models 7" in screen, PATIENCE_S)
        terminal.send("q")
        assert terminal.wait_closed(PATIENCE_S) == 0


@pytest.mark.parametrize("size", [(80, 24), (100, 30)], ids=["as it was", "resized"])
def test_it_is_suspended_and_comes_back(staged: Workspace, size: tuple[int, int]) -> None:
    """Ctrl-Z gives the terminal back and stops; the whole screen is there again afterwards, at the size that it has by then."""
    with opened(staged) as terminal:
        shows_all(terminal)
        terminal.send("\x1a")
        # What it still writes has to be taken, or it would wait for that.
        until(lambda: terminal.read() and terminal.process().status() == psutil.STATUS_STOPPED)
        assert is_restored(bytes(terminal.received))
        terminal.wipe()
        terminal.resize(*size)
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.wait_for(lambda screen: "seg-unet" in screen and is_whole(screen, size[0]), PATIENCE_S)
        terminal.send("q")
        assert terminal.wait_closed(PATIENCE_S) == 0


@pytest.mark.parametrize(
    ("module", "name"),
    [("storage.snapshot", "read"), ("tui.rows", "event_lines")],
    ids=["reading", "drawing"],
)
def test_a_defect_gives_the_terminal_back(
    staged: Workspace, writer: Writer, tmp_path: Path, module: str, name: str
) -> None:
    """A defect in a part of the console ends it with a sentence on the terminal's own screen; the traceback is in a file."""
    words = [sys.executable, "-P", "-c", DEFECT.format(module=module, name=name), str(staged.root)]
    planted = tmp_path / "planted"
    with Terminal(
        [*words, str(planted)], columns=80, rows=24, environ={"TMPDIR": str(tmp_path)}, cwd=staged.root
    ) as terminal:
        shows_all(terminal)
        planted.touch()
        with writer.transaction() as connection:
            add_model(connection, "one-more", Played(1, (0.9,)))
        assert terminal.wait_closed(PATIENCE_S) == ExitCode.FAILED
        received = bytes(terminal.received)
    assert is_restored(received)
    said = received[received.rfind(b"\x1b[?1049l") :].decode()
    assert "Internal error (RuntimeError: planted)" in said
    assert "Traceback" not in said
    [kept] = [*staged.log.parent.glob("crash-*"), *tmp_path.glob("crash-*")]
    assert "Traceback" in kept.read_text()


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
