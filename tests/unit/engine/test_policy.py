"""What is decided about a version that does not load, and about one whose test data changed."""

import pytest

from engine.policy import (
    ATTEMPTS_BEFORE_QUARANTINE,
    Failure,
    Reaction,
    after_failed_load,
    after_shortage,
    on_test_data,
)
from storage.vocabulary import Status


@pytest.mark.parametrize(
    ("before", "status", "pause"),
    [
        (0, Status.FAILED, 30.0),
        (1, Status.FAILED, 120.0),
        (2, Status.QUARANTINED, None),
        (7, Status.QUARANTINED, None),
    ],
)
def test_a_version_is_tried_again_later_and_later_and_then_left_alone(
    before: int, status: Status, pause: float | None
) -> None:
    """Two pauses, then quarantine until its files change."""
    retry = after_failed_load(before, 1000.0)
    assert (retry.status, retry.failures) == (status, before + 1)
    assert retry.retry_at == (None if pause is None else 1000.0 + pause)


def test_what_looks_harmful_is_not_tried_again() -> None:
    """A model that was refused for what it asks for is put away at the first look."""
    assert after_failed_load(0, 1000.0, failure=Failure.REFUSED) == (Status.QUARANTINED, 1, None)


@pytest.mark.parametrize("before", [0, 2, 7])
def test_a_full_disk_counts_against_no_version(before: int) -> None:
    """What could not even be tried is tried again after a while, however often, and is never put away for it."""
    assert after_shortage(before, 1000.0) == (Status.FAILED, before, 1030.0)


def test_three_failures_are_enough() -> None:
    """The number that people are told is the number that is used."""
    assert after_failed_load(ATTEMPTS_BEFORE_QUARANTINE - 1, 0.0).status is Status.QUARANTINED


@pytest.mark.parametrize(
    ("stamp", "tried", "evaluated", "busy", "expected"),
    [
        ("", "", False, False, Reaction.NOTHING),
        ("", "old", True, False, Reaction.NOTHING),
        ("new", "new", True, False, Reaction.NOTHING),
        ("new", "new", False, False, Reaction.NOTHING),
        ("new", "new", True, True, Reaction.NOTHING),
        ("new", "old", True, False, Reaction.EVALUATE),
        ("new", "old", False, False, Reaction.EVALUATE),
        ("new", "", False, False, Reaction.EVALUATE),
        ("new", "", True, False, Reaction.REMEMBER),
        ("new", "old", True, True, Reaction.WAIT),
        ("new", "", False, True, Reaction.WAIT),
    ],
)
def test_new_data_are_evaluated_once(
    stamp: str,
    tried: str,
    evaluated: bool,  # noqa: FBT001 - a parameter
    busy: bool,  # noqa: FBT001 - a parameter
    expected: Reaction,
) -> None:
    """Whatever came of the last try, the same data are not tried again."""
    assert on_test_data(stamp, tried, evaluated=evaluated, busy=busy) is expected


def test_missing_walls_are_not_held_against_a_version() -> None:
    """It is not counted, and waits for the next engine, since only then can walls have come back."""
    assert after_failed_load(2, 1000.0, failure=Failure.UNCONFINED) == (Status.FAILED, 2, None)
