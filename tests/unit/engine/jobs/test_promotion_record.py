"""Promises about what the history keeps of a promotion's targets."""

import pytest

from storage.errors import JobError
from storage.promotion_records import Promotion
from storage.tables import promotions
from storage.vocabulary import JobKind, PromotionOutcome
from tests.unit.engine.jobs.test_telling import Stage, stage

__all__ = ["stage"]


def test_each_promotion_keeps_what_its_targets_said(stage: Stage) -> None:
    """The history has who was told of each change and what came of it, also where it was taken back."""
    stage.do(JobKind.PROMOTE, 2)
    stage.refused.write_text("last 3\n")
    with pytest.raises(JobError):
        stage.do(JobKind.PROMOTE, 3)
    with stage.watched.writer.transaction() as connection:
        failed, done = promotions.entries(connection, "mnist")
    assert (done.outcome, done.problem) == (PromotionOutcome.DONE, "")
    assert [(told.name, str(told.state), told.message) for told in done.told] == [
        ("first", "confirmed", "first has it"),
        ("tensorflow-serving", "confirmed", "written; no url to ask"),
        ("last", "confirmed", "last has it"),
    ]
    assert failed.outcome is PromotionOutcome.ABANDONED
    assert "not this one" in failed.problem
    assert [(told.name, told.message) for told in failed.told][:2] == [
        ("first", "taken back: another target failed"),
        ("tensorflow-serving", "taken back: another target failed"),
    ]
    assert [entry.to_version for entry in promotions_done(stage)] == [2]


def promotions_done(stage: Stage) -> list[Promotion]:
    """Return the promotions that came about."""
    with stage.watched.writer.transaction() as connection:
        return promotions.read(connection, "mnist")
