"""Jobs, their cancellation, and the log of what happened."""

import threading
import time

import msgspec
import pytest

from storage import jobs
from storage.database import Reader, Writer
from storage.tables import events
from storage.vocabulary import ExitCode, JobKind, JobState, Severity
from storage.workspace import Workspace
from tests.unit.tui.commands.conftest import Run
from tui.command_line import INTERRUPTED
from tui.commands import log


def test_jobs_are_listed_with_what_they_do(ask: Run, writer: Writer) -> None:
    """A job is shown with its state, its progress and who asked for it; without any there is a sentence."""
    assert ask("jobs").out == "No jobs yet.\n"
    with writer.transaction() as connection:
        jobs.add(connection, JobKind.EVALUATE, "mnist", 1, requested_by="ada", now=time.time())
        job = jobs.claim(connection, frozenset(JobKind), now=time.time())
        assert job is not None
        jobs.progress(connection, job.id, done=500, total=2000, message="evaluating")
    line = ask("jobs").out.splitlines()[1]
    assert line.split() == [
        "1",
        "evaluate",
        "mnist@1",
        "running",
        "500/2000",
        "ada",
        "0",
        "s",
        "ago",
        "evaluating",
    ]


def test_jobs_that_nobody_works_on_are_told_apart(run: Run, stopped: Workspace, writer: Writer) -> None:
    """After a crash the list still says that a job runs: beside it stands that no engine does, and not otherwise."""
    where = ("--workspace", str(stopped.root))
    assert run("jobs", *where).err == ""
    with writer.transaction() as connection:
        jobs.add(connection, JobKind.EVALUATE, "mnist", 1, requested_by="ada", now=time.time())
        jobs.claim(connection, frozenset(JobKind), now=time.time())
    said = run("jobs", *where)
    assert "running" in said.out
    assert said.err.startswith("The engine is not running; this is how things stood at ")


def test_a_waiting_job_is_cancelled_at_once(ask: Run, reader: Reader) -> None:
    """A job that waits never starts once it was cancelled."""
    job_id = ask("evaluate", "mnist", "--no-wait", "--json").json["id"]
    said = ask("cancel", str(job_id), "--json")
    assert (said.status, said.json["state"]) == (ExitCode.DONE, JobState.CANCELLED)
    with reader.transaction() as connection:
        assert jobs.counts(connection)[JobState.QUEUED] == 0


def test_a_running_job_is_asked_to_end(ask: Run, writer: Writer) -> None:
    """A job that runs is marked, and the engine sees the mark."""
    with writer.transaction() as connection:
        job = jobs.add(connection, JobKind.EVALUATE, "mnist", 1, requested_by="ada", now=time.time())
        jobs.claim(connection, frozenset(JobKind), now=time.time())
    said = ask("cancel", str(job.id))
    assert (said.status, said.out) == (ExitCode.DONE, f"Job {job.id} runs; it ends as soon as it can.\n")
    with writer.transaction() as connection:
        assert jobs.cancelled(connection, job.id)


def test_a_job_that_has_ended_cannot_be_cancelled(ask: Run, writer: Writer) -> None:
    """Cancelling what is over is answered with a no."""
    with writer.transaction() as connection:
        job = jobs.add(connection, JobKind.EVALUATE, "mnist", 1, requested_by="ada", now=time.time())
        jobs.finish(connection, job.id, JobState.SUCCEEDED, now=time.time())
    said = ask("cancel", str(job.id))
    assert (said.status, said.out) == (ExitCode.NO, f"Job {job.id} had already succeeded.\n")


@pytest.mark.parametrize("form", ["{}", "J{}", "j{}"])
def test_a_job_is_known_by_what_it_is_called_anywhere(form: str, ask: Run) -> None:
    """The console and messages say J12, the list 12."""
    number = ask("evaluate", "mnist", "--no-wait", "--json").json["id"]
    said = ask("cancel", form.format(number), "--json")
    assert (said.status, said.json["id"], said.json["state"]) == (ExitCode.DONE, number, JobState.CANCELLED)


@pytest.mark.parametrize("number", ["99", "0", "x", "J", "J0", "JJ1", "J-1"])
def test_a_job_that_is_none_is_a_usage_error(number: str, ask: Run) -> None:
    """An unknown or impossible number is told as such."""
    assert ask("cancel", number).status == ExitCode.USAGE


def test_events_come_oldest_first(ask: Run) -> None:
    """The log reads downwards, each line with its time, weight and subject."""
    assert ask("events").out.splitlines() == [
        "2025-06-15 15:06:40  info     mnist@1: version 1 was found",
        "2025-06-15 15:06:41  info     engine started",
    ]
    assert [event["code"] for event in ask("events", "-n", "1", "--json").json] == ["engine-started"]
    assert ask("events", "-n", "0").out == ""


def test_following_prints_each_new_event_once(
    ask: Run, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --follow an event appears when it happens, one JSON document a line, until Ctrl-C."""
    monkeypatch.setattr(log, "FOLLOW_S", 0.01)
    pauses = iter(range(5))

    def pause(seconds: float) -> None:
        number = next(pauses, None)
        if number is None:
            raise KeyboardInterrupt
        if number in {1, 2}:
            with writer.transaction() as connection:
                events.add(connection, "found", f"number {number}", at=1.0, severity=Severity.WARNING)
        threading.Event().wait(seconds)

    monkeypatch.setattr("tui.commands.log.time.sleep", pause)
    said = ask("events", "-n", "0", "--follow", "--json")
    assert said.status == INTERRUPTED
    assert [msgspec.json.decode(line)["message"] for line in said.out.splitlines()] == [
        "number 1",
        "number 2",
    ]


def test_what_was_stored_cannot_steer_the_terminal(ask: Run, writer: Writer, filled: Workspace) -> None:
    """Even a row that was written past the cleaning is printed without its control characters."""
    del filled
    with writer.transaction() as connection:
        connection.execute(
            "INSERT INTO events (at, severity, code, message) VALUES (1, 'info', 'x', ?)",
            ("a\x1b[2Jb\u202ec",),
        )
    text = ask("events").out
    assert "a\ufffd[2Jb\ufffdc" in text
    assert "\x1b" not in text
