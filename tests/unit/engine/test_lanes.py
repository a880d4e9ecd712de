"""What lanes promise: which job comes first, what gives way, and that no job is lost whatever ends it."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from engine import jobs as kinds
from engine import lanes
from engine.jobs import ON_LINKS, ON_MODELS
from engine.jobs.context import Context, Needed, Outcome, Report
from engine.lanes import Lane
from engine.processes.endings import CANCELLED, Activity, ended
from storage import jobs, snapshot
from storage.database import Reader, Writer
from storage.errors import JobError
from storage.records import Job
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace
from tests.unit.engine.one_lane import ALL, Serve, ask, bell, context, finished, serve

__all__ = ["bell", "context", "serve"]


def test_a_stopping_engine_puts_its_work_back(
    workspace: Workspace, reader: Reader, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was running waits for the next engine; nobody has to ask again."""

    def patient(context: Context, job: Job, report: Report) -> Outcome:
        while not report.cancelled():
            time.sleep(0.01)
        raise JobError("stopped", code=CANCELLED)

    monkeypatch.setattr(kinds, "handler", lambda _kind: patient)
    lane = Lane("test", ALL, context)
    job = ask(workspace)
    lane.start()
    while snapshot.read(reader).running == 0:
        time.sleep(0.005)
    lane.stop()
    with reader.transaction() as connection:
        found = jobs.read_one(connection, job.id)
    assert found is not None
    assert found.state is JobState.QUEUED


