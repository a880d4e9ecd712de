"""Promises about what is told of a version whose content changed, and of one that holds again what was deployed."""

import pytest

from engine.repository.switch import CHANGED_FAULT
from storage.fault_records import Event
from storage.tables import deployed, faults
from storage.vocabulary import JobKind, JobState, Severity, Status
from tests.watched import Watched

CHANGED = "models/mnist/1 changed on disk after it was recorded; its earlier figures are of other content."


def told(watched: Watched, code: str) -> list[Event]:
    """Return what the log says of one kind."""
    return [event for event in watched.events() if event.code == code]


def change(watched: Watched, number: int = 1, model: str = "mnist") -> float:
    """Put something else into a version's folder, and return when that was."""
    at = watched.clock.now()
    watched.put_version(model, number, "something else")
    watched.settle()
    return at


@pytest.mark.parametrize(
    ("is_deployed", "repair"),
    [
        (True, "Restore what was deployed: modeltender repair mnist@1"),
        (False, "Put new content into a folder of its own."),
    ],
)
def test_a_change_is_told_with_what_ends_it(watched: Watched, *, is_deployed: bool, repair: str) -> None:
    """In the log and as a fault, of this version and from that moment on; of what is deployed there is a copy."""
    watched.ready("mnist", {1: 0.9, 2: 0.9})
    if is_deployed:
        watched.deploy("mnist", 1)
        watched.settle()
    since = change(watched)
    [event] = told(watched, CHANGED_FAULT)
    assert (event.message, event.severity) == (CHANGED, Severity.WARNING)
    assert (event.model, event.version) == ("mnist", 1)
    assert since < event.at <= watched.clock.now()
    [fault] = watched.faults()
    assert (fault.code, fault.message, fault.repair) == (CHANGED_FAULT, CHANGED, repair)
    assert (fault.first_at, fault.model, fault.version) == (event.at, "mnist", 1)


def test_a_version_that_holds_again_what_was_deployed_is_told_as_such(watched: Watched) -> None:
    """Its fault ends at that moment, and the log says so once; other versions and models stay changed."""
    for model in ("mnist", "other"):
        watched.ready(model, {1: 0.9, 2: 0.9})
        watched.deploy(model, 1)
        watched.settle()
    for model, number in (("other", 1), ("mnist", 2), ("mnist", 1)):
        change(watched, number, model)
    begun = {(fault.model, fault.version) for fault in watched.faults()}
    assert begun == {("other", 1), ("mnist", 2), ("mnist", 1)}
    assert told(watched, "restored") == []

    watched.clock.passed += 7.0
    since = watched.clock.now()
    watched.put_version("mnist", 1)
    watched.settle()
    [event] = told(watched, "restored")
    assert (event.message, event.severity) == ("version 1 holds again what was deployed", Severity.INFO)
    assert (event.model, event.version) == ("mnist", 1)
    assert since < event.at <= watched.clock.now()
    assert {(fault.model, fault.version) for fault in watched.faults()} == begun - {("mnist", 1)}
    with watched.writer.transaction() as connection:
        [ended] = faults.ended(connection, since=0.0, limit=9)
    assert (ended.code, ended.model, ended.version, ended.last_at) == (CHANGED_FAULT, "mnist", 1, event.at)
    assert watched.version("mnist", 1).status is Status.CHECKING


def test_a_deployed_version_that_went_and_came_back_was_not_restored(watched: Watched) -> None:
    """It never held anything else, and so there is nothing to say but that it is back."""
    watched.ready("mnist", {1: 0.9})
    watched.deploy("mnist", 1)
    watched.settle()
    folder = watched.workspace.version_folder("mnist", 1)
    folder.rename(watched.workspace.root / "aside")
    watched.settle()
    since = watched.clock.now()
    (watched.workspace.root / "aside").rename(folder)
    watched.settle()
    assert told(watched, "restored") == []
    back = told(watched, "found")[-1]
    assert (back.message, back.severity) == ("version 1 is back in models/mnist", Severity.INFO)
    assert (back.model, back.version) == ("mnist", 1)
    assert since < back.at <= watched.clock.now()


def test_a_changed_version_is_evaluated_again_and_not_called_new(watched: Watched) -> None:
    """Its content has arrived as a new one's has; but whoever looks for new versions knows of it."""
    watched.ready("mnist", {1: 0.9})
    with watched.writer.transaction() as connection:
        connection.execute("UPDATE jobs SET state = ?", (JobState.SUCCEEDED,))
    since = change(watched)
    [job] = [job for job in watched.jobs() if job.state is JobState.QUEUED]
    assert (job.kind, job.model, job.version) == (JobKind.EVALUATE, "mnist", 1)
    assert job.requested_by == "arrival"
    assert since < job.requested_at <= watched.clock.now()
    assert [event.message for event in told(watched, "found")] == ["version 1 found in models/mnist"]


def test_what_a_changed_version_held_when_it_was_deployed_stays_on_record(watched: Watched) -> None:
    """Whatever is in its folder now: that is what a repair brings back, and what the next check compares with."""
    watched.ready("mnist", {1: 0.9})
    watched.deploy("mnist", 1)
    watched.settle()
    version = watched.version("mnist", 1)
    for _ in range(2):
        change(watched)
        watched.evaluated("mnist", 1)
        watched.settle()
    with watched.writer.transaction() as connection:
        kept = deployed.read(connection, version.id)
    assert kept is not None
    assert (kept.sha256, watched.version("mnist", 1).sha256 == version.sha256) == (version.sha256, False)
