"""Promises about versions on probation: what is kept of one, how it ends, and what was ever deployed."""

import sqlite3
from collections.abc import Iterator

import pytest

from storage.database import Writer
from storage.promotion_records import DeployedContent, Probation
from storage.tables import deployed, models, probations, promotions
from storage.vocabulary import Format, JobKind, ProbationState, PromotionOutcome, Status

A, B, C = (letter * 64 for letter in "abc")


class Watching:
    """Three models, and what is put on probation of them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.ids = {name: models.ensure(connection, name, now=0.0) for name in ("mnist", "other", "third")}

    def begin(self, model: str, number: int, now: float = 10.0) -> int:
        """Put a version on probation for an hour, looked at every five minutes, and return the probation's id."""
        probations.begin(
            self.connection, self.ids[model], number=number, sha256=A, now=now, length_s=3600.0, every_s=300.0
        )
        found = probations.open_one(self.connection, self.ids[model])
        assert found is not None
        return found.id

    def promoted(self, number: int, sha256: str, *, model: str = "mnist", done: bool = True) -> None:
        """Record a promotion, one that came to nothing where it is not ``done``."""
        promotion = promotions.intend(
            self.connection,
            self.ids[model],
            job_id=None,
            at=1.0,
            requested_by="ann",
            kind=JobKind.PROMOTE,
            from_number=None,
            to_number=number,
            gate=None,
            sha256=sha256,
        )
        outcome = PromotionOutcome.DONE if done else PromotionOutcome.ABANDONED
        promotions.settle(self.connection, promotion, outcome)

    def known(self, number: int, sha256: str, model: str = "mnist") -> bool:
        """Whether a version was ever deployed."""
        return probations.was_deployed(self.connection, self.ids[model], number=number, sha256=sha256)


@pytest.fixture
def watching(writer: Writer) -> Iterator[Watching]:
    """Return models without probations."""
    with writer.transaction() as connection:
        yield Watching(connection)


def test_a_probation_has_everything_that_it_began_with(watching: Watching) -> None:
    """Of which model and content, from when to when, and how often it is looked at: not once yet."""
    number = watching.begin("mnist", 3)
    assert probations.open_one(watching.connection, watching.ids["mnist"]) == Probation(
        id=number,
        model="mnist",
        number=3,
        sha256=A,
        begun_at=10.0,
        ends_at=3610.0,
        every_s=300.0,
        looks=0,
        looked_at=10.0,
        state=ProbationState.OPEN,
        reason="",
    )


def test_a_look_is_asked_for_and_counts_where_it_worked(watching: Watching) -> None:
    """When it was asked for, and how many worked; another model's, and another version's look, is none of it."""
    one, other = watching.begin("mnist", 3), watching.begin("other", 3)
    for now in (310.0, 620.0, 930.0):
        probations.asked(watching.connection, one, now=now)
    for model, number in (("mnist", 3), ("mnist", 3), ("mnist", 4), ("nobody", 3)):
        probations.looked(watching.connection, model, number)
    found = {each.id: (each.looks, each.looked_at) for each in probations.all_open(watching.connection)}
    assert found == {one: (2, 930.0), other: (0, 10.0)}


def test_no_look_counts_for_a_probation_that_is_over(watching: Watching) -> None:
    """An evaluation that ends after it changes nothing of it."""
    number = watching.begin("mnist", 3)
    probations.end(watching.connection, number, ProbationState.PASSED)
    probations.looked(watching.connection, "mnist", 3)
    [found] = probations.read(watching.connection, "mnist")
    assert found.looks == 0


def test_a_probation_ends_once_and_with_its_reason(watching: Watching) -> None:
    """It is under way no longer, the others are; a reason is one line, and there may be none."""
    first, other = watching.begin("mnist", 3), watching.begin("other", 1)
    probations.end(watching.connection, first, ProbationState.FAILED, reason="accuracy\nfell")
    second = watching.begin("mnist", 4, now=20.0)
    probations.end(watching.connection, second, ProbationState.PASSED)
    told = [(each.id, each.state, each.reason) for each in probations.read(watching.connection, "mnist")]
    assert told == [
        (second, ProbationState.PASSED, ""),
        (first, ProbationState.FAILED, "accuracy fell"),
    ]
    assert [each.id for each in probations.all_open(watching.connection)] == [other]
    assert probations.open_one(watching.connection, watching.ids["mnist"]) is None


def test_what_is_under_way_is_found_of_the_models_that_are_asked_for(watching: Watching) -> None:
    """The oldest first where all are, and by the models' ids where some are; a model has one at most."""
    ids = {model: watching.begin(model, 1) for model in ("other", "mnist")}
    opened = probations.all_open(watching.connection)
    assert [(each.id, each.model) for each in opened] == [(ids["other"], "other"), (ids["mnist"], "mnist")]
    wanted = [watching.ids["mnist"], watching.ids["third"]]
    found = probations.open_of(watching.connection, wanted)
    assert {model: each.id for model, each in found.items()} == {watching.ids["mnist"]: ids["mnist"]}
    assert probations.open_of(watching.connection, []) == {}
    with pytest.raises(sqlite3.IntegrityError):
        watching.begin("mnist", 2)


def test_a_version_that_a_promotion_brought_was_deployed(watching: Watching) -> None:
    """By its number or by its content under another one; one that came to nothing, and another model's, do not count."""
    watching.promoted(3, A)
    watching.promoted(4, B, done=False)
    watching.promoted(5, C, model="other")
    assert watching.known(3, A)
    assert watching.known(3, B)
    assert watching.known(9, A)
    assert not watching.known(4, B)
    assert not watching.known(5, C)
    assert watching.known(5, C, "other")
    assert not watching.known(3, A, "other")


def test_a_content_that_a_link_deployed_by_hand_was_deployed(watching: Watching) -> None:
    """No promotion says so, but what it held is on record: as such a content, whatever its number, of this model."""
    version = models.add_version(
        watching.connection, watching.ids["mnist"], 3, status=Status.READY, found_at=0.0
    )
    content = DeployedContent(artefact="m.onnx", format=Format.ONNX, sha256=A, bytes=1, companions=())
    deployed.remember(watching.connection, version, content)
    assert watching.known(3, A)
    assert watching.known(9, A)
    assert not watching.known(3, B)
    assert not watching.known(3, A, "other")
