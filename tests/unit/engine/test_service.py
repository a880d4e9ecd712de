"""What the engine's main loop promises, with real jobs in a real database and handlers made for the test."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from engine import service
from engine.jobs.context import Context, Outcome, Report
from engine.processes.endings import CANCELLED
from storage import jobs, snapshot
from storage.database import Reader
from storage.database_errors import DAMAGED
from storage.errors import JobError
from storage.records import Job
from storage.vocabulary import JobState, Severity
from storage.workspace import Workspace
from tests.unit.engine.one_lane import Serve, ask, bell, context, finished, serve

__all__ = ["bell", "context", "serve"]


def test_a_viewers_job_is_taken_without_waiting_for_a_heartbeat(
    workspace: Workspace, reader: Reader, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is the doorbell: nobody calls the engine, and it looks although it is not time to."""
    monkeypatch.setattr(service, "HEARTBEAT_S", 3600.0)
    serve(lambda _context, _job, _report: Outcome(message="done"))
    for number in range(9):
        assert finished(reader, ask(workspace, f"m{number}")).message == "done"


def test_settings_that_are_changed_back_leave_the_engine_at_work(
    workspace: Workspace, reader: Reader, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lane that was to finish for other settings takes jobs again where those were taken back before a job had ended."""
    monkeypatch.setattr(service, "HEARTBEAT_S", 0.02)
    begun, end = threading.Event(), threading.Event()

    def work(context: Context, job: Job, report: Report) -> Outcome:
        begun.set()
        assert end.wait(60)
        return Outcome(message="done")

    changed = threading.Event()
    lane = serve(work, outdated=changed.is_set)
    first = ask(workspace, "first")
    assert begun.wait(60)
    changed.set()
    assert lane._finishing.wait(60)
    changed.clear()
    end.set()
    assert finished(reader, first).message == "done"
    assert finished(reader, ask(workspace, "second")).message == "done"


def test_an_error_for_people_becomes_the_jobs_error(
    workspace: Workspace, reader: Reader, serve: Serve
) -> None:
    """What went wrong and what to do arrive where the person looks; an event tells it too."""

    def fail(context: Context, job: Job, report: Report) -> Outcome:
        raise JobError("The model is cut short.", "Copy it again.")

    serve(fail)
    job = finished(reader, ask(workspace))
    assert (job.state, job.error, job.hint) == (JobState.FAILED, "The model is cut short.", "Copy it again.")
    assert any("cut short" in event.message for event in snapshot.read(reader).events)


def test_a_mistake_of_ours_fails_its_job_and_nothing_else(
    workspace: Workspace, reader: Reader, serve: Serve
) -> None:
    """The next job is done as if nothing had happened."""

    def stumble(context: Context, job: Job, report: Report) -> Outcome:
        if job.model == "bad":
            raise ZeroDivisionError
        return Outcome()

    serve(stumble)
    bad, good = ask(workspace, "bad"), ask(workspace, "good")
    assert finished(reader, bad).code == "internal"
    assert finished(reader, good).state is JobState.SUCCEEDED


def test_a_damaged_database_is_told(
    workspace: Workspace, reader: Reader, serve: Serve, tmp_path: Path
) -> None:
    """A job that meets damage fails with what helps, and a fault of the workspace stays open."""
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all " * 300)

    def meet(context: Context, job: Job, report: Report) -> Outcome:
        with closing(sqlite3.connect(broken)) as connection:
            connection.execute("SELECT * FROM metrics")
        return Outcome()

    serve(meet)
    job = finished(reader, ask(workspace))
    assert (job.state, job.code) == (JobState.FAILED, DAMAGED)
    assert "db verify --salvage" in job.hint
    [fault] = snapshot.read(reader).faults
    assert (fault.code, fault.model, fault.severity) == (DAMAGED, "", Severity.ERROR)
    assert "db verify --salvage" in fault.repair


def test_cancelling_reaches_the_handler(workspace: Workspace, reader: Reader, serve: Serve) -> None:
    """A running job hears that somebody wants it to end, and ends as cancelled."""

    def patient(context: Context, job: Job, report: Report) -> Outcome:
        while not report.cancelled():
            time.sleep(0.01)
        raise JobError("stopped as asked", code=CANCELLED)

    serve(patient)
    job = ask(workspace)
    while snapshot.read(reader).running == 0:
        time.sleep(0.005)
    jobs.cancel(workspace, job.id)
    assert finished(reader, job).state is JobState.CANCELLED


def test_the_heart_beats_while_a_job_runs(
    workspace: Workspace, reader: Reader, serve: Serve, context: Context
) -> None:
    """A long evaluation does not look like a dead engine."""
    from storage.tables import engine

    with context.writer.transaction() as connection:
        engine.start(connection, pid=1, version="0", now=0.0, sandbox={})
    release = threading.Event()

    def long(context: Context, job: Job, report: Report) -> Outcome:
        release.wait(60)
        return Outcome()

    serve(long)
    job = ask(workspace)
    while snapshot.read(reader).running == 0:
        time.sleep(0.005)
    beats = {heartbeat(reader)}
    while len(beats) < 3:
        time.sleep(0.02)
        beats.add(heartbeat(reader))
    assert snapshot.read(reader).running == 1
    release.set()
    finished(reader, job)


def heartbeat(reader: Reader) -> float:
    """Return when the engine's heart has beaten last."""
    state = snapshot.read(reader).engine
    assert state is not None
    return state.heartbeat_at


def test_a_clock_that_is_set_is_told(reader: Reader, serve: Serve, context: Context) -> None:
    """Who wonders about the times on the screen finds in the log that the clock was set, and by how much."""
    from storage.tables import engine

    with context.writer.transaction() as connection:
        engine.start(connection, pid=1, version="0", now=0.0, sandbox={})
    back = threading.Event()
    turned = context._replace(now=lambda: time.time() - (7200 if back.is_set() else 0))
    serve(lambda _context, _job, _report: Outcome(), turned)
    while not heartbeat(reader):
        time.sleep(0.01)
    back.set()
    deadline = time.monotonic() + 60
    while not (told := [event for event in snapshot.read(reader).events if event.code == "clock-changed"]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert [event.message.partition(";")[0] for event in told] == ["the clock was set back by 2 hours"]
