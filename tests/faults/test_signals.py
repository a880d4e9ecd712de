"""An engine that is asked to end does so cleanly whatever it is doing; one that is stopped short is seen to be silent."""

import os
import random
import signal
import time

import psutil
import pytest

from storage import jobs, launch, snapshot
from storage.database import Reader
from storage.records import EngineState
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace, engine_pid
from tests.digits_engine import MODEL
from tests.hostile.workbench import running
from tui import health
from tui.commands.reading import staleness

MOMENTS = 20
ENDS_S = 60.0
"""Five seconds are promised on a machine with a core to spare. This one has more to do than cores, and an end that hangs
lasts for ever."""


@pytest.fixture
def engine(digits_engine: Workspace) -> Workspace:
    """Return a workspace whose engine runs."""
    return digits_engine


def state(workspace: Workspace) -> EngineState:
    """Return the engine as it last described itself."""
    reader = Reader(workspace.database)
    found = snapshot.read(reader).engine
    reader.close()
    assert found is not None
    return found


def family(pid: int) -> list[int]:
    """Return an engine and every process that it started."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


@pytest.mark.timeout(300)
def test_twenty_ends_at_random_moments_are_clean(engine: Workspace) -> None:
    """SIGTERM or SIGINT at any moment: it is gone with its hosts and models, and nothing was lost."""
    chance = random.Random(11)
    asked = []
    for moment in range(MOMENTS):
        pid = launch.start(engine)
        asked.append(jobs.submit(engine, JobKind.EVALUATE, MODEL, 1, requested_by=f"person {moment}").id)
        time.sleep(chance.uniform(0, 0.5))
        started = family(pid)
        os.kill(pid, chance.choice([signal.SIGTERM, signal.SIGINT]))
        began = time.monotonic()
        while any(running(each) for each in started):
            assert time.monotonic() - began < ENDS_S, f"moment {moment}: {[p for p in started if running(p)]}"
            time.sleep(0.01)
        assert state(engine).stopped_at is not None, "it must have said that it ended"
        assert engine_pid(engine) is None
        wal = engine.database.with_name(engine.database.name + "-wal")
        assert not wal.exists() or wal.stat().st_size == 0, "the log must have been written back"
        assert not list(engine.scratch.iterdir()), "scratch must be empty"
    reader = Reader(engine.database)
    with reader.transaction() as connection:
        found = [jobs.read_one(connection, job) for job in set(asked)]
    reader.close()
    states = {job.state for job in found if job is not None}
    # Where the same was asked for again meanwhile, that one stands for what was stopped.
    assert states <= {JobState.SUCCEEDED, JobState.QUEUED, JobState.INTERRUPTED}
    assert JobState.INTERRUPTED not in states or JobState.QUEUED in states, "what was not done waits"
    launch.start(engine)
    reader = Reader(engine.database)
    deadline = time.monotonic() + 60
    while (seen := snapshot.read(reader)).queued or seen.running:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    reader.close()


def test_a_terminal_that_closes_does_not_end_the_engine(engine: Workspace) -> None:
    """SIGHUP is what a closing terminal sends, and no reason to stop watching."""
    pid = engine_pid(engine)
    assert pid
    os.kill(pid, signal.SIGHUP)
    before = state(engine).heartbeat_at
    deadline = time.monotonic() + 30
    while state(engine).heartbeat_at == before:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert engine_pid(engine) == pid


def test_a_stopped_engine_is_seen_to_be_silent_and_recovers(
    engine: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGSTOP leaves a process that holds its lock and does nothing: viewers say so, until it goes on."""
    monkeypatch.setattr(launch, "SILENT_S", 2.0)
    pid = engine_pid(engine)
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(0.2)
        stopped = state(engine)
        time.sleep(2.5)
        assert state(engine).heartbeat_at == stopped.heartbeat_at, "nobody else may beat its heart"
        assert engine_pid(engine) == pid
        later = stopped.heartbeat_at + launch.SILENT_S + 1
        said = health.stale(state(engine), later, engine_running=True)
        assert said is not None
        assert said.startswith("the engine has been silent for 3 s")
        assert "The engine has been silent for" in staleness(engine, state(engine))
    finally:
        os.kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + 30
    while state(engine).heartbeat_at == stopped.heartbeat_at or staleness(engine, state(engine)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert health.stale(state(engine), time.time(), engine_running=True) is None
