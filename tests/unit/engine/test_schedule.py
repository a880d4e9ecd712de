"""When something is due: tables of settings and times."""

import pytest

from engine.schedule import Due, Seen, due, is_quiet, next_of, spread
from storage.maintenance_settings import Plan, Quiet
from storage.vocabulary import JobKind, RepairKind

NOW = 1_000_000.0
HOUR = 3600.0
NIGHT = Quiet(22 * 60, 6 * 60)


def plan(evaluate: float | None = None, check: float | None = HOUR, quiet: Quiet | None = None) -> Plan:
    """Return what holds for a model."""
    return Plan(evaluate, check, quiet, 1.0, 1.0, frozenset[RepairKind]())


def wanted(seen: Seen, *, minute: int = 12 * 60, since: float = NOW - 1e6) -> set[JobKind]:
    """Return the kinds of jobs that are due now."""
    return {one.kind for one in due(seen, now=NOW, minute=minute, since=since)}


@pytest.mark.parametrize(
    ("ago", "is_due"),
    [(0.0, False), (0.89 * HOUR, False), (1.0 * HOUR, True), (10 * HOUR, True)],
)
def test_a_check_is_due_after_its_interval(ago: float, is_due: bool) -> None:  # noqa: FBT001 - a column of the table
    """A tenth before it at the earliest, and never later than it."""
    assert (JobKind.CHECK in wanted(Seen("m", plan(), None, NOW - ago))) is is_due


def test_what_was_never_checked_waits_for_an_interval_since_the_start() -> None:
    """An engine that starts has other work; after a week without one the first check is due as well."""
    never = Seen("m", plan(), None, None)
    assert wanted(never, since=NOW - 60) == set()
    assert wanted(never, since=NOW - HOUR) == {JobKind.CHECK}


def test_evaluations_are_asked_for_where_a_schedule_says_so() -> None:
    """Not of what was never evaluated: its arrival sees to that."""
    assert wanted(Seen("m", plan(900.0, None), NOW - 900, None)) == {JobKind.EVALUATE}
    assert wanted(Seen("m", plan(900.0, None), NOW - 100, None)) == set()
    assert wanted(Seen("m", plan(900.0, None), None, None)) == set()
    assert wanted(Seen("m", plan(None, None), NOW - 1e6, NOW - 1e6)) == set()


@pytest.mark.parametrize(
    ("quiet", "minute", "expected"),
    [
        (NIGHT, 22 * 60, True),
        (NIGHT, 23 * 60, True),
        (NIGHT, 0, True),
        (NIGHT, 5 * 60 + 59, True),
        (NIGHT, 6 * 60, False),
        (NIGHT, 12 * 60, False),
        (Quiet(60, 120), 60, True),
        (Quiet(60, 120), 119, True),
        (Quiet(60, 120), 120, False),
        (Quiet(60, 120), 0, False),
    ],
)
def test_nothing_begins_in_quiet_hours(quiet: Quiet, minute: int, expected: bool) -> None:  # noqa: FBT001 - as above
    """Also over midnight; the minute of their end is no part of them."""
    assert is_quiet(quiet, minute) is expected
    late = Seen("m", plan(60.0, 60.0, quiet), NOW - 1e5, NOW - 1e5)
    assert (wanted(late, minute=minute) == set()) is expected


def test_a_clock_that_was_set_back_does_not_stop_anything() -> None:
    """What was done in the future is due, and not for years."""
    assert wanted(Seen("m", plan(), None, NOW + 1e6)) == {JobKind.CHECK}


def test_models_with_the_same_interval_are_spread() -> None:
    """Over a tenth of it, always the same way: a hundred models are not due in the same second."""
    moments = [spread(f"model {number}", JobKind.CHECK) for number in range(100)]
    assert moments == [spread(f"model {number}", JobKind.CHECK) for number in range(100)]
    assert min(moments) < 0.1
    assert max(moments) > 0.9
    assert len(set(moments)) == 100
    due_now = sum(
        bool(due(Seen(f"model {number}", plan(), None, NOW - 0.95 * HOUR), now=NOW, minute=0, since=NOW))
        for number in range(100)
    )
    assert 30 < due_now < 70


def test_one_at_a_time_the_longest_overdue_first() -> None:
    """No two heavy jobs share a device."""
    first, second = Due(JobKind.CHECK, "a", 5.0), Due(JobKind.EVALUATE, "b", 60.0)
    assert next_of([first, second]) == second
    assert next_of([]) is None
