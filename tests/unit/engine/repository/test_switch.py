"""Promises about the link that says what is deployed."""

import os
from pathlib import Path

import pytest

from engine.repository.scanner import Link
from engine.repository.switch import interpret, preflight, read_current, recover, switch
from storage.errors import RefusedError
from storage.tables import faults, models, promotions
from storage.vocabulary import JobKind, PromotionOutcome
from storage.workspace import Workspace
from tests.watched import Watched


def two_versions(workspace: Workspace) -> Path:
    """Make two version folders of mnist and return the model's folder."""
    for number in (1, 2):
        workspace.version_folder("mnist", number).mkdir(parents=True)
    return workspace.models / "mnist"


def intend(watched: Watched, kind: JobKind, from_number: int | None, to_number: int) -> None:
    """Record the intent of a switch whose engine died."""
    with watched.writer.transaction() as connection:
        model_id = models.model_id(connection, "mnist")
        assert model_id is not None
        promotions.intend(
            connection,
            model_id,
            job_id=None,
            at=watched.clock.now(),
            requested_by="ann",
            kind=kind,
            from_number=from_number,
            to_number=to_number,
            gate=None,
        )


def outcomes(watched: Watched) -> list[str]:
    """Return how every switch on record ended, oldest first."""
    with watched.writer.transaction() as connection:
        return [row["outcome"] for row in connection.execute("SELECT outcome FROM promotions ORDER BY id")]


def test_a_switch_points_the_link_at_the_version_by_a_relative_path(workspace: Workspace) -> None:
    """The link survives a move of the whole repository, and nothing else stays behind."""
    home = two_versions(workspace)
    switch(workspace, "mnist", 2)
    assert str((home / "current").readlink()) == "2"
    assert {path.name for path in home.iterdir()} == {"1", "2", "current"}
    assert read_current(workspace, "mnist") == 2


def test_a_reader_never_sees_the_link_missing(workspace: Workspace) -> None:
    """The new link takes the old one's name in one step: its name never goes."""
    home = two_versions(workspace)
    switch(workspace, "mnist", 1)
    inode = (home / "current").lstat().st_ino
    descriptor = os.open(home / "current", os.O_RDONLY)
    switch(workspace, "mnist", 2)
    assert (home / "current").lstat().st_ino != inode
    assert os.fstat(descriptor).st_ino == (home / "1").stat().st_ino
    os.close(descriptor)


@pytest.mark.parametrize(
    ("target", "number"),
    [
        ("2", 2),
        ("./2", 2),
        ("2/", 2),
        ("02", None),
        ("../mnist/2", None),
        ("2/model.keras", None),
        ("/tmp/2", None),
    ],
)
def test_a_link_means_a_version_beside_it_or_nothing(
    workspace: Workspace, target: str, number: int | None
) -> None:
    """Only a number in the model's own folder is a version."""
    found = interpret(workspace, "mnist", Link(target))
    assert found.number == number
    assert bool(found.problem) is (number is None)


def test_an_absolute_link_into_the_model_s_folder_means_the_version(workspace: Workspace) -> None:
    """People write absolute links by hand."""
    link = Link(str(workspace.version_folder("mnist", 2)))
    assert interpret(workspace, "mnist", link).number == 2


def test_a_switch_to_what_is_no_folder_is_refused_before_anything_moves(workspace: Workspace) -> None:
    """A missing version, a file and a link in a version's place are told apart from a version."""
    home = two_versions(workspace)
    (home / "3").write_text("x")
    (home / "4").symlink_to("1")
    for number, said in (
        (9, "cannot be reached: No such file"),
        (3, "is not a folder"),
        (4, "is not a folder"),
    ):
        with pytest.raises(RefusedError, match=f"models/mnist/{number} {said}"):
            preflight(workspace, "mnist", number)


def test_a_folder_in_the_link_s_place_is_refused(workspace: Workspace) -> None:
    """A folder called current is never replaced."""
    home = two_versions(workspace)
    (home / "current").mkdir()
    with pytest.raises(RefusedError, match=r"models/mnist/current is not a symbolic link\."):
        preflight(workspace, "mnist", 1)


