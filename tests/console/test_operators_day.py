"""An operator's day in a real terminal of 80 by 24, by keys alone, beside an engine at work on real models."""

import json
import math
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from storage import jobs
from storage.database import Reader
from storage.records import Job
from storage.tables import faults
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace, engine_pid
from tests.console.workday import (
    ARRIVING,
    DAMAGED,
    NAMES,
    PATIENT_S,
    SHARED,
    STEADY,
    TRAINED,
    day,
    save_better,
)
from tests.terminal import Terminal
from tui.moments import written

__all__ = ["day"]

COMMAND = str(Path(sys.executable).with_name("modeltender"))

READ_S = 0.6
"""Longer than a question waits until it takes a yes for meant."""


@contextmanager
def console(workspace: Workspace, *before: str) -> Iterator[Terminal]:
    """Open a console, after what a shell is to do ``before``, wait until it is whole, and see it leave in good order."""
    words = ["/bin/sh", "-c", "; ".join([*before, f"exec {COMMAND} {workspace.root}"])]
    with Terminal(words, columns=80, rows=24) as terminal:
        terminal.wait_for(lambda screen: all(row(screen, name) for name in NAMES), PATIENT_S)
        yield terminal
        terminal.send("q")
        assert terminal.wait_closed(PATIENT_S) == 0


def row(screen: str, model: str) -> str:
    """Return the row of a model in the table, or nothing."""
    found = re.search(rf"^│[> ] [●◐▲△!✗○] {model} .*$", screen, re.MULTILINE)
    return found.group() if found else ""


def deployed(screen: str, model: str) -> str:
    """Return which version of a model the table shows as deployed."""
    found = re.search(rf" {model} +(v\d+) ", row(screen, model))
    return found.group(1) if found else ""


def select(terminal: Terminal, model: str) -> None:
    """Put the cursor on a model: by its name, since what needs somebody goes to the top."""
    terminal.send("/")
    terminal.wait_for("!not", PATIENT_S)
    terminal.send(f"{model}\r")
    terminal.wait_for(
        lambda screen: row(screen, model).startswith("│>") and "Models 1 of" in screen, PATIENT_S
    )
    terminal.send("\x1b")
    terminal.wait_for(
        lambda screen: row(screen, model).startswith("│>") and "Models 1 of" not in screen, PATIENT_S
    )


def say_yes(terminal: Terminal, question: str) -> None:
    """Read a question, and answer it."""
    terminal.wait_for(question, PATIENT_S)
    terminal.read(READ_S)
    terminal.send("y")
    terminal.wait_for(lambda screen: question not in screen, PATIENT_S)


def recorded(workspace: Workspace) -> list[Job]:
    """Return the jobs, the newest first."""
    reader = Reader(workspace.database)
    try:
        with reader.transaction() as connection:
            return jobs.read(connection, limit=1000)
    finally:
        reader.close()


def found_at(workspace: Workspace) -> float:
    """Return when the fault of the damaged model was found."""
    reader = Reader(workspace.database)
    try:
        with reader.transaction() as connection:
            worst, *_ = faults.all_open(connection, DAMAGED)
    finally:
        reader.close()
    return worst.first_at


def until(met: Callable[[], bool]) -> None:
    """Wait until a condition is met."""
    deadline = time.monotonic() + PATIENT_S
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_look_in_the_morning(day: Workspace) -> None:
    """Every screen answers its question, and a script that asks for the same gets the same figures."""
    said = subprocess.run(
        [COMMAND, "status", "--json", "-w", str(day.root)], capture_output=True, text=True, check=False
    )
    asked = {model["model"]: model for model in json.loads(said.stdout)["models"]}
    with console(day) as terminal:
        first = terminal.text().splitlines()[0]
        assert "engine ●" in first
        assert f"{len(NAMES)} models" in first
        for name in NAMES:
            figure = f" {asked[name]['metrics']['accuracy']['value']:.4f} "
            terminal.wait_for(lambda screen, name=name, figure=figure: figure in row(screen, name), PATIENT_S)  # type: ignore[misc]
        for key, answers in (
            ("3", ("modeltender > devices", "cpu")),
            ("4", ("modeltender > jobs", "evaluate")),
            ("5", ("modeltender > events", "no open faults")),
            ("7", ("modeltender > settings", "trust.commands")),
            ("2", ("modeltender > ", "Versions", "v1 ")),
        ):
            terminal.send(key)
            for answer in answers:
                terminal.wait_for(answer, PATIENT_S)
        terminal.send("1")
        terminal.wait_for("Models 5", PATIENT_S)


