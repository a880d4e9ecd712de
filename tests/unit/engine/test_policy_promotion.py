"""What is decided about promoting without a person: tables of cases."""

from typing import Any

import pytest

from engine.policy import (
    LONGEST_LOOK_S,
    LOOKS,
    TRIED_AGAIN_S,
    Attempt,
    Candidacy,
    Next,
    Trial,
    look_every,
    may_try,
    missed,
    on_probation,
    promotes,
    tells_again,
)
from storage.objectives import Miss
from storage.vocabulary import JobState

NOW = 100_000.0

GOOD = Candidacy(
    automatic=True,
    dry_run=False,
    passed=True,
    missed=False,
    known=False,
    on_probation=False,
    busy=False,
)


def test_a_candidate_that_nothing_holds_back_is_promoted() -> None:
    """All that is wanted is there."""
    assert promotes(GOOD, None, NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"automatic": False},
        {"dry_run": True},
        {"passed": False},
        {"missed": True},
        {"known": True},
        {"on_probation": True},
        {"busy": True},
    ],
)
def test_each_single_thing_holds_a_candidate_back(changes: dict[str, bool]) -> None:
    """One reason is enough."""
    assert not promotes(GOOD._replace(**changes), None, NOW)


@pytest.mark.parametrize(
    ("last", "may"),
    [
        (None, True),
        (Attempt(JobState.INTERRUPTED, NOW), True),
        (Attempt(JobState.SUCCEEDED, NOW), True),
        (Attempt(JobState.CANCELLED, 0.0), False),
        (Attempt(JobState.FAILED, NOW - 1), False),
        (Attempt(JobState.FAILED, NOW - TRIED_AGAIN_S), True),
        (Attempt(JobState.RUNNING, None), False),
        # The clock was set back by a day: it is not waited for.
        (Attempt(JobState.FAILED, NOW + 86400), True),
    ],
)
def test_what_did_not_work_is_tried_again_in_time_or_never(last: Attempt | None, *, may: bool) -> None:
    """What a person cancelled stays so; what failed may be mended meanwhile."""
    assert may_try(last, NOW) is may
    assert promotes(GOOD, last, NOW) is may


@pytest.mark.parametrize(
    ("probation_s", "every_s"), [(5, 1.0), (60, 10.0), (3600, 600.0), (86400, LONGEST_LOOK_S)]
)
def test_a_probation_is_looked_at_six_times_and_every_ten_minutes(probation_s: float, every_s: float) -> None:
    """The pause between two looks follows from the length."""
    assert look_every(probation_s) == every_s


EARLY = Trial(ends_at=NOW + 1000, looks=1, next_look_at=NOW + 100, busy=False, switching=False)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, Next.WAIT),
        ({"next_look_at": NOW}, Next.LOOK),
        ({"next_look_at": NOW, "busy": True}, Next.WAIT),
        ({"trouble": ("", "it is torn")}, Next.ROLL_BACK),
        ({"trouble": ("it is torn",), "busy": True}, Next.ROLL_BACK),
        ({"trouble": ("it is torn",), "switching": True}, Next.WAIT),
        ({"ends_at": NOW, "looks": LOOKS}, Next.PASS),
        ({"ends_at": NOW, "looks": LOOKS, "busy": True}, Next.WAIT),
        ({"ends_at": NOW, "looks": LOOKS, "trouble": ("it is torn",)}, Next.ROLL_BACK),
        ({"ends_at": NOW, "looks": LOOKS - 1}, Next.WAIT),
        ({"ends_at": NOW - 9999, "looks": LOOKS - 1, "next_look_at": NOW - 9}, Next.LOOK),
        ({"ends_at": NOW + 1, "looks": LOOKS + 9}, Next.WAIT),
        ({"next_look_at": NOW + LONGEST_LOOK_S}, Next.WAIT),
        # The clock was set back by a day.
        ({"ends_at": NOW + 86400, "next_look_at": NOW + 86400}, Next.LOOK),
    ],
)
def test_what_is_done_about_a_version_on_probation(changes: dict[str, Any], wanted: Next) -> None:
    """Trouble comes first, then what is under way, then the end, then the next look."""
    step = on_probation(EARLY._replace(**changes), NOW)
    assert step.next is wanted
    assert step.reason == ("it is torn" if wanted is Next.ROLL_BACK else "")


CERTAIN = Miss("accuracy", "accuracy is low", certain=True)
MOMENT = Miss("latency_p99_ms", "p99 is high", certain=False)
OTHER = Miss("latency_p50_ms", "p50 is high", certain=False)


@pytest.mark.parametrize(
    ("latest", "before", "said"),
    [
        ((), (), ""),
        ((CERTAIN,), (), "accuracy is low"),
        ((MOMENT,), (), ""),
        ((MOMENT,), (OTHER,), ""),
        ((MOMENT,), (MOMENT,), "p99 is high"),
        ((MOMENT, CERTAIN), (), "accuracy is low"),
        ((), (CERTAIN,), ""),
    ],
)
def test_a_figure_without_an_interval_must_be_missed_twice(
    latest: tuple[Miss, ...], before: tuple[Miss, ...], said: str
) -> None:
    """One bad moment rolls nothing back."""
    assert missed(latest, before) == said


def test_targets_are_told_again_soon_and_then_every_ten_minutes() -> None:
    """A server that begins anew is back within seconds; one that is down for a day is not asked without a pause."""
    assert not tells_again(NOW, None, NOW + 29.9)
    assert tells_again(NOW, None, NOW + 30.0)
    # The attempt ended without coming to the targets, so that they last failed long before.
    last = Attempt(JobState.FAILED, NOW)
    assert not tells_again(NOW - 9999.0, last, NOW + TRIED_AGAIN_S - 0.1)
    assert tells_again(NOW - 9999.0, last, NOW + TRIED_AGAIN_S)


@pytest.mark.parametrize(
    ("state", "may"),
    [
        (JobState.QUEUED, False),
        (JobState.RUNNING, False),
        (JobState.CANCELLED, False),
        (JobState.FAILED, True),
        (JobState.INTERRUPTED, True),
        (JobState.SUCCEEDED, True),
    ],
)
def test_targets_are_told_again_unless_somebody_does_or_said_no(state: JobState, *, may: bool) -> None:
    """What is under way is not asked for twice."""
    assert tells_again(NOW, Attempt(state, NOW), NOW + TRIED_AGAIN_S) is may


def test_a_clock_that_was_set_back_delays_no_telling() -> None:
    """What failed tomorrow is due today."""
    assert tells_again(NOW + 86_400.0, None, NOW)
