"""The scheduler asks for what is due, one job at a time, and for repairs that an owner allows, once."""

import time

import pytest

from engine.scheduling import Scheduler
from storage import jobs
from storage.fault_records import CheckAnswer
from storage.maintenance_settings import Repair, Schedule
from storage.records import Job
from storage.settings import WorkspaceSettings
from storage.tables import checks, faults
from storage.vocabulary import Answer, JobKind, JobState, RepairKind
from tests.watched import Watched, examiner, examiner_hosts, watched

__all__ = ["examiner", "examiner_hosts", "watched"]

NOON = time.struct_time((2026, 1, 1, 12, 0, 0, 3, 1, 0))
NIGHT = time.struct_time((2026, 1, 1, 23, 0, 0, 3, 1, 0))


@pytest.fixture
def shipped(watched: Watched) -> Watched:
    """Return a workspace in which version 1 of mnist is deployed and evaluated."""
    watched.ready("mnist", {1: 0.9})
    watched.deploy("mnist", 1)
    watched.settle()
    with watched.writer.transaction() as connection:
        for job in jobs.read(connection, limit=100):
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=watched.clock.now())
    return watched


def scheduler(
    shipped: Watched, settings: WorkspaceSettings | None = None, *, local: time.struct_time = NOON
) -> Scheduler:
    """Return a scheduler whose clock is the test's."""
    return Scheduler(
        shipped.workspace,
        shipped.writer,
        settings or WorkspaceSettings(),
        now=shipped.clock.now,
        local=lambda _now: local,
    )


def waiting(shipped: Watched) -> list[Job]:
    """Return the jobs that wait."""
    return [job for job in shipped.jobs() if job.state is JobState.QUEUED]


def done(shipped: Watched) -> None:
    """End the jobs that wait, and record a check as done."""
    with shipped.writer.transaction() as connection:
        for job in jobs.read(connection, limit=100):
            if job.state is not JobState.QUEUED:
                continue
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=shipped.clock.now())
            if job.kind is JobKind.CHECK:
                answer = CheckAnswer(
                    model=job.model,
                    code="x",
                    version=None,
                    answer=Answer.HEALTHY,
                    detail="",
                    basis="",
                    recent="",
                    at=shipped.clock.now(),
                )
                checks.set_answer(connection, answer)


def test_checks_are_asked_for_every_hour_one_at_a_time(shipped: Watched) -> None:
    """The model and the workspace, each by itself; nothing in the first minutes, and nothing twice."""
    asks = scheduler(shipped)
    asks.work()
    assert waiting(shipped) == []
    shipped.clock.passed += 3700
    asks.work()
    asks.work()
    [first] = waiting(shipped)
    assert (first.kind, first.requested_by) == (JobKind.CHECK, jobs.SCHEDULE)
    done(shipped)
    asks.work()
    [second] = waiting(shipped)
    assert {first.model, second.model} == {"mnist", ""}
    done(shipped)
    asks.work()
    assert waiting(shipped) == []
    shipped.clock.passed += 3700
    asks.work()
    assert len(waiting(shipped)) == 1


def test_a_models_own_words_come_first(shipped: Watched) -> None:
    """model.toml is read again when it changes; one that is broken leaves the workspace's settings."""
    asks = scheduler(shipped, WorkspaceSettings(schedule=Schedule(check="never")))
    file = shipped.workspace.model_settings("mnist")
    shipped.clock.passed += 1e5
    asks.work()
    assert waiting(shipped) == []
    file.write_text('[schedule]\nevaluate = "15m"\n')
    asks.work()
    [job] = waiting(shipped)
    assert (job.kind, job.model, job.version) == (JobKind.EVALUATE, "mnist", 1)
    done(shipped)
    file.write_text('[schedule]\nevaluate = "often"\n')
    asks.work()
    assert waiting(shipped) == []


def test_nothing_is_asked_for_in_quiet_hours(shipped: Watched) -> None:
    """But what a person or an arrival asks for is done as always: the scheduler is not asked about that."""
    settings = WorkspaceSettings(schedule=Schedule(check="1h", quiet="22:00-06:00"))
    shipped.clock.passed += 1e5
    asks = scheduler(shipped, settings, local=NIGHT)
    shipped.clock.passed += 1e5
    asks.work()
    assert waiting(shipped) == []
    awake = scheduler(shipped, settings)
    shipped.clock.passed += 1e5
    awake.work()
    assert len(waiting(shipped)) == 1


@pytest.mark.parametrize("allowed", [RepairKind.RESTORE, None])
def test_a_repair_that_an_owner_allows_is_asked_for_once(
    shipped: Watched, allowed: RepairKind | None
) -> None:
    """As soon as its fault is open; where it did not help, a person decides."""
    settings = WorkspaceSettings(
        schedule=Schedule(check="never"), repair=Repair(automatic=(allowed,) if allowed else ())
    )
    asks = scheduler(shipped, settings)
    with shipped.writer.transaction() as connection:
        faults.open_fault(
            connection, "artefact-changed", "It is.", at=shipped.clock.now(), model="mnist", version=1
        )
        faults.open_fault(
            connection, "no-longer-loads", "No.", at=shipped.clock.now(), model="mnist", version=1
        )
    for _ in range(3):
        asks.work()
    if allowed is None:
        assert waiting(shipped) == []
        return
    [job] = waiting(shipped)
    changed = next(fault for fault in shipped.faults() if fault.code == "artefact-changed")
    assert (job.kind, job.requested_by, job.parameters.fault) == (JobKind.REPAIR, jobs.UNASKED, changed.id)
    assert changed.tried == RepairKind.RESTORE
    done(shipped)
    asks.work()
    assert waiting(shipped) == []


@pytest.mark.parametrize("allowed", [RepairKind.FREE_DISK, RepairKind.RESTORE])
def test_a_repair_of_the_workspace_needs_its_own_word(shipped: Watched, allowed: RepairKind) -> None:
    """Nothing is removed by itself unless the owner names that very repair; then once."""
    asks = scheduler(shipped, WorkspaceSettings(repair=Repair(automatic=(allowed,))))
    with shipped.writer.transaction() as connection:
        faults.open_fault(connection, "disk-low", "It is.", at=shipped.clock.now())
    for _ in range(3):
        asks.work()
    found = [(job.kind, job.model, job.parameters.repair) for job in waiting(shipped)]
    assert found == ([(JobKind.REPAIR, "", allowed)] if allowed is RepairKind.FREE_DISK else [])


def test_what_is_not_deployed_any_more_is_left_alone(shipped: Watched) -> None:
    """Nobody asked for a version that nobody uses."""
    asks = scheduler(shipped, WorkspaceSettings(repair=Repair(automatic=(RepairKind.RESTORE,))))
    with shipped.writer.transaction() as connection:
        faults.open_fault(connection, "artefact-changed", "It is.", at=1.0, model="mnist", version=9)
    asks.work()
    assert waiting(shipped) == []