def test_a_better_version_arrives(day: Workspace) -> None:
    """It is compared, not promoted by keys that come in a burst, promoted by a yes, and taken back at once."""
    link = day.current_link(ARRIVING)
    with console(day) as terminal:
        save_better(day.train / f".{ARRIVING}.tmp")
        (day.train / ARRIVING).mkdir()
        (day.train / f".{ARRIVING}.tmp").replace(day.train / ARRIVING / "model.onnx")
        terminal.wait_for(lambda screen: "v2 READY" in row(screen, ARRIVING), PATIENT_S)
        select(terminal, ARRIVING)

        terminal.send("6")
        terminal.wait_for("superior in accuracy", PATIENT_S)
        terminal.send("\x1b")
        terminal.wait_for(lambda screen: row(screen, ARRIVING).startswith("│>"), PATIENT_S)

        terminal.send("py")
        terminal.wait_for(f"Promote {ARRIVING} v2?", PATIENT_S)
        terminal.read(READ_S)
        assert f"Promote {ARRIVING} v2?" in terminal.text()
        terminal.send("\r")
        terminal.wait_for(lambda screen: f"Promote {ARRIVING}" not in screen, PATIENT_S)
        assert link.readlink() == Path("1"), "a burst of keys and Enter confirm nothing"

        terminal.send("p")
        say_yes(terminal, f"Promote {ARRIVING} v2?")
        terminal.wait_for(lambda screen: deployed(screen, ARRIVING) == "v2", PATIENT_S)
        assert link.readlink() == Path("2")

        terminal.send("u")
        terminal.wait_for("v2 -> v1", PATIENT_S)
        say_yes(terminal, f"Roll back {ARRIVING}?")
        terminal.wait_for(lambda screen: deployed(screen, ARRIVING) == "v1", PATIENT_S)
        assert link.readlink() == Path("1")


def test_a_fault_of_the_night_is_mended_and_looked_back_at(day: Workspace) -> None:
    """A damaged file is told with what helps, one key has it restored, and the past shows that it was damaged."""
    file = day.version_folder(DAMAGED, 1) / "model.onnx"
    sound = file.read_bytes()
    with console(day) as terminal:
        select(terminal, DAMAGED)
        file.write_bytes(sound[:2000] + bytes([sound[2000] ^ 1]) + sound[2001:])
        terminal.send("v")
        terminal.wait_for(lambda screen: "FAULT" in row(screen, DAMAGED), PATIENT_S)
        # What is recorded within a second is one stop of the way back: the fault lasts beyond the one in which it was found.
        found_s = math.ceil(found_at(day))
        until(lambda: time.time() > found_s)
        terminal.send("5")
        terminal.wait_for("f mends it: restore", PATIENT_S)
        terminal.send("f")
        say_yes(terminal, f"Restore {DAMAGED}?")
        terminal.wait_for("no open faults", PATIENT_S)
        assert file.read_bytes() == sound

        terminal.send("1")
        terminal.wait_for(lambda screen: "●" in row(screen, DAMAGED), PATIENT_S)
        while f"REPLAY {written(found_s)}" not in terminal.text():
            before = terminal.text().splitlines()[0]
            terminal.send("{")
            terminal.wait_for(lambda screen, before=before: screen.splitlines()[0] != before, PATIENT_S)  # type: ignore[misc]
        # Its sign, as the word may be that of the work on it.
        terminal.wait_for(lambda screen: f"! {DAMAGED}" in row(screen, DAMAGED), PATIENT_S)
        assert "The past: L ends it." in terminal.text()
        terminal.send("L")
        terminal.wait_for(lambda screen: "REPLAY" not in screen and "●" in row(screen, DAMAGED), PATIENT_S)


def test_the_engine_is_killed_and_started_again(day: Workspace) -> None:
    """The header and every key say that it is down; s starts another one, and what is asked for then is done."""
    killed = engine_pid(day)
    assert killed
    with console(day) as terminal:
        select(terminal, STEADY)
        os.kill(killed, signal.SIGKILL)
        terminal.wait_for("ENGINE DOWN", PATIENT_S)
        terminal.wait_for(
            lambda screen: "s starts it" in screen and "eval" not in screen.splitlines()[-1], PATIENT_S
        )
        terminal.send("r")
        terminal.wait_for("The engine is not running: s starts it.", PATIENT_S)
        terminal.send("s")
        terminal.wait_for(lambda screen: "engine ●" in screen.splitlines()[0], PATIENT_S)
        assert engine_pid(day) not in {None, killed}
        asked = len(recorded(day))
        terminal.send("r")
        terminal.wait_for("queued: evaluate", PATIENT_S)
        until(lambda: len(recorded(day)) > asked and recorded(day)[0].state is JobState.SUCCEEDED)
        terminal.wait_for(lambda screen: "●" in row(screen, STEADY), PATIENT_S)


