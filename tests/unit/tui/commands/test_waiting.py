"""Waiting ends with the job, or with the engine, whichever comes first."""

import threading
import time

import pytest

from storage import jobs, launch
from storage.database import Reader, Writer
from storage.errors import EngineError, UnknownError
from storage.records import Job
from storage.tables import engine
from storage.vocabulary import ExitCode, JobKind, JobState
from storage.workspace import Workspace
from tui.commands.waiting import await_job, failure, read_job


@pytest.fixture
def job(filled: Workspace, writer: Writer) -> Job:
    """Return a job that waits."""
    del filled
    with writer.transaction() as connection:
        return jobs.add(connection, JobKind.EVALUATE, "mnist", 1, requested_by="ada", now=time.time())


@pytest.mark.parametrize(
    "state", [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.INTERRUPTED]
)
def test_a_job_is_awaited_however_it_ends(
    state: JobState, job: Job, filled: Workspace, reader: Reader, writer: Writer
) -> None:
    """Every final state ends the wait, within milliseconds of being recorded."""
    ended_at: list[float] = []

    def end() -> None:
        with writer.transaction() as connection:
            jobs.finish(connection, job.id, state, now=time.time(), code="x", error="An error.")
        ended_at.append(time.monotonic())

    timer = threading.Timer(0.1, end)
    timer.start()
    ended = await_job(filled, reader, job)
    noticed_at = time.monotonic()
    timer.join()
    assert ended.state is state
    assert noticed_at - ended_at[0] < 0.1
    assert (failure(ended) is None) is (state is JobState.SUCCEEDED)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("failed", ExitCode.FAILED),
        ("internal", ExitCode.FAILED),
        ("", ExitCode.FAILED),
        ("settings", ExitCode.USAGE),
        ("unknown", ExitCode.USAGE),
        ("refused", ExitCode.NO),
    ],
)
def test_why_a_job_failed_decides_the_exit_status(
    code: str, status: int, job: Job, writer: Writer, reader: Reader
) -> None:
    """The engine's stable word for a failure becomes the exit status of the command."""
    with writer.transaction() as connection:
        jobs.finish(
            connection, job.id, JobState.FAILED, now=time.time(), code=code, error="An error.", hint="A hint."
        )
    error = failure(read_job(reader, job.id))
    assert error is not None
    assert (error.message, error.hint, error.exit_code) == ("An error.", "A hint.", status)


def test_a_silent_engine_is_told(
    job: Job, filled: Workspace, reader: Reader, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that holds its lock and does not beat is not waited for without end."""
    del writer
    monkeypatch.setattr(launch, "SILENT_S", 0.4)
    with pytest.raises(EngineError, match="has been silent for") as caught:
        await_job(filled, reader, job)
    assert caught.value.exit_code == ExitCode.UNREACHABLE


def test_a_beating_engine_is_waited_for(
    job: Job, filled: Workspace, reader: Reader, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work that takes longer than the allowed silence is awaited as long as the heartbeat moves."""
    monkeypatch.setattr(launch, "SILENT_S", 0.6)
    stopping = threading.Event()

    def beat() -> None:
        while not stopping.wait(0.2):
            with writer.passing() as connection:
                engine.beat(connection, now=time.time(), rss_bytes=0, cpu_percent=0, hosts=())

    def end() -> None:
        with writer.transaction() as connection:
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=time.time())

    heart, timer = threading.Thread(target=beat), threading.Timer(1.5, end)
    heart.start()
    timer.start()
    assert await_job(filled, reader, job).state is JobState.SUCCEEDED
    stopping.set()
    heart.join()
    timer.join()


def test_a_forgotten_job_is_unknown(filled: Workspace, reader: Reader) -> None:
    """A job that was never there, or was pruned, cannot be awaited."""
    del filled
    with pytest.raises(UnknownError, match="There is no job 99"):
        read_job(reader, 99)
