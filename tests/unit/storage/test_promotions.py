"""Promises about the history of what was deployed: what an intent keeps, how it ends, and what is read of it."""

from typing import Any

import pytest

from storage.database import Writer
from storage.promotion_records import GateCheck, GateReport, Promotion, ToldTarget
from storage.tables import models, promotions
from storage.vocabulary import CheckVerdict, JobKind, PromotionOutcome, TargetKind, TargetState, Verdict

GATE = GateReport(1, Verdict.SUPERIOR, (GateCheck("accuracy", CheckVerdict.PASS, "0.8 -> 0.9"),))


class History:
    """Two models' promotions, as one of them is made."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        with writer.transaction() as connection:
            self.ids = {name: models.ensure(connection, name, now=0.0) for name in ("mnist", "other")}

    def intend(self, to_number: int, *, model: str = "mnist", **given: Any) -> int:
        """Record an intent, a promotion by ann of what nothing lies under where nothing else is said."""
        what: dict[str, Any] = {
            "job_id": None,
            "at": 10.0,
            "requested_by": "ann",
            "kind": JobKind.PROMOTE,
            "from_number": None,
            "gate": None,
        }
        with self.writer.transaction() as connection:
            return promotions.intend(connection, self.ids[model], to_number=to_number, **{**what, **given})

    def done(self, to_number: int, **given: Any) -> int:
        """Record a switch that came about."""
        number = self.intend(to_number, **given)
        self.settle(number, PromotionOutcome.DONE)
        return number

    def settle(self, number: int, outcome: PromotionOutcome, problem: str = "") -> None:
        """Record how an intent ended."""
        with self.writer.transaction() as connection:
            promotions.settle(connection, number, outcome, problem=problem)

    def row(self, number: int) -> dict[str, Any]:
        """Return an intent that is not settled, by column."""
        with self.writer.transaction() as connection:
            return next(dict(row) for row in promotions.unsettled(connection) if row["id"] == number)

    def brought(self, number: int, model: str = "mnist") -> int | None:
        """Return what lies under a version."""
        with self.writer.transaction() as connection:
            return promotions.brought_by(connection, self.ids[model], number)


@pytest.fixture
def history(writer: Writer) -> History:
    """Return a history without entries."""
    return History(writer)


def test_the_history_has_everything_that_was_intended(history: History) -> None:
    """By whom, when, from and to which version, what the gate said, whether it was forced and why."""
    number = history.intend(
        3,
        at=12.5,
        requested_by="bob",
        kind=JobKind.ROLLBACK,
        from_number=4,
        gate=GATE,
        forced=True,
        reason="it burns",
    )
    told = (ToldTarget("shop", TargetKind.COMMAND, TargetState.CONFIRMED, "has it"),)
    with history.writer.transaction() as connection:
        promotions.set_told(connection, number, told)
    history.settle(number, PromotionOutcome.DONE)
    with history.writer.transaction() as connection:
        [found] = promotions.read(connection, "mnist")
    assert found == Promotion(
        id=number,
        model="mnist",
        at=12.5,
        requested_by="bob",
        from_version=4,
        to_version=3,
        kind=JobKind.ROLLBACK,
        verdict=Verdict.SUPERIOR,
        checks=GATE.checks,
        forced=True,
        reason="it burns",
        outcome=PromotionOutcome.DONE,
        problem="",
        told=told,
    )


def test_a_switch_that_nobody_judged_has_no_verdict(history: History) -> None:
    """A rollback asks no gate; that is no verdict, and neither is it forced."""
    history.done(1)
    with history.writer.transaction() as connection:
        [found] = promotions.entries(connection, "mnist")
    assert (found.verdict, found.checks, found.forced, found.reason) == (None, (), False, "")


def test_a_crash_leaves_what_the_next_engine_needs(history: History) -> None:
    """The model's name, the content, how long its probation is, and when nobody is at it any more."""
    plain = history.row(history.intend(1))
    assert (plain["patience_s"], plain["sha256"], plain["probation_s"]) == (30.0, "", 0.0)
    given = history.intend(2, model="other", patience_s=7.0, sha256="c" * 64, probation_s=60.0)
    row = history.row(given)
    assert (row["model"], row["model_id"], row["job_id"]) == ("other", history.ids["other"], None)
    assert (row["patience_s"], row["sha256"], row["probation_s"]) == (7.0, "c" * 64, 60.0)


def test_what_is_taken_up_again_has_its_time_anew(history: History) -> None:
    """Patience is counted from the intent; where its work begins later it ends as much later."""
    one, other = history.intend(1, at=10.0), history.intend(2, at=10.0)
    with history.writer.transaction() as connection:
        promotions.prolong(connection, one, now=25.0, patience_s=5.0)
    assert history.row(one)["patience_s"] == 20.0
    assert history.row(other)["patience_s"] == 30.0


@pytest.mark.parametrize("outcome", [PromotionOutcome.DONE, PromotionOutcome.ABANDONED])
def test_a_settled_switch_is_open_no_longer(history: History, outcome: PromotionOutcome) -> None:
    """Only the one that ended: the others are still somebody's, the oldest first."""
    first, second, third = (history.intend(number) for number in (1, 2, 3))
    history.settle(second, outcome, "no room\nleft")
    with history.writer.transaction() as connection:
        assert [promotions.is_open(connection, one) for one in (first, second, third)] == [True, False, True]
        assert [row["id"] for row in promotions.unsettled(connection)] == [first, third]
        ended = {one.id: (one.outcome, one.problem) for one in promotions.entries(connection, "mnist")}
    intended = (PromotionOutcome.INTENDED, "")
    assert ended == {first: intended, second: (outcome, "no room left"), third: intended}


def test_a_switch_that_came_about_has_no_problem(history: History) -> None:
    """Nothing is said where nothing has to be."""
    number = history.intend(1)
    with history.writer.transaction() as connection:
        promotions.settle(connection, number, PromotionOutcome.DONE)
        [found] = promotions.read(connection, "mnist")
    assert (found.outcome, found.problem) == (PromotionOutcome.DONE, "")


def test_only_what_came_about_is_history(history: History) -> None:
    """The newest first, of one model, and no more than are asked for; the entries have the others too."""
    ids = [history.done(number) for number in (1, 2, 3)]
    abandoned = history.intend(4)
    history.settle(abandoned, PromotionOutcome.ABANDONED)
    history.done(9, model="other")
    with history.writer.transaction() as connection:
        assert [one.id for one in promotions.read(connection, "mnist")] == ids[::-1]
        assert [one.id for one in promotions.read(connection, "mnist", limit=2)] == [ids[2], ids[1]]
        assert [one.id for one in promotions.entries(connection, "mnist")] == [abandoned, *ids[::-1]]
        assert [one.id for one in promotions.entries(connection, "mnist", limit=2)] == [abandoned, ids[2]]


def test_what_lies_under_a_version_is_what_its_last_promotion_replaced(history: History) -> None:
    """Rollbacks and switches that came to nothing put nothing on top, and other models have their own versions."""
    assert history.brought(2) is None
    history.done(2, from_number=1)
    assert history.brought(2) == 1
    history.done(2, from_number=5)
    history.done(2, from_number=6, kind=JobKind.ROLLBACK)
    history.settle(history.intend(2, from_number=7), PromotionOutcome.ABANDONED)
    history.done(3, from_number=8)
    history.done(2, from_number=9, model="other")
    assert history.brought(2) == 5
    assert history.brought(2, "other") == 9
