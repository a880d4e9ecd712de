"""Probation: how often a version that nobody looked at is evaluated, what it is rolled back for, and what ends it."""

from collections.abc import Callable

import pytest

from engine import policy
from engine.repository.switch import recover, switch
from storage.tables import faults, models
from storage.vocabulary import JobKind, JobState, ProbationState, Severity, Status
from tests.unit.engine.jobs.asking import ask
from tests.unit.engine.unattended import AUTOMATIC, HOUR, Stage, stage
from tests.watched import Watched, examiner, examiner_hosts, watched

__all__ = ["examiner", "examiner_hosts", "stage", "watched"]


def test_a_version_that_stays_good_passes_after_its_looks(stage: Stage) -> None:
    """Six evaluations, ten minutes apart, and the end is told."""
    stage.on_trial()
    for _ in range(policy.LOOKS):
        assert stage.look(300) == []
        [job] = stage.look(300)
        assert job.version == 2
        assert stage.look(5) == [job], "one evaluation at a time"
        stage.evaluate(job, 0.97)
    assert stage.look() == []
    assert (stage.probation.state, stage.probation.looks) == (ProbationState.PASSED, policy.LOOKS)
    assert stage.watched.messages()[-1] == "version 2 passed its probation of 1h: looked at 6 times"
    assert stage.current == 2


def test_an_engine_that_was_down_meanwhile_looks_often_enough_all_the_same(stage: Stage) -> None:
    """Time alone passes nobody: after a restart the looks that were missed are made, in the same pauses."""
    stage.on_trial()
    stage.watched.clock.passed += 10 * HOUR
    stage.restart()
    for _ in range(policy.LOOKS):
        [job] = stage.look(600)
        stage.evaluate(job, 0.97)
    stage.look()
    assert stage.probation.state is ProbationState.PASSED


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED, JobState.INTERRUPTED])
def test_looks_that_do_not_work_pass_nobody(stage: Stage, state: JobState) -> None:
    """However many there were and however long it took: it is on probation until six of them have worked."""
    stage.on_trial()
    for _ in range(3 * policy.LOOKS):
        [job] = stage.look(600)
        stage.end(job, state)
    assert stage.look() == []
    assert (stage.probation.state, stage.probation.looks) == (ProbationState.OPEN, 0)
    for _ in range(policy.LOOKS):
        [job] = stage.look(600)
        stage.evaluate(job, 0.97)
    stage.look()
    assert (stage.probation.state, stage.probation.looks) == (ProbationState.PASSED, policy.LOOKS)


def missed(stage: Stage) -> None:
    """Evaluate it below its objective, beyond the interval."""
    [job] = stage.look(600)
    stage.evaluate(job, 0.80)


def broken(stage: Stage) -> None:
    """Have it fail to load."""
    [job] = stage.look(600)
    version = stage.watched.version("mnist", 2)
    with stage.watched.writer.transaction() as connection:
        models.set_version(connection, version.id, status=Status.FAILED, reason="It is torn.")
    stage.end(job, JobState.FAILED)


def changed(stage: Stage) -> None:
    """Change its files."""
    stage.watched.put_version("mnist", 2, "something else")
    stage.watched.settle()
    stage.no_arrivals()


def faulty(stage: Stage) -> None:
    """Open a fault of error severity."""
    with stage.watched.writer.transaction() as connection:
        faults.open_fault(
            connection,
            "some-check",
            "Its answers are all the same.",
            at=stage.watched.clock.now(),
            model="mnist",
            version=2,
            severity=Severity.ERROR,
        )


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (missed, "objective accuracy >= 0.85: missed (0.8, at most 0.81)"),
        (broken, "it failed: It is torn"),
        (changed, "its files changed on disk"),
        (faulty, "Its answers are all the same"),
    ],
)
def test_a_version_that_proves_bad_is_rolled_back_by_itself_and_never_promoted_so_again(
    stage: Stage, happens: Callable[[Stage], None], reason: str
) -> None:
    """The reason stands in log and history; also an engine that knows nothing but the database lets it be."""
    stage.on_trial()
    content = stage.watched.version("mnist", 2).sha256
    happens(stage)
    assert stage.rolled_back() == reason
    assert stage.probation.reason == reason
    # As good as new, and still the same content: also under another number it stays with the person.
    stage.watched.put_version("mnist", 3, "mnist 2")
    stage.watched.settle()
    assert stage.watched.version("mnist", 3).sha256 == content
    with stage.watched.writer.transaction() as connection:
        faults.close_fault(connection, "some-check", at=0.0, model="mnist", version=2)
    stage.no_arrivals()
    stage.watched.evaluated("mnist", 3, 0.97)
    stage.judge()
    candidate = stage.watched.model("mnist").candidate
    assert candidate is not None
    assert candidate.gate is not None
    assert candidate.gate.passed
    stage.restart()
    # Whether an open fault of the former version has ended is looked at anew; nothing is deployed.
    assert {job.kind for job in stage.look(24 * HOUR)} <= {JobKind.CHECK}


