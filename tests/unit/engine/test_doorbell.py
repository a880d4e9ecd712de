"""The main loop hears of every write, whoever writes and however, and of a ring; it never waits for what it has missed."""

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import doorbell
from engine.doorbell import Doorbell
from storage import jobs
from storage.database import Writer
from storage.vocabulary import JobKind
from storage.workspace import Workspace

SHORT_S = 0.2
LONG_S = 60.0
"""Long enough to be told from hearing, and never waited for."""


@pytest.fixture(params=["told by the kernel", "looking"])
def bell(
    request: pytest.FixtureRequest, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Doorbell]:
    """Return a bell that listens to the database, with the kernel's help and without."""
    with writer.transaction():
        pass
    if request.param == "looking":
        monkeypatch.setattr(doorbell, "_watch", _refused)
    bell = Doorbell()
    bell.listen(writer.log_file)
    while bell.wait(0.0):
        pass
    yield bell
    bell.close()


def _refused(_file: Path) -> int:
    raise OSError(24, "Too many open files")


def test_quiet_is_waited_out(bell: Doorbell) -> None:
    """Where nobody writes and nobody rings, nothing is heard."""
    assert not bell.wait(SHORT_S)


def test_a_viewers_job_is_heard(bell: Doorbell, workspace: Workspace) -> None:
    """Who asks for a job calls nobody, and is heard."""
    jobs.submit(workspace, JobKind.EVALUATE, "m", requested_by="ann")
    assert bell.wait(LONG_S)


def test_any_program_is_heard(bell: Doorbell, workspace: Workspace) -> None:
    """The database is the contract: a program that knows nothing of an engine is heard as well."""
    connection = sqlite3.connect(workspace.database)
    with connection:
        connection.execute("CREATE TABLE foreign_program (value INTEGER)")
    connection.close()
    assert bell.wait(LONG_S)


def test_a_threads_write_is_heard(bell: Doorbell, writer: Writer) -> None:
    """What the engine's own threads write is heard too, whether it waits for the disk or not."""
    for begin in (writer.transaction, writer.passing):
        with begin() as connection:
            jobs.add(
                connection, JobKind.EVALUATE, f"m{begin.__name__}", None, requested_by="a thread", now=1.0
            )
        assert bell.wait(LONG_S)
        while bell.wait(0.0):
            pass


def test_what_was_written_between_two_waits_is_heard(bell: Doorbell, workspace: Workspace) -> None:
    """A write while nobody waits ends the next wait at once."""
    for number in range(3):
        jobs.submit(workspace, JobKind.EVALUATE, f"m{number}", requested_by="ann")
    began = time.monotonic()
    assert bell.wait(LONG_S)
    assert time.monotonic() - began < LONG_S


def test_a_ring_ends_the_wait(bell: Doorbell) -> None:
    """Another thread ends a wait, and a ring while nobody waits ends the next one, once."""
    threading.Timer(SHORT_S, bell.ring).start()
    assert bell.wait(LONG_S)
    bell.ring()
    bell.ring()
    assert bell.wait(LONG_S)
    assert not bell.wait(0.0)


def test_a_signals_handler_may_ring(bell: Doorbell) -> None:
    """The engine that is asked to end does not wait for its next heartbeat."""
    before = signal.signal(signal.SIGUSR1, lambda _number, _frame: bell.ring())
    try:
        timer = threading.Timer(SHORT_S, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        assert bell.wait(LONG_S)
        timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_log_that_is_not_there_is_no_write(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be listened to is said in the log, and rings are heard all the same."""
    bell = Doorbell()
    bell.listen(tmp_path / "gone-wal")
    assert "the kernel does not tell of writes" in caplog.text
    assert not bell.wait(0.0)
    bell.ring()
    assert bell.wait(LONG_S)
    bell.close()
