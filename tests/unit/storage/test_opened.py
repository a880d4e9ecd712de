"""What programs of other people read of a workspace, and how they wait for what they ask."""

import time
from pathlib import Path

import pytest

import storage
from storage import jobs, open_workspace
from storage.database import Writer
from storage.errors import EngineError, JobError, UnknownError, WorkspaceError
from storage.measured import Metric
from storage.records import Job
from storage.tables import evaluations, events, models
from storage.vocabulary import JobKind, JobState, Status
from storage.workspace import Workspace, engine_lock
from tests.unit.storage.test_snapshot import evaluation

MODEL = "digits"


@pytest.fixture
def recorded(workspace: Workspace, writer: Writer) -> Workspace:
    """Return a workspace with one model, whose version was evaluated twice."""
    with writer.transaction() as connection:
        model_id = models.ensure(connection, MODEL, now=0.0)
        version_id = models.add_version(connection, model_id, 1, status=Status.READY, found_at=0.0)
        for at, accuracy in ((time.time() - 86400, 0.9), (time.time(), 0.8)):
            evaluations.add(
                connection, version_id, evaluation(accuracy), at=at, requested_by="test", job_id=None
            )
        events.add(connection, "found", "version 1 found", at=time.time(), model=MODEL, version=1)
    return workspace


def asked(workspace: Workspace) -> Job:
    """Return a job that waits; no engine is started."""
    return jobs.submit(workspace, JobKind.EVALUATE, MODEL, 1, requested_by="test")


def ended(writer: Writer, job: Job, state: JobState, error: str = "") -> None:
    """Record how a job ended."""
    with writer.transaction() as connection:
        jobs.finish(connection, job.id, state, now=time.time(), error=error, hint="Do this.", code="broken")


def test_everything_is_read(recorded: Workspace) -> None:
    """Models, versions, evaluations with their figures, history and events come as records, from any folder inside."""
    with open_workspace(recorded.models) as opened:
        assert [model.name for model in opened.models()] == [MODEL]
        assert [version.number for version in opened.model(MODEL).versions] == [1]
        newest, older = opened.evaluations(MODEL)
        assert newest.metric("accuracy") == Metric("accuracy", 0.8, 0.8 - 0.01, 0.8 + 0.01, 2000)
        assert older.at < newest.at
        assert opened.evaluations(MODEL, limit=1) == (newest,)
        assert [point.value for point in opened.history(MODEL, "accuracy")] == [0.9, 0.8]
        assert [point.value for point in opened.history(MODEL, "accuracy", since="1h")] == [0.8]
        assert [event.message for event in opened.events()] == ["version 1 found"]
        assert opened.faults() == ()
        assert opened.devices() == ()


def test_what_is_not_there_is_said(recorded: Workspace, tmp_path: Path) -> None:
    """A model, a workspace or a name of the package that does not exist is an error that says so."""
    with open_workspace(recorded.root) as opened, pytest.raises(UnknownError, match="no model 'other'"):
        opened.model("other")
    with pytest.raises(WorkspaceError, match="is not a workspace"):
        open_workspace(tmp_path)
    with pytest.raises(AttributeError, match="no attribute 'close_workspace'"):
        storage.__getattr__("close_workspace")


def test_a_job_is_returned_when_it_has_succeeded(recorded: Workspace, writer: Writer) -> None:
    """What became of it is in the record, also where its engine has ended since."""
    job = asked(recorded)
    ended(writer, job, JobState.SUCCEEDED)
    with open_workspace(recorded.root) as opened:
        assert opened.wait(job).state is JobState.SUCCEEDED


@pytest.mark.parametrize(
    ("state", "error", "said"),
    [
        (JobState.FAILED, "It does not load.", "It does not load"),
        (JobState.CANCELLED, "", "was cancelled"),
    ],
)
def test_a_job_that_does_not_succeed_raises(
    recorded: Workspace, writer: Writer, state: JobState, error: str, said: str
) -> None:
    """The error has the sentence, the code and the hint that the engine left."""
    job = asked(recorded)
    ended(writer, job, state, error)
    with open_workspace(recorded.root) as opened, pytest.raises(JobError, match=said) as raised:
        opened.wait(job)
    assert (raised.value.code, raised.value.hint) == ("broken", "Do this.")


def test_nobody_waits_for_an_engine_that_is_gone(recorded: Workspace) -> None:
    """A job that nobody will do is no reason to wait."""
    job = asked(recorded)
    with open_workspace(recorded.root) as opened, pytest.raises(EngineError, match="ended before job"):
        opened.wait(job)


def test_a_job_that_was_pruned_is_said(recorded: Workspace, writer: Writer) -> None:
    """Who waits for a job that is no longer on record hears so, and does not wait for ever."""
    job = asked(recorded)
    ended(writer, job, JobState.SUCCEEDED)
    with writer.transaction() as connection:
        jobs.prune(connection, keep=0)
    with open_workspace(recorded.root) as opened, pytest.raises(UnknownError, match=f"no job {job.id}"):
        opened.wait(job)


def test_waiting_ends(recorded: Workspace) -> None:
    """With an engine that is busy with something else the time that was given is all that is waited."""
    job = asked(recorded)
    with (
        engine_lock(recorded),
        open_workspace(recorded.root) as opened,
        pytest.raises(EngineError, match="not done within"),
    ):
        opened.wait(job, timeout_s=0.05)