def test_a_version_that_was_changed_in_its_place_is_left_to_people(stage: Stage) -> None:
    """Its number was rolled back from; new content belongs into a folder of its own, and is promoted from there."""
    stage.on_trial()
    changed(stage)
    assert stage.rolled_back() == "its files changed on disk"
    stage.watched.evaluated("mnist", 2, 0.97)
    stage.judge()
    assert stage.look(HOUR) == []
    stage.arrive(3, 0.98)
    assert [job.version for job in stage.look(HOUR)] == [3]


def test_a_miss_within_the_interval_rolls_nothing_back(stage: Stage) -> None:
    """What chance explains is no reason."""
    stage.on_trial()
    [job] = stage.look(600)
    stage.evaluate(job, 0.845)
    assert stage.look() == []
    assert stage.current == 2


@pytest.mark.parametrize("kind", [JobKind.PROMOTE, JobKind.ROLLBACK])
def test_a_person_ends_the_probation_by_acting(stage: Stage, kind: JobKind) -> None:
    """Who promotes or rolls back knows better; what was rolled back is not promoted by itself again."""
    stage.on_trial()
    stage.arrive(3, 0.98)
    assert stage.look() == [], "one version at a time is on probation"
    ask(stage.watched, kind, 3 if kind is JobKind.PROMOTE else None)
    number = 3 if kind is JobKind.PROMOTE else 1
    assert (stage.probation.state, stage.probation.reason) == (
        ProbationState.ENDED,
        f"version {number} was deployed by ann",
    )
    assert (
        f"the probation of version 2 ended: version {number} was deployed by ann" in stage.watched.messages()
    )


def test_a_version_that_a_person_rolled_back_stays_rolled_back(stage: Stage) -> None:
    """The gate would pass it again at once; the person's no counts more."""
    stage.on_trial()
    ask(stage.watched, JobKind.ROLLBACK)
    stage.restart()
    assert stage.look(HOUR) == []
    assert stage.current == 1


def test_a_link_that_is_moved_by_hand_ends_the_probation(stage: Stage) -> None:
    """Whoever did it, something else is deployed."""
    stage.on_trial()
    stage.watched.deploy("mnist", 1)
    stage.watched.settle()
    assert stage.probation.state is ProbationState.ENDED
    assert stage.look() == []


def test_a_switch_that_was_cut_off_after_the_link_is_on_probation(stage: Stage) -> None:
    """The next start settles it from the link, and the watching begins then."""
    stage.arrive(2, 0.97)
    stage.intend()
    switch(stage.watched.workspace, "mnist", 2)
    recover(stage.watched.workspace, stage.watched.writer, stage.watched.clock.now())
    assert (stage.probation.number, stage.probation.state) == (2, ProbationState.OPEN)
    missed(stage)
    assert "accuracy" in stage.rolled_back()


def test_without_anything_to_roll_back_to_it_is_told(watched: Watched) -> None:
    """The first version that was ever deployed has no way back; the log says so once."""
    watched.ready("mnist", {1: 0.90})
    stage = Stage.__new__(Stage)
    stage.watched, stage.asked = watched, 0
    stage.write(AUTOMATIC)
    stage.restart()
    stage.no_arrivals()
    stage.judge()
    assert [job.kind for job in stage.look()] == [JobKind.PROMOTE]
    stage.do()
    [job] = stage.look(600)
    watched.evaluated("mnist", 1, 0.5)
    stage.end(job, JobState.SUCCEEDED)
    assert stage.look() == []
    assert watched.messages()[-1] == (
        "version 1 failed its probation, and there is nothing to roll back to: "
        "objective accuracy >= 0.85: missed (0.5, at most 0.51)"
    )
    assert stage.current == 1
    assert stage.look(HOUR) == []