def test_another_tool_holds_the_database(day: Workspace) -> None:
    """Figures stay, a key that would write says why it did not, and both console and engine go on when the tool is done."""
    with console(day) as terminal:
        select(terminal, STEADY)
        before = recorded(day)[0].id
        tool = sqlite3.connect(day.database, isolation_level=None)
        tool.execute("BEGIN IMMEDIATE")
        terminal.send("r")
        terminal.wait_for("has been locked", PATIENT_S)
        assert row(terminal.text(), STEADY)
        assert "Traceback" not in terminal.text()
        tool.execute("ROLLBACK")
        tool.close()
        assert recorded(day)[0].id == before, "nothing may be queued that was said not to be"
        terminal.send("r")
        until(lambda: recorded(day)[0].id > before and recorded(day)[0].state is JobState.SUCCEEDED)


def test_the_disk_is_full(day: Workspace) -> None:
    """What cannot be written is said in a sentence, by the key that wanted it, and the console goes on."""
    before = recorded(day)[0].id
    with console(day, "cd /tmp", "ulimit -f 0") as terminal:
        select(terminal, STEADY)
        terminal.send("r")
        terminal.wait_for(lambda screen: "disk" in screen.lower() and "STATE" in screen, PATIENT_S)
        terminal.send("w")
        terminal.wait_for("Save this view", PATIENT_S)
        terminal.send("\r")
        terminal.wait_for("The view cannot be kept", PATIENT_S)
        assert "Traceback" not in terminal.text()
    assert recorded(day)[0].id == before


def test_two_people_promote_the_same(day: Workspace) -> None:
    """Both see the question; the first yes is done and seen by both, the second one is refused: it was about what is no more."""
    with ExitStack() as stack:
        one, other = (stack.enter_context(console(day)) for _ in range(2))
        for terminal in (one, other):
            select(terminal, SHARED)
            terminal.send("p")
            terminal.wait_for(f"Promote {SHARED} v2?", PATIENT_S)
        say_yes(one, f"Promote {SHARED} v2?")
        one.wait_for(lambda screen: deployed(screen, SHARED) == "v2", PATIENT_S)
        say_yes(other, f"Promote {SHARED} v2?")
        other.wait_for("changed since you looked", PATIENT_S)
        other.wait_for(lambda screen: deployed(screen, SHARED) == "v2", PATIENT_S)
    assert day.current_link(SHARED).readlink() == Path("2")
    promotions = [job for job in recorded(day) if (job.kind, job.model) == (JobKind.PROMOTE, SHARED)]
    assert [job.state for job in promotions] == [JobState.FAILED, JobState.SUCCEEDED]


def test_the_connection_is_lost_while_a_training_runs(day: Workspace) -> None:
    """The console goes with it, the engine and the job do not; the next console shows the same job, and its end."""
    jobs.submit(day, JobKind.TRAIN, TRAINED, None, requested_by="ann")
    engine = engine_pid(day)
    with Terminal([COMMAND, str(day.root)], columns=80, rows=24) as terminal:
        terminal.wait_for(lambda screen: "◐" in row(screen, TRAINED), PATIENT_S)
        lost = terminal.process()
        terminal.hang_up()
        until(lambda: not lost.is_running() or lost.status() == psutil.STATUS_ZOMBIE)
    assert engine_pid(day) == engine
    [job] = [job for job in recorded(day) if job.kind is JobKind.TRAIN]
    assert job.state is JobState.RUNNING
    with console(day) as terminal:
        terminal.send("4")
        terminal.wait_for(f"J{job.id} train {TRAINED}", PATIENT_S)
        terminal.wait_for("1 of 2", PATIENT_S)
        (day.root / "go-on").touch()
        terminal.wait_for("succeeded at", PATIENT_S)
        terminal.send("1")
        terminal.wait_for(lambda screen: "v2 READY" in row(screen, TRAINED), PATIENT_S)
