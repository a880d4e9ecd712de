"""What jobs promise: asked once, claimed once, never lost."""

import threading

import pytest
from msgspec.structs import replace

from storage import interrupted, jobs
from storage.database import Reader, Writer
from storage.errors import UnknownError
from storage.records import Job, JobParameters
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace

ALL = frozenset(JobKind)


def claim(writer: Writer) -> Job | None:
    """Claim the next job of any kind."""
    with writer.transaction() as connection:
        return jobs.claim(connection, ALL, now=2.0)


def test_an_identical_waiting_job_is_not_added_twice(workspace: Workspace, writer: Writer) -> None:
    """Pressing a key twice asks once; other parameters ask again."""
    del writer
    first = jobs.submit(workspace, JobKind.EVALUATE, "mnist", 1, requested_by="ann")
    again = jobs.submit(workspace, JobKind.EVALUATE, "mnist", 1, requested_by="bob")
    other = jobs.submit(
        workspace, JobKind.EVALUATE, "mnist", 1, requested_by="ann", parameters=JobParameters(device="cuda:0")
    )
    unversioned = jobs.submit(workspace, JobKind.EVALUATE, "mnist", requested_by="ann")
    assert first.id == again.id
    assert len({first.id, other.id, unversioned.id}) == 3


def test_jobs_are_claimed_oldest_first_and_only_of_the_kinds_asked_for(
    workspace: Workspace, writer: Writer
) -> None:
    """A lane gets its own kinds, in the order of asking."""
    first = jobs.submit(workspace, JobKind.EVALUATE, "a", requested_by="ann")
    promote = jobs.submit(workspace, JobKind.PROMOTE, "a", requested_by="ann")
    with writer.transaction() as connection:
        claimed = jobs.claim(connection, frozenset({JobKind.PROMOTE}), now=2.0)
    assert claimed is not None
    assert claimed.id == promote.id
    assert claimed.state is JobState.RUNNING
    claimed = claim(writer)
    assert claimed is not None
    assert claimed.id == first.id
    assert claim(writer) is None


def test_two_claimants_never_get_the_same_job(workspace: Workspace, writer: Writer) -> None:
    """Every job is done by exactly one lane."""
    for number in range(40):
        jobs.submit(workspace, JobKind.EVALUATE, f"m{number}", requested_by="ann")
    taken: list[int] = []

    def take() -> None:
        while (job := claim(writer)) is not None:
            taken.append(job.id)

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 40


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_is_asked_to_stop(
    workspace: Workspace, writer: Writer
) -> None:
    """Cancelling tells the truth about what it could do."""
    waiting = jobs.submit(workspace, JobKind.EVALUATE, "a", requested_by="ann")
    assert jobs.cancel(workspace, waiting.id).state is JobState.CANCELLED
    running = jobs.submit(workspace, JobKind.EVALUATE, "b", requested_by="ann")
    claim(writer)
    assert jobs.cancel(workspace, running.id).state is JobState.RUNNING
    with writer.transaction() as connection:
        assert jobs.cancelled(connection, running.id)


def test_cancelling_an_unknown_job_says_so(workspace: Workspace, writer: Writer) -> None:
    """A wrong id is the user's mistake, in one sentence."""
    del writer
    with pytest.raises(UnknownError, match="There is no job 77"):
        jobs.cancel(workspace, 77)


def test_a_dead_engines_evaluation_is_tried_once_more_and_its_promotion_is_not(
    workspace: Workspace, writer: Writer
) -> None:
    """After a crash what may be repeated is queued again, once; the rest is marked as interrupted."""
    jobs.submit(workspace, JobKind.EVALUATE, "a", 1, requested_by="ann")
    jobs.submit(workspace, JobKind.PROMOTE, "a", 1, requested_by="ann")
    for expected_again in (1, 0):
        while claim(writer) is not None:
            pass
        with writer.transaction() as connection:
            found = interrupted.recover(connection, now=3.0)
            assert all(jobs.read_one(connection, job.id).state is JobState.INTERRUPTED for job in found)  # type: ignore[union-attr]
            assert jobs.counts(connection)[JobState.QUEUED] == expected_again


def test_progress_of_a_finished_job_is_dropped(workspace: Workspace, writer: Writer, reader: Reader) -> None:
    """A late report of a lane does not bring a finished job back."""
    job = jobs.submit(workspace, JobKind.EVALUATE, "a", requested_by="ann")
    claim(writer)
    with writer.transaction() as connection:
        jobs.progress(connection, job.id, done=5, total=10)
        jobs.finish(connection, job.id, JobState.SUCCEEDED, now=4.0, message="accuracy 0.97")
        jobs.progress(connection, job.id, done=7, total=10, message="late")
    with reader.transaction() as connection:
        found = jobs.read_one(connection, job.id)
    assert found is not None
    assert (found.done, found.total, found.message, found.state) == (
        5,
        10,
        "accuracy 0.97",
        JobState.SUCCEEDED,
    )


def test_a_parked_job_waits_for_the_next_engine(workspace: Workspace, writer: Writer, reader: Reader) -> None:
    """An engine that stops puts its work back, unless the same work waits already."""
    job = jobs.submit(workspace, JobKind.EVALUATE, "a", requested_by="ann")
    claim(writer)
    with writer.transaction() as connection:
        interrupted.park(connection, job.id)
    assert claim(writer) is not None
    again = jobs.submit(workspace, JobKind.EVALUATE, "a", requested_by="ann")
    with writer.transaction() as connection:
        interrupted.park(connection, job.id)
    with reader.transaction() as connection:
        states = {row.id: row.state for row in jobs.read(connection, limit=10)}
    assert states == {job.id: JobState.INTERRUPTED, again.id: JobState.QUEUED}


def test_running_jobs_are_listed_first_then_waiting_then_finished(
    workspace: Workspace, writer: Writer, reader: Reader
) -> None:
    """A list that is cut off loses the oldest history, never what is going on."""
    ids = [
        jobs.submit(workspace, JobKind.EVALUATE, f"m{number}", requested_by="ann").id for number in range(4)
    ]
    for number in (0, 1):
        claim(writer)
        with writer.transaction() as connection:
            jobs.finish(connection, ids[number], JobState.SUCCEEDED, now=3.0)
    claim(writer)
    with reader.transaction() as connection:
        assert [job.id for job in jobs.read(connection, limit=3)] == [ids[2], ids[3], ids[1]]


def test_a_list_leaves_out_what_jobs_found(workspace: Workspace, writer: Writer) -> None:
    """A job that is listed is what it is when it is read alone, without its result."""
    number = jobs.submit(workspace, JobKind.CHECK, "m", requested_by="ann").id
    with writer.transaction() as connection:
        jobs.claim(connection, frozenset(JobKind), now=1.0)
        jobs.finish(connection, number, JobState.SUCCEEDED, now=2.0, message="well", result="[1, 2]")
        alone, listed = jobs.read_one(connection, number), jobs.read(connection, limit=9)
    assert alone is not None
    assert alone.result == "[1, 2]"
    assert listed == [replace(alone, result="")]