def test_a_read_only_folder_is_refused_in_words(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the model's folder cannot be written, nothing is tried."""
    two_versions(workspace)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(RefusedError, match=r"models/mnist cannot be written by this user\."):
        preflight(workspace, "mnist", 1)


def test_an_interrupted_promotion_that_took_effect_is_completed(watched: Watched) -> None:
    """The link decides: where it points to the new version, the history and the record follow."""
    watched.ready("mnist", {1: 0.9, 2: 0.95})
    watched.deploy("mnist", 1)
    watched.settle()
    intend(watched, JobKind.PROMOTE, 1, 2)
    watched.deploy("mnist", 2)
    recover(watched.workspace, watched.writer, watched.clock.now())
    model = watched.model("mnist")
    assert model.current is not None
    assert model.previous is not None
    assert (model.current.number, model.previous.number) == (2, 1)
    latest = watched.promotions("mnist")[0]
    assert (latest.to_version, latest.requested_by) == (2, "ann")
    assert watched.messages()[-1] == "the promotion to version 2 was interrupted after it had taken effect"


def test_an_interrupted_promotion_that_did_not_take_effect_is_abandoned(watched: Watched) -> None:
    """Where the link still points to the old version, nothing happened, and people are told."""
    watched.ready("mnist", {1: 0.9, 2: 0.95})
    watched.deploy("mnist", 1)
    watched.settle()
    intend(watched, JobKind.PROMOTE, 1, 2)
    recover(watched.workspace, watched.writer, watched.clock.now())
    current = watched.model("mnist").current
    assert current is not None
    assert current.number == 1
    assert outcomes(watched) == [PromotionOutcome.DONE, PromotionOutcome.ABANDONED]
    assert watched.messages()[-1] == "the promotion to version 2 was interrupted; nothing changed"


@pytest.mark.parametrize("by_hand", [True, False], ids=["by hand", "interrupted"])
def test_what_a_switch_may_have_ended_is_looked_at_at_once(watched: Watched, *, by_hand: bool) -> None:
    """However it was made: where a fault of the version before is open, what is deployed now is checked; else it is not."""
    watched.ready("mnist", {1: 0.9, 2: 0.95})
    watched.deploy("mnist", 1)
    watched.settle()
    assert [job for job in watched.jobs() if job.kind is JobKind.CHECK] == []
    with watched.writer.transaction() as connection:
        faults.open_fault(connection, "below", "It is.", at=watched.clock.now(), model="mnist", version=1)
    if not by_hand:
        intend(watched, JobKind.PROMOTE, 1, 2)
    watched.deploy("mnist", 2)
    if not by_hand:
        recover(watched.workspace, watched.writer, watched.clock.now())
    watched.settle()
    [check] = [job for job in watched.jobs() if job.kind is JobKind.CHECK]
    assert (check.model, check.version, check.requested_by) == ("mnist", None, "hand" if by_hand else "ann")


def test_an_interrupted_roll_back_uncovers_what_lay_under_it(watched: Watched) -> None:
    """A rollback that took effect leaves the version below as the next one to roll back to."""
    watched.ready("mnist", {1: 0.9, 2: 0.95, 3: 0.96})
    for number in (1, 2, 3):
        watched.deploy("mnist", number)
        watched.settle()
    intend(watched, JobKind.ROLLBACK, 3, 2)
    watched.deploy("mnist", 2)
    recover(watched.workspace, watched.writer, watched.clock.now())
    previous = watched.model("mnist").previous
    assert previous is not None
    assert previous.number == 1


def test_recovering_sweeps_half_made_links_and_nothing_else(watched: Watched) -> None:
    """Links that a crash left under their temporary name go; a file of that name stays."""
    home = two_versions(watched.workspace)
    (home / ".current.tmp-0123").symlink_to("2")
    (home / ".current.tmp-file").write_text("mine")
    recover(watched.workspace, watched.writer, watched.clock.now())
    assert {path.name for path in home.iterdir()} == {"1", "2", ".current.tmp-file"}


def test_a_switch_under_way_is_not_taken_for_somebody_else_s(watched: Watched) -> None:
    """Between the link and its record a pass sees the difference and leaves it to the job that makes it."""
    watched.ready("mnist", {1: 0.9, 2: 0.95})
    watched.deploy("mnist", 1)
    watched.settle()
    with watched.writer.transaction() as connection:
        connection.execute("UPDATE jobs SET state = 'running' WHERE id = 1")
    intend(watched, JobKind.PROMOTE, 1, 2)
    with watched.writer.transaction() as connection:
        connection.execute("UPDATE promotions SET job_id = 1 WHERE outcome = 'intended'")
    watched.deploy("mnist", 2)
    watched.scan()
    assert outcomes(watched) == [PromotionOutcome.DONE, PromotionOutcome.INTENDED]

    watched.scan(31.0)
    assert outcomes(watched) == [PromotionOutcome.DONE, PromotionOutcome.DONE]
    assert watched.promotions("mnist")[0].requested_by == "ann"
