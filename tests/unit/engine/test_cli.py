"""The engine's commands, on a real engine: start, status, logs, stop, and that there is only ever one."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cli import LINE
from storage import jobs, launch
from storage.database import Reader
from storage.vocabulary import FINISHED, ExitCode, JobKind, JobState
from storage.workspace import Workspace, engine_pid

MODELTENDER = Path(sys.executable).with_name("modeltender")


@pytest.fixture
def running(workspace: Workspace) -> Iterator[Workspace]:
    """Return a workspace with its engine."""
    launch.start(workspace)
    yield workspace
    launch.stop(workspace)


def engine(workspace: Workspace, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run one of the engine's commands."""
    return subprocess.run(
        [MODELTENDER, "engine", *words, "-w", str(workspace.root)],
        check=False,
        text=True,
        capture_output=True,
        timeout=60,
    )


def test_the_commands_tell_one_story(workspace: Workspace) -> None:
    """Start, status and stop agree about the engine, in words and in JSON."""
    before = engine(workspace, "status", "--json")
    assert (before.returncode, json.loads(before.stdout)["running"]) == (ExitCode.NO, False)
    try:
        pid = json.loads(engine(workspace, "start", "--json").stdout)["pid"]
        status = engine(workspace, "status")
        assert status.returncode == ExitCode.DONE
        assert f"engine    running, process {pid}" in status.stdout
        assert engine(workspace, "start").stdout == f"The engine runs (process {pid}).\n"
    finally:
        stopped = engine(workspace, "stop")
    assert (stopped.returncode, stopped.stdout) == (ExitCode.DONE, f"The engine (process {pid}) has ended.\n")
    assert engine(workspace, "stop").stdout == "No engine was running.\n"
    after = engine(workspace, "status")
    assert (after.returncode, after.stdout.startswith("engine    not running; last seen 20")) == (
        ExitCode.NO,
        True,
    )


def test_a_second_engine_ends_at_once(running: Workspace) -> None:
    """Two engines on one workspace are impossible: the second names the first and ends."""
    pid = engine_pid(running)
    said = engine(running, "run", "--json")
    assert said.returncode == ExitCode.UNREACHABLE
    error = json.loads(said.stdout)["error"]
    assert error["code"] == "engine-running"
    assert f"An engine (process {pid}) already works on {running.root}" in error["message"]
    assert engine_pid(running) == pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_engine_in_the_foreground_ends_well(number: signal.Signals, workspace: Workspace) -> None:
    """SIGTERM from a service manager and Ctrl-C both end it with status 0, its row saying so."""
    process = subprocess.Popen(
        [MODELTENDER, "engine", "run", "-w", str(workspace.root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not launch.works(workspace):
        assert process.poll() is None
        time.sleep(0.01)
    assert engine_pid(workspace) == process.pid
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (ExitCode.DONE, "", "")


def test_an_engine_that_does_not_react_is_told(running: Workspace) -> None:
    """A frozen engine is running by its lock, and the age of its heartbeat shows that it is not well."""
    pid = engine_pid(running)
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        said = engine(running, "status", "--json")
    finally:
        os.kill(pid, signal.SIGCONT)
    document = json.loads(said.stdout)
    assert (document["running"], document["pid"]) == (True, pid)
    assert document["heartbeat_at"].endswith("Z")


def test_the_last_lines_of_the_log_are_printed(workspace: Workspace) -> None:
    """-n says how many; a traceback keeps its indentation, and nothing in a line steers the terminal."""
    workspace.log.write_text("first\n    second\x1b[2J\nthird " + "x" * 3 * LINE + "\n")
    said = engine(workspace, "logs", "-n", "2").stdout.splitlines()
    assert said[0] == "    second\ufffd[2J"
    assert said[1].startswith("third xxx")
    assert len(said[1]) == LINE + 1
    assert engine(workspace, "logs", "-n", "0").stdout == ""
    assert json.loads(engine(workspace, "logs", "--json").stdout)["lines"][0] == "first"


def test_a_missing_log_is_empty(workspace: Workspace) -> None:
    """Before the engine ever ran there is no log, which is no error."""
    said = engine(workspace, "logs")
    assert (said.returncode, said.stdout, said.stderr) == (ExitCode.DONE, "", "")


def test_the_log_is_followed_over_its_rotation(workspace: Workspace) -> None:
    """--follow prints complete lines as they come, also after the log was rotated, until Ctrl-C."""
    workspace.log.write_text("old\n")
    process = subprocess.Popen(
        [MODELTENDER, "engine", "logs", "-f", "-n", "1", "-w", str(workspace.root)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "old\n"
    with workspace.log.open("a") as log:
        log.write("half a ")
        log.flush()
        time.sleep(0.3)
        log.write("line\n")
    assert process.stdout.readline() == "half a line\n"
    workspace.log.rename(workspace.log.with_suffix(".log.1"))
    workspace.log.write_text("new\n")
    assert process.stdout.readline() == "new\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    process.stdout.close()


def test_a_log_that_goes_on_is_no_document(workspace: Workspace) -> None:
    """--follow with --json is a usage error."""
    said = engine(workspace, "logs", "--follow", "--json")
    assert (said.returncode, json.loads(said.stdout)["error"]["code"]) == (ExitCode.USAGE, "usage")


BROKEN = """
import sys
from pathlib import Path
from engine.scheduling import Scheduler
from engine.wiring import run
from storage.workspace import Workspace

def end(_self):
    raise ZeroDivisionError("a mistake of ours")

Scheduler.run = end
sys.exit(run(Workspace(Path(sys.argv[1]))))
"""


def test_an_engine_of_which_a_part_broke_ends_with_a_failure(workspace: Workspace) -> None:
    """A service manager starts it anew; the log holds the traceback, and everything else ended in good order."""
    said = subprocess.run(
        [sys.executable, "-P", "-c", BROKEN, str(workspace.root)],
        check=False,
        text=True,
        capture_output=True,
        timeout=100,
    )
    assert (said.returncode, said.stdout, said.stderr) == (ExitCode.FAILED, "", "")
    log = workspace.log.read_text()
    assert "scheduler ended unexpectedly; the engine stops" in log
    assert "ZeroDivisionError: a mistake of ours" in log
    assert engine_pid(workspace) is None


def test_an_engine_stands_back_as_far_as_its_settings_say(workspace: Workspace) -> None:
    """Other programs go first; what it starts stands back as far, since it is started by it."""
    workspace.settings_file.write_text("[limits]\nnice = 19\n")
    pid = launch.start(workspace)
    try:
        assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    finally:
        launch.stop(workspace)


@pytest.mark.parametrize(("level", "told"), [("info", True), ("error", False)])
def test_the_log_holds_what_its_level_says(*, level: str, told: bool, workspace: Workspace) -> None:
    """What is less grave is left out: that a job began is told at info."""
    workspace.settings_file.write_text(f"[log]\nlevel = '{level}'\n")
    launch.start(workspace)
    try:
        asked = jobs.submit(workspace, JobKind.EVALUATE, "no-such-model", requested_by="ann")
        reader = Reader(workspace.database)
        try:
            deadline = time.monotonic() + 60
            while _state(reader, asked.id) not in FINISHED:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        finally:
            reader.close()
    finally:
        launch.stop(workspace)
    assert (f"job {asked.id}: evaluate" in workspace.log.read_text()) is told


def _state(reader: Reader, number: int) -> JobState | None:
    with reader.transaction() as connection:
        job = jobs.read_one(connection, number)
    return job.state if job else None
