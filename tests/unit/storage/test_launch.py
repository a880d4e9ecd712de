"""Starting and stopping real engines: one a workspace, told apart by its lock, never somebody else's process."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from storage import launch
from storage.database import KNOWN_VERSION, Reader, Writer
from storage.errors import DatabaseError, EngineError, WorkspaceError
from storage.shortages import NO_THREAD
from storage.tables import engine
from storage.workspace import NOT_KNOWN, Workspace, engine_lock, engine_pid
from tui.command_line import modeltender

Holder = Callable[..., "subprocess.Popen[str]"]

HOLD = """
import signal, sys, time
from pathlib import Path
from storage.workspace import Workspace, engine_lock
if sys.argv[2] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
with engine_lock(Workspace(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


def test_no_engine_is_started_beside_one_that_cannot_be_seen(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody knows whether one runs, the start says so, and starts nothing."""
    monkeypatch.setattr(launch, "spawn", pytest.fail)
    workspace.lock.symlink_to(workspace.lock)
    with pytest.raises(EngineError) as caught:
        launch.start(workspace)
    assert caught.value.code == NOT_KNOWN


def test_an_engine_is_not_left_behind_where_no_more_threads_may_be_started(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be looked after is ended again, and said in a sentence."""

    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError(NO_THREAD)

    monkeypatch.setattr(threading.Thread, "start", refused)
    with pytest.raises(EngineError) as caught:
        launch.spawn(workspace)
    assert caught.value.message == (
        f"The engine of {workspace.root} cannot be started: no more threads may be."
    )
    assert "ulimit -u" in caught.value.hint
    assert engine_pid(workspace) is None


@pytest.fixture
def begun(workspace: Workspace) -> Iterator[Workspace]:
    """Return a workspace whose engine, if the test starts one, is ended after it."""
    yield workspace
    launch.stop(workspace)


@pytest.fixture
def hold(workspace: Workspace) -> Iterator[Holder]:
    """Return a function that starts a process which holds the engine's lock, and does nothing else."""
    started: list[subprocess.Popen[str]] = []

    def start(*, deaf: bool = False) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", HOLD, str(workspace.root), "deaf" if deaf else "obedient"],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_an_engine_is_started_detached_and_stopped(begun: Workspace) -> None:
    """A started engine works, is of its own session, reads no terminal, keeps no folder busy, and ends when asked to."""
    pid = launch.start(begun)
    assert engine_pid(begun) == pid
    assert launch.works(begun)
    assert os.getsid(pid) == pid != os.getsid(0)
    assert Path(f"/proc/{pid}/cwd").readlink() == Path("/")
    assert Path(f"/proc/{pid}/fd/0").readlink() == Path("/dev/null")
    assert Path(f"/proc/{pid}/fd/1").readlink() == launch.output_file(begun)
    assert launch.output_file(begun).stat().st_mode & 0o777 == 0o600
    assert launch.stop(begun) == pid
    assert engine_pid(begun) is None
    assert not launch.works(begun)


def test_a_running_engine_is_left_alone(begun: Workspace) -> None:
    """Starting again changes nothing."""
    pid = launch.start(begun)
    assert launch.start(begun) == pid
    assert engine_pid(begun) == pid


def test_two_starts_at_once_give_one_engine(begun: Workspace) -> None:
    """Whoever is quicker wins, and both get the process id of the one engine."""
    pids: list[int] = []
    threads = [threading.Thread(target=lambda: pids.append(launch.start(begun))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pids == [engine_pid(begun)] * 3


def test_an_engine_that_was_killed_is_started_again(begun: Workspace) -> None:
    """The lock of a dead engine is free, whatever its last row says."""
    first = launch.start(begun)
    os.kill(first, signal.SIGKILL)
    while engine_pid(begun) is not None:
        time.sleep(0.01)
    assert not launch.works(begun)
    second = launch.start(begun)
    assert second != first
    assert launch.works(begun)


def test_an_engine_that_cannot_start_tells_why(begun: Workspace) -> None:
    """What the engine said before it ended is part of the error."""
    begun.settings_file.write_text("[repository]\nsettle_s = 'soon'\n")
    with pytest.raises(EngineError) as caught:
        launch.start(begun)
    assert caught.value.code == launch.UNREACHABLE
    assert "ended with status 2" in caught.value.message
    assert "repository.settle_s" in caught.value.message


def test_a_database_that_no_engine_can_use_is_told_at_once(workspace: Workspace) -> None:
    """No engine is started on a database that is damaged; the sentence is the database's own."""
    workspace.database.write_text("no database" * 100)
    with pytest.raises(DatabaseError, match="is damaged"):
        launch.start(workspace)
    assert not launch.output_file(workspace).exists()


def test_a_missing_folder_is_told_at_once(tmp_path: Path) -> None:
    """A workspace that went away is named, and nothing is made in its place."""
    with pytest.raises(WorkspaceError, match="does not exist"):
        launch.start(Workspace(tmp_path / "gone"))
    assert not (tmp_path / "gone").exists()


def test_a_lock_without_a_heartbeat_is_no_working_engine(
    workspace: Workspace, writer: Writer, hold: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that holds the lock and says nothing is waited for, and then told as not reacting."""
    del writer
    monkeypatch.setattr(launch, "START_S", 0.3)
    holder = hold()
    assert not launch.works(workspace)
    with pytest.raises(EngineError, match="did not react within 0 s"):
        launch.start(workspace)
    assert holder.poll() is None


@pytest.mark.parametrize(
    ("age", "own", "stopped", "beaten", "works"),
    [
        (0.0, True, False, True, True),
        (0.0, True, False, False, False),
        (60.0, True, False, True, False),
        (0.0, False, False, True, False),
        (0.0, True, True, True, False),
    ],
)
def test_an_engine_works_while_it_beats(
    *, age: float, own: bool, stopped: bool, beaten: bool, works: bool, workspace: Workspace, writer: Writer
) -> None:
    """Only a fresh heartbeat of the process that holds the lock counts, and not the start, which comes before its threads'."""
    with engine_lock(workspace):
        with writer.transaction() as connection:
            now = time.time() - age
            engine.start(connection, pid=os.getpid() if own else 1, version="0.1.0", now=now, sandbox={})
            if beaten:
                engine.beat(connection, now=now + 0.1, rss_bytes=0, cpu_percent=0.0, hosts=())
            if stopped:
                engine.stop(connection, now=now)
        assert launch.works(workspace) is works


def test_without_an_engine_there_is_nothing_to_stop(workspace: Workspace) -> None:
    """Stopping what does not run is no error."""
    assert launch.stop(workspace) is None


def test_an_engine_that_does_not_end_is_told(
    workspace: Workspace, hold: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that ignores its signal is named and not killed."""
    monkeypatch.setattr(launch, "STOP_S", 0.2)
    holder = hold(deaf=True)
    with pytest.raises(EngineError, match=f"process {holder.pid}"):
        launch.stop(workspace)
    assert holder.poll() is None


def test_somebody_elses_process_is_never_signalled(workspace: Workspace, hold: Holder) -> None:
    """Where the number in the lock file is another process's, as with a shared folder, that process is left alone."""
    hold()
    innocent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        with workspace.lock.open("r+") as file:
            file.truncate()
            file.write(str(innocent.pid))
        with pytest.raises(EngineError, match="not to be seen from here"):
            launch.stop(workspace)
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_a_number_that_no_process_has_is_told(workspace: Workspace, hold: Holder) -> None:
    """A lock that is held from a container names a process that is none here: nobody is signalled, and the sentence says why."""
    hold()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    workspace.lock.write_text(str(gone.pid))
    with pytest.raises(EngineError, match=f"held by process {gone.pid}, which is not to be seen from here"):
        launch.stop(workspace)


def test_a_lock_that_never_names_its_holder_is_told(
    workspace: Workspace, hold: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What holds the lock and writes no number is waited for, and then told as unknown."""
    monkeypatch.setattr(launch, "POLL_S", 0.0)
    hold()
    workspace.lock.write_text("")
    with pytest.raises(EngineError, match="held by process unknown"):
        launch.stop(workspace)


def test_a_system_that_starts_no_process_is_told(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system refuses the engine's process, the sentence gives its reason."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    with pytest.raises(EngineError, match="cannot be started: No such file or directory") as caught:
        launch.start(workspace)
    assert caught.value.code == launch.UNREACHABLE
    assert engine_pid(workspace) is None


def test_the_output_of_engines_does_not_grow_for_ever(begun: Workspace) -> None:
    """What engines printed is begun anew once it is large."""
    launch.output_file(begun).write_bytes(b"x" * (launch.OUTPUT_BYTES + 1))
    launch.start(begun)
    assert launch.output_file(begun).stat().st_size < launch.OUTPUT_BYTES


def test_an_ended_engine_leaves_no_zombie(begun: Workspace) -> None:
    """A long-lived console that started the engine reaps it when it ends."""
    pid = launch.start(begun)
    launch.stop(begun)
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_engine_describes_itself_when_it_works(begun: Workspace) -> None:
    """After a start the database holds the engine's row, so that a viewer sees it at once."""
    pid = launch.start(begun)
    reader = Reader(begun.database)
    try:
        with reader.transaction() as connection:
            state = engine.read(connection)
    finally:
        reader.close()
    assert state is not None
    assert (state.pid, state.stopped_at) == (pid, None)


def test_an_older_programs_engine_is_told_at_once_and_can_be_stopped(
    workspace: Workspace, writer: Writer, hold: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who installed a newer program learns what to do, instead of waiting for an engine that never gets to it."""
    monkeypatch.setattr(launch, "START_S", 1.0)
    process = hold()
    with writer.transaction() as connection:
        engine.start(connection, pid=process.pid, version="0.0.9", now=time.time(), sandbox={})
    writer.close()
    with closing(sqlite3.connect(workspace.database)) as plain:
        plain.execute(f"PRAGMA user_version = {KNOWN_VERSION - 1}")
    with pytest.raises(DatabaseError, match="an older modeltender's") as caught:
        launch.start(workspace)
    assert "modeltender engine stop, then modeltender engine start" in caught.value.hint
    assert launch.stop(workspace) == process.pid
    done = CliRunner().invoke(modeltender, ["engine", "stop", "-w", str(workspace.root)])
    assert (done.exit_code, done.output) == (0, "No engine was running.\n")
