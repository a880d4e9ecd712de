"""A switch that was decided upon: what happens between its intent and the link may still stop it, and is on record."""

from collections.abc import Callable

import pytest

from engine.repository.deploy import Change, Deployer
from engine.repository.switch import read_current, recover
from storage import jobs
from storage.errors import RefusedError
from storage.tables import models
from storage.vocabulary import JobKind, PromotionOutcome, Status
from tests.watched import Watched


def deploy(watched: Watched, prove: Callable[[], None]) -> None:
    """Deploy version 1 of mnist, making sure in a way of the test's own that it can be loaded."""
    with watched.writer.transaction() as connection:
        jobs.add(connection, JobKind.PROMOTE, "mnist", 1, requested_by="ann", now=watched.clock.now())
        job = jobs.claim(connection, frozenset({JobKind.PROMOTE}), now=watched.clock.now())
    assert job is not None
    deployer = Deployer(watched.workspace, watched.writer, watched.clock.now, None)
    deployer.deploy(Change(job, None, watched.version("mnist", 1), message="promoted 1"), prove)


def outcomes(watched: Watched) -> list[tuple[str, str]]:
    """Return how each switch ended, and why."""
    with watched.writer.transaction() as connection:
        rows = connection.execute("SELECT outcome, problem FROM promotions ORDER BY id")
        return [(row["outcome"], row["problem"]) for row in rows]


@pytest.fixture
def one(watched: Watched) -> Watched:
    """Return a workspace with a good version of mnist."""
    watched.ready("mnist", {1: 0.9})
    return watched


def test_what_was_given_up_meanwhile_is_not_switched(one: Watched) -> None:
    """Somebody settled it from what the link says; that stays on record as it was settled."""
    with pytest.raises(RefusedError, match=r"Making sure of mnist@1 took so long that it was given up\."):
        deploy(one, lambda: recover(one.workspace, one.writer, one.clock.now()))
    assert read_current(one.workspace, "mnist") is None
    assert outcomes(one) == [(PromotionOutcome.ABANDONED, "")]


def test_a_version_that_proves_bad_meanwhile_is_not_switched(one: Watched) -> None:
    """Its status is read once more right before the link, in the transaction that begins the switch."""

    def fail() -> None:
        with one.writer.transaction() as connection:
            models.set_version(connection, one_id, status=Status.FAILED, reason="no memory")

    one_id = one.version("mnist", 1).id
    with pytest.raises(RefusedError, match=r"mnist@1 changed since you looked: it failed\."):
        deploy(one, fail)
    assert read_current(one.workspace, "mnist") is None
    [(outcome, problem)] = outcomes(one)
    assert outcome == PromotionOutcome.ABANDONED
    assert problem.startswith("mnist@1 changed since you looked")


def test_a_link_that_somebody_moves_meanwhile_is_left_alone(one: Watched) -> None:
    """What another person deployed by hand is not overwritten by a decision that did not know of it."""
    with pytest.raises(RefusedError, match="it was nothing, now it is version 1"):
        deploy(one, lambda: one.deploy("mnist", 1))
    assert [outcome for outcome, _ in outcomes(one)] == [PromotionOutcome.ABANDONED]


def test_without_settings_a_proven_version_is_deployed_all_the_same(one: Watched) -> None:
    """A rollback must work with a broken model.toml; what it brings back is on record as what was deployed."""
    proven: list[bool] = []
    deploy(one, lambda: proven.append(True))
    assert proven == [True]
    assert read_current(one.workspace, "mnist") == 1
    assert [outcome for outcome, _ in outcomes(one)] == [PromotionOutcome.DONE]
    assert one.messages()[-1] == "promoted 1"
