"""Promises about rolling back: to what was deployed before, one promotion after the other, or a refusal."""

from storage.vocabulary import JobKind, JobState, Role
from tests.unit.engine.jobs.asking import ask, deployed
from tests.watched import Watched


def test_a_roll_back_brings_back_what_was_deployed_before(three: Watched) -> None:
    """The answer has the same form, without a verdict, and the log says who did it."""
    ask(three, version=2)
    ask(three, version=3)
    outcome, answer = ask(three, JobKind.ROLLBACK, reason="alerts")
    assert outcome.state is JobState.SUCCEEDED
    assert answer == {"model": "mnist", "from": 3, "to": 2, "verdict": None, "promoted": True, "checks": []}
    assert deployed(three) == ("2", 2, None)
    assert three.messages()[-1] == "rolled back 3 > 2 by ann: alerts"
    assert three.promotions("mnist")[0].kind is JobKind.ROLLBACK
    assert three.version("mnist", 3).role is Role.CANDIDATE


def test_roll_backs_take_promotions_off_one_by_one(three: Watched) -> None:
    """Rolling back twice goes back twice, and then there is nothing left to go back to."""
    for number in (1, 2, 3):
        ask(three, version=number)
    assert deployed(three) == ("3", 3, 2)
    ask(three, JobKind.ROLLBACK)
    assert deployed(three) == ("2", 2, 1)
    ask(three, JobKind.ROLLBACK)
    assert deployed(three) == ("1", 1, None)
    outcome, answer = ask(three, JobKind.ROLLBACK)
    assert (outcome.code, outcome.error) == ("refused", "mnist has no previous version to roll back to.")
    assert (answer["from"], answer["to"], answer["promoted"]) == (1, None, False)


def test_a_promotion_after_a_roll_back_piles_up_anew(three: Watched) -> None:
    """Roll back, promote again, roll back again: always to what was there before."""
    for number in (1, 2):
        ask(three, version=number)
    ask(three, JobKind.ROLLBACK)
    ask(three, version=3)
    assert deployed(three) == ("3", 3, 1)
    ask(three, JobKind.ROLLBACK)
    assert deployed(three) == ("1", 1, None)


def test_a_roll_back_to_a_version_that_is_gone_is_refused(three: Watched) -> None:
    """The previous version must be there and ready."""
    ask(three, version=1)
    ask(three, version=2)
    three.workspace.version_folder("mnist", 1).rename(three.workspace.root / "aside")
    three.settle()
    outcome, _ = ask(three, JobKind.ROLLBACK)
    assert (outcome.code, outcome.error) == ("refused", "mnist@1 is missing: models/mnist/1 is gone.")


def test_a_roll_back_to_another_version_than_the_person_saw_is_refused(three: Watched) -> None:
    """The command says which version it means to bring back."""
    for number in (1, 2, 3):
        ask(three, version=number)
    outcome, _ = ask(three, JobKind.ROLLBACK, version=1)
    assert outcome.error == "mnist changed since you looked: a rollback would bring back version 2, not 1."
    outcome, _ = ask(three, JobKind.ROLLBACK, version=2, expected_sha256="0" * 64)
    assert outcome.error == "mnist@2 changed since you looked: its content is another."
    outcome, _ = ask(three, JobKind.ROLLBACK, expected_current=2)
    assert outcome.error == "mnist changed since you looked: version 3 is deployed, not version 2."
