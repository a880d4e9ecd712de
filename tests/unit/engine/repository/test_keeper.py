"""Promises about the copies of what is deployed: there without anybody asking, and no more of them than needed."""

import errno
import os
import shutil
import time

import pytest

from engine.repository.keeper import NOT_KEPT_FAULT, RETRY_S, Keeper
from engine.repository.objects import Objects
from storage.promotion_records import DeployedContent
from storage.tables import deployed, models
from tests.watched import Watched


@pytest.fixture
def two(watched: Watched) -> Watched:
    """Return a workspace in which version 1 was deployed by hand, then version 2."""
    watched.ready("mnist", {1: 0.9, 2: 0.95, 3: 0.96})
    for number in (1, 2):
        watched.deploy("mnist", number)
        watched.settle()
    return watched


def keeper(watched: Watched) -> Keeper:
    """Return what looks after the copies, as a new engine has it."""
    return Keeper(watched.workspace, watched.writer, now=watched.clock.now, monotonic=watched.clock.monotonic)


def kept(watched: Watched) -> set[str]:
    """Return the contents of which there are copies."""
    return {path.name for path in watched.workspace.objects.iterdir()}


def sums(watched: Watched, *numbers: int) -> set[str]:
    """Return what versions of mnist hold according to their record."""
    return {watched.version("mnist", number).sha256 or "" for number in numbers}


def on_record(watched: Watched, number: int) -> DeployedContent | None:
    """Return what is on record as deployed."""
    version = watched.version("mnist", number)
    with watched.writer.transaction() as connection:
        return deployed.read(connection, version.id)


def test_what_is_deployed_by_hand_and_what_was_before_get_copies(two: Watched) -> None:
    """A link that a person moved is a deployment like any other; versions that never were deployed have no copy."""
    keeper(two).look()
    assert kept(two) == sums(two, 1, 2)


def test_copies_of_what_is_no_longer_deployed_go(two: Watched) -> None:
    """Of each model there are two at most, beside those that are in use."""
    keeper(two).look()
    two.deploy("mnist", 3)
    two.settle()
    held = Objects(two.workspace.objects).find("model.onnx", *sums(two, 1))
    assert held is not None
    keeper(two).look()
    assert kept(two) == sums(two, 1, 2, 3)
    held.close()
    keeper(two).look()
    assert kept(two) == sums(two, 2, 3)


def test_what_was_deployed_stays_on_record_when_its_folder_changes(two: Watched) -> None:
    """Neither the scanner nor the keeper takes changed content for what was deployed, and its copy stays."""
    keeper(two).look()
    before = on_record(two, 2)
    assert before is not None
    two.put_version("mnist", 2, "changed by somebody")
    two.settle()
    two.evaluated("mnist", 2)
    two.settle()
    assert two.version("mnist", 2).sha256 != before.sha256
    keeper(two).look()
    assert on_record(two, 2) == before
    assert before.sha256 in kept(two)
    # Not even a link that is removed and set again makes it so.
    two.workspace.current_link("mnist").unlink()
    two.settle()
    two.deploy("mnist", 2)
    two.settle()
    assert on_record(two, 2) == before


def test_an_older_workspace_gets_its_copies(two: Watched) -> None:
    """Where nothing is on record yet, what the folders hold is what was deployed."""
    with two.writer.transaction() as connection:
        connection.execute("DELETE FROM deployed_contents")
    keeper(two).look()
    assert kept(two) == sums(two, 1, 2)
    found = on_record(two, 2)
    assert found is not None
    assert {found.sha256} == sums(two, 2)


def test_a_copy_that_cannot_be_kept_is_a_fault_until_it_can(two: Watched) -> None:
    """A person learns that a repair would find nothing; it is tried again later, and not all the time."""
    looking = keeper(two)

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "write", full)
        looking.look()
    assert {(fault.code, fault.version) for fault in two.faults()} == {
        (NOT_KEPT_FAULT, 1),
        (NOT_KEPT_FAULT, 2),
    }
    assert "No space left on device" in two.faults()[0].message
    looking.look()
    assert kept(two) == set()
    two.clock.passed += RETRY_S
    looking.look()
    assert kept(two) == sums(two, 1, 2)
    assert two.faults() == []


def test_a_fault_about_a_copy_ends_with_the_deployment(two: Watched) -> None:
    """What is not deployed any more needs no copy."""
    shutil.rmtree(two.workspace.objects, ignore_errors=True)
    two.workspace.objects.touch()
    looking = keeper(two)
    with pytest.raises(NotADirectoryError):
        looking.look()
    assert NOT_KEPT_FAULT in {fault.code for fault in two.faults()}
    two.workspace.objects.unlink()
    with two.writer.transaction() as connection:
        model = models.model_id(connection, "mnist")
        assert model is not None
        models.set_current(connection, model, current_id=None, previous_id=None)
    looking.look()
    assert two.faults() == []


def test_it_looks_by_itself_once_it_is_started(two: Watched) -> None:
    """As a part of the engine it needs nobody to ask."""
    part = keeper(two)
    two.workspace.objects.mkdir()
    part.start()
    deadline = time.monotonic() + 60
    while kept(two) != sums(two, 1, 2):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    part.stop()
