"""What is decided about a version that does not load."""

import pytest

from engine.policy import ATTEMPTS_BEFORE_QUARANTINE, after_failed_load
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
    assert after_failed_load(0, 1000.0, refused=True) == (Status.QUARANTINED, 1, None)


def test_three_failures_are_enough() -> None:
    """The number that people are told is the number that is used."""
    assert after_failed_load(ATTEMPTS_BEFORE_QUARANTINE - 1, 0.0).status is Status.QUARANTINED
