"""What jobs that wait for other jobs promise: passed over until those have ended, and never forgotten."""

import pytest

from storage import interrupted, jobs
from storage.database import Writer
from storage.records import Job
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace

ALL = frozenset(JobKind)


def add(writer: Writer, kind: JobKind, version: int = 1) -> Job:
    """Ask for a job of mnist."""
    with writer.transaction() as connection:
        return jobs.add(connection, kind, "mnist", version, requested_by="ann", now=1.0)


def claim(writer: Writer) -> int | None:
    """Claim the next job and return its number."""
    with writer.transaction() as connection:
        job = jobs.claim(connection, ALL, now=2.0)
    return None if job is None else job.id


def end(writer: Writer, job_id: int, state: JobState) -> None:
    """Record how a job ended."""
    with writer.transaction() as connection:
        jobs.finish(connection, job_id, state, now=3.0)


def read(writer: Writer, job_id: int) -> Job:
    """Return a job."""
    with writer.transaction() as connection:
        found = jobs.read_one(connection, job_id)
    assert found is not None
    return found


@pytest.fixture
def waiting(writer: Writer) -> tuple[Job, Job]:
    """Return a promotion that was begun and waits for an evaluation, and the evaluation."""
    promotion = add(writer, JobKind.PROMOTE)
    assert claim(writer) == promotion.id
    evaluation = add(writer, JobKind.EVALUATE)
    with writer.transaction() as connection:
        jobs.put_back(
            connection, promotion.id, [evaluation], message=f"waits for evaluation J{evaluation.id} of 1"
        )
    return promotion, evaluation


@pytest.mark.parametrize("state", [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED])
def test_a_waiting_job_is_passed_over_until_the_other_one_has_ended(
    writer: Writer, waiting: tuple[Job, Job], state: JobState
) -> None:
    """Others go before it, although it is older; however the one that it waits for ends, it goes on."""
    promotion, evaluation = waiting
    other = add(writer, JobKind.PROMOTE, 2)
    assert read(writer, promotion.id).message == f"waits for evaluation J{evaluation.id} of 1"
    with writer.transaction() as connection:
        assert not jobs.waiting(connection, frozenset({JobKind.TELL}))
    assert [claim(writer), claim(writer), claim(writer)] == [evaluation.id, other.id, None]
    end(writer, evaluation.id, state)
    with writer.transaction() as connection:
        assert jobs.waiting(connection, frozenset({JobKind.PROMOTE}))
    assert claim(writer) == promotion.id
    assert read(writer, promotion.id).waits_for == (evaluation.id,)


def test_who_asks_for_what_waits_gets_the_job_that_waits(writer: Writer, waiting: tuple[Job, Job]) -> None:
    """Pressing p twice promotes once, also while figures are made."""
    promotion, _ = waiting
    assert add(writer, JobKind.PROMOTE).id == promotion.id


def test_an_identical_job_that_came_while_it_ran_does_not_keep_it_from_waiting(writer: Writer) -> None:
    """Both are kept, and each waits in its turn."""
    first = add(writer, JobKind.PROMOTE)
    assert claim(writer) == first.id
    second = add(writer, JobKind.PROMOTE)
    evaluation = add(writer, JobKind.EVALUATE)
    with writer.transaction() as connection:
        jobs.put_back(connection, first.id, [evaluation], message="waits")
    assert claim(writer) == second.id
    with writer.transaction() as connection:
        jobs.put_back(connection, second.id, [evaluation], message="waits")
    assert claim(writer) == evaluation.id
    end(writer, evaluation.id, JobState.SUCCEEDED)
    assert [claim(writer), claim(writer), claim(writer)] == [first.id, second.id, None]


def test_after_a_crash_it_waits_for_the_evaluation_that_is_made_again(
    writer: Writer, waiting: tuple[Job, Job]
) -> None:
    """The job that stands in for the interrupted one is the one that it waits for, and says so."""
    promotion, evaluation = waiting
    assert claim(writer) == evaluation.id
    with writer.transaction() as connection:
        assert [job.id for job in interrupted.recover(connection, now=4.0)] == [evaluation.id]
    found = read(writer, promotion.id)
    [again] = found.waits_for
    assert again != evaluation.id
    assert found.message == f"waits for evaluation J{again} of 1"
    assert [claim(writer), claim(writer)] == [again, None]
    end(writer, again, JobState.SUCCEEDED)
    assert claim(writer) == promotion.id


def test_an_evaluation_that_an_engine_s_end_puts_back_is_still_waited_for(
    writer: Writer, waiting: tuple[Job, Job]
) -> None:
    """Where an identical one waits already, that one stands for it."""
    promotion, evaluation = waiting
    assert claim(writer) == evaluation.id
    same = add(writer, JobKind.EVALUATE)
    with writer.transaction() as connection:
        interrupted.park(connection, evaluation.id)
    assert read(writer, evaluation.id).state is JobState.INTERRUPTED
    assert read(writer, promotion.id).waits_for == (same.id,)
    assert [claim(writer), claim(writer)] == [same.id, None]


def test_a_job_that_waits_is_cancelled_at_once(
    workspace: Workspace, writer: Writer, waiting: tuple[Job, Job]
) -> None:
    """What it waits for goes on; it may be of use to others."""
    promotion, evaluation = waiting
    assert jobs.cancel(workspace, promotion.id).state is JobState.CANCELLED
    assert [claim(writer), claim(writer)] == [evaluation.id, None]


def test_what_was_waited_for_may_be_forgotten(writer: Writer, waiting: tuple[Job, Job]) -> None:
    """A finished job that is pruned keeps nobody waiting."""
    promotion, evaluation = waiting
    assert claim(writer) == evaluation.id
    end(writer, evaluation.id, JobState.SUCCEEDED)
    with writer.transaction() as connection:
        connection.execute("DELETE FROM jobs WHERE id = ?", (evaluation.id,))
    assert claim(writer) == promotion.id