def test_an_end_that_cannot_be_written_is_written_later(
    workspace: Workspace,
    writer: Writer,
    reader: Reader,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A job that ends while somebody holds the database locked has its end when the lock is gone, without a new engine."""
    monkeypatch.setattr(lanes, "STORE_RETRY_S", 0.01)
    # The lock lasts longer than we want to wait for it here.
    for connection in writer._connections.values():
        connection.execute("PRAGMA busy_timeout = 10")
    intruder = sqlite3.connect(workspace.database, isolation_level=None, check_same_thread=False)

    def lock(context: Context, job: Job, report: Report) -> Outcome:
        intruder.execute("BEGIN IMMEDIATE")
        return Outcome(message="done")

    serve(lock)
    job = ask(workspace)
    deadline = time.monotonic() + 60
    while f"the end of job {job.id} could not be written" not in caplog.text:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    intruder.execute("ROLLBACK")
    intruder.close()
    found = finished(reader, job)
    assert (found.state, found.message) == (JobState.SUCCEEDED, "done")


def test_a_job_that_cannot_write_is_begun_again(workspace: Workspace, reader: Reader, serve: Serve) -> None:
    """Work that the database refused is queued again, as after a crash; work that must not be repeated says that it was cut off."""
    refused = set[JobKind]()

    def refuse(context: Context, job: Job, report: Report) -> Outcome:
        if job.kind not in refused:
            refused.add(job.kind)
            raise sqlite3.OperationalError("database is locked")
        return Outcome()

    evaluation = ask(workspace)
    promotion = jobs.submit(workspace, JobKind.PROMOTE, "mnist", 1, requested_by="ann")
    serve(refuse)
    for job in (evaluation, promotion):
        found = finished(reader, job)
        assert found.state is JobState.INTERRUPTED
        assert "database is locked" in found.error
    with reader.transaction() as connection:
        again = [
            one for one in jobs.read(connection, limit=10) if one.id not in {evaluation.id, promotion.id}
        ]
    assert [one.kind for one in again] == [JobKind.EVALUATE]
    assert finished(reader, again[0]).state is JobState.SUCCEEDED


def test_a_job_whose_host_was_ended_is_begun_again(
    workspace: Workspace, reader: Reader, serve: Serve
) -> None:
    """Nothing is wrong with what was asked for: it is done again, and who asked learns as which job."""
    lost = list[int]()

    def lose(context: Context, job: Job, report: Report) -> Outcome:
        lost.append(job.id)
        if len(lost) == 1:
            raise ended(None, Activity.EVALUATING, "", 0)
        return Outcome(message="done")

    serve(lose)
    job = finished(reader, ask(workspace))
    assert (job.state, job.code) == (JobState.INTERRUPTED, "interrupted")
    assert "together with its host" in job.error
    with reader.transaction() as connection:
        [again] = [one for one in jobs.read(connection, limit=10) if one.id != job.id]
    assert job.hint == f"It is done again, as job {again.id}."
    assert finished(reader, again).message == "done"


def test_people_come_before_arrivals(workspace: Workspace, reader: Reader, serve: Serve) -> None:
    """A key press does not wait behind a folder full of new versions."""
    order: list[str] = []

    def note(context: Context, job: Job, report: Report) -> Outcome:
        order.append(job.model)
        return Outcome()

    arrivals = [ask(workspace, f"arrival-{number}", by=jobs.ARRIVAL) for number in range(3)]
    person = ask(workspace, "person")
    serve(note)
    for job in (*arrivals, person):
        finished(reader, job)
    assert order[0] == "person"


class Slow:
    """A refinement that goes on until a job waits, as often as the test says, and is then finished."""

    key = "slow"

    def __init__(self, interruptions: int) -> None:
        self.begun = threading.Semaphore(0)
        self.finished = threading.Event()
        self._interruptions = interruptions

    def refine(self, wanted: Callable[[], bool]) -> bool:
        """Work until a job waits; after the last of these times, return that there is no more to do."""
        self.begun.release()
        if self._interruptions:
            self._interruptions -= 1
            while not wanted():
                time.sleep(0.005)
            return False
        self.finished.set()
        return True


def test_refining_gives_way_to_jobs_and_is_finished_all_the_same(
    workspace: Workspace, reader: Reader, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody waits for is done when nobody waits: each job that comes meanwhile is done first."""
    monkeypatch.setattr(lanes, "QUIET_S", 0.1)
    slow = Slow(interruptions=3)
    serve(lambda _context, job, _report: Outcome(refinement=slow if job.model == "first" else None))
    finished(reader, ask(workspace, "first"))
    for number in range(3):
        assert slow.begun.acquire(timeout=60)
        assert not slow.finished.is_set()
        assert finished(reader, ask(workspace, f"next-{number}")).state is JobState.SUCCEEDED
    assert slow.finished.wait(60)


def test_refining_waits_for_quiet(workspace: Workspace, reader: Reader, serve: Serve) -> None:
    """Who presses a key again at once is not kept waiting: a result is recorded before it is made better."""
    slow = Slow(interruptions=0)
    recorded: list[JobState] = []

    def look(context: Context, job: Job, _report: Report) -> Outcome:
        if job.model == "next":
            with context.writer.passing() as connection:
                first = jobs.read_one(connection, asked.id)
            recorded.extend([] if first is None else [first.state])
            assert not slow.begun.acquire(blocking=False)
        return Outcome(refinement=slow if job.model == "first" else None)

    asked = ask(workspace, "first")
    following = ask(workspace, "next")
    serve(look)
    assert finished(reader, following).state is JobState.SUCCEEDED
    assert recorded == [JobState.SUCCEEDED]
    assert slow.finished.wait(60)


@pytest.fixture
def two_lanes(context: Context) -> Iterator[tuple[Lane, Lane]]:
    """Return the lanes of models and of links, each woken when the other has recorded something."""
    lanes = Lane("models", ON_MODELS, context), Lane("links", ON_LINKS, context)
    for lane, other in (lanes, lanes[::-1]):
        lane.when_recorded(other.wake)
    yield lanes
    for lane in lanes:
        lane.stop()


def test_a_job_that_waits_for_another_one_leaves_its_lane_to_others(
    workspace: Workspace, reader: Reader, two_lanes: tuple[Lane, Lane], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While an evaluation goes on that a promotion needs, another promotion is done; then the first one goes on."""
    release = threading.Event()

    def work(_context: Context, job: Job, _report: Report) -> Outcome:
        if job.kind is JobKind.EVALUATE:
            release.wait(60)
            return Outcome()
        if job.model == "m" and not job.waits_for:
            return Outcome(first=(Needed(JobKind.EVALUATE, 2),))
        return Outcome(message="promoted")

    monkeypatch.setattr(kinds, "handler", lambda _kind: work)
    waiting = jobs.submit(workspace, JobKind.PROMOTE, "m", 2, requested_by="ann")
    other = jobs.submit(workspace, JobKind.PROMOTE, "other", 1, requested_by="bob")
    for lane in two_lanes:
        lane.start()
    assert finished(reader, other).state is JobState.SUCCEEDED
    with reader.transaction() as connection:
        found = jobs.read_one(connection, waiting.id)
    assert found is not None
    [evaluation] = found.waits_for
    assert (found.state, found.message) == (
        JobState.QUEUED,
        f"waits for evaluation J{evaluation} of version 2",
    )
    release.set()
    assert finished(reader, waiting).message == "promoted"


def test_a_job_that_was_cancelled_does_not_wait(
    workspace: Workspace, reader: Reader, two_lanes: tuple[Lane, Lane], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who cancelled it while it found out what it needs finds it cancelled, and nothing was asked for."""

    def work(_context: Context, job: Job, _report: Report) -> Outcome:
        jobs.cancel(workspace, job.id)
        return Outcome(first=(Needed(JobKind.EVALUATE, 2),))

    monkeypatch.setattr(kinds, "handler", lambda _kind: work)
    job = jobs.submit(workspace, JobKind.PROMOTE, "m", 2, requested_by="ann")
    for lane in two_lanes:
        lane.start()
    assert finished(reader, job).state is JobState.CANCELLED
    with reader.transaction() as connection:
        assert [found.id for found in jobs.read(connection, limit=10)] == [job.id]
