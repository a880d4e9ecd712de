"""What narrow columns show: figures whose width does not jump, and n/a for what is not known."""

import pytest

from tui import format as form


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5, "0.5000"),
        (None, "n/a"),
        (1.0, "1.0000"),
        (-0.1234, "-0.123"),
        (-123.45, "-123.5"),
        (31250.5, "31250"),
        (1_250_000.0, "1250k"),
        (-123_456.0, "-123k"),
        (3.2e11, "320G"),
    ],
)
def test_a_figure_has_four_places(value: float | None, shown: str) -> None:
    """Quality figures line up; of a long one places give way."""
    assert form.figure(value) == shown
    assert len(shown) <= 6


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.004, "0.0040"),
        (0.02034, "0.0203"),
        (0.5, "0.500"),
        (1.579, "1.58"),
        (12.34, "12.3"),
        (999.4, "999.4"),
        (1234.4, "1234"),
        (123_456.0, "123456"),
        (1_234_567.0, "1235k"),
        (None, "n/a"),
    ],
)
def test_milliseconds_take_at_most_six_cells(value: float | None, shown: str) -> None:
    """A slow model does not push its neighbours aside and stays in milliseconds; of a fast one the digits that differ are seen."""
    assert form.short_ms(value) == shown
    assert len(shown) <= 6


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "now"),
        (59, "now"),
        (60, "1m"),
        (599, "9m"),
        (899, "10m"),
        (900, "15m"),
        (3599, "55m"),
        (3600, "1h"),
        (47 * 3600, "47h"),
        (72 * 3600, "3d"),
        (-5, "now"),
    ],
)
def test_ages_change_by_the_minute_at_most(seconds: float, shown: str) -> None:
    """A quiet screen stays quiet; a clock that jumped back does not show a negative age."""
    assert form.short_age(seconds) == shown


def test_ages_are_what_the_clock_says() -> None:
    """From 14:22:50 to 14:23:10 it is a minute, by a clock that shows no seconds; the ages of a screen change with it."""
    ten_past = 1_763_994_190.0
    assert form.elapsed(ten_past - 20, ten_past) == 60
    assert form.elapsed(ten_past - 5, ten_past) == 0
    for began in range(60):
        seen = [form.elapsed(ten_past + began, ten_past + 100 + second) for second in range(240)]
        changes = [second for second in range(1, 240) if seen[second] != seen[second - 1]]
        assert all((ten_past + 100 + second) % 60 == 0 for second in changes)
        assert len(changes) == 4


TEN_PAST_MIDNIGHT = 1_763_943_000.0
"""2025-11-24 00:10:00 UTC."""


def test_other_days_are_dates() -> None:
    """A time of day is today's; both take five cells."""
    today = 1_763_994_187.0
    assert form.clock(today - 3600, today) == "13:23"
    assert form.clock(today - 15 * 3600, today) == "11-23"


@pytest.mark.parametrize(
    ("ago", "shown"), [(1800, "23:40"), (11 * 3600, "13:10"), (13 * 3600, "11-23"), (-86_400, "11-25")]
)
def test_midnight_takes_no_hour_from_what_has_just_happened(ago: float, shown: str) -> None:
    """At ten past midnight what happened half an hour ago has its time; what was half a day ago or is of tomorrow has its date."""
    assert form.clock(TEN_PAST_MIDNIGHT - ago, TEN_PAST_MIDNIGHT) == shown


def test_a_bar_of_nothing_known_is_not_a_bar_of_nothing() -> None:
    """Not exposed looks different from idle."""
    assert form.bar(None, 4) == "····"
    assert form.bar(0.0, 4) == "░░░░"
    assert form.bar(0.5, 4) == "██░░"
    assert form.bar(7.0, 4) == "████"


def test_a_sparkline_shows_the_latest_values_in_their_own_range() -> None:
    """The newest value is on the right, the range is used fully, a flat line is low."""
    assert form.sparkline([9.0, 0.0, 0.5, 1.0], 3) == "▁▅█"
    assert form.sparkline([0.9, 0.9], 8) == "▁▁"
    assert form.sparkline([], 8) == ""
    assert form.sparkline([0.5], 8, low=0.0, high=1.0) == "▅"


def test_half_an_interval_has_no_leading_zero() -> None:
    """Four digits of width are enough for what is below one."""
    assert form.half_width(0.90, 0.92) == ".0100"
    assert form.half_width(None, 0.92) == ""


NOON = 1_763_985_600.0
"""2025-11-24 12:00:00 UTC."""


@pytest.mark.parametrize(
    ("ago", "shown", "short"),
    [(60, "11:59", "11:59"), (86_400, "11-23 12:00", "11-23"), (400 * 86_400, "2024-10-20", "10-20")],
)
def test_a_time_of_another_day_has_its_date(ago: float, shown: str, short: str) -> None:
    """Where there is room a time has its date and its hour; a narrow column keeps one of them."""
    assert form.moment(NOON - ago, NOON) == shown
    assert form.when(NOON - ago, NOON, form.MOMENT_CELLS) == shown
    assert form.when(NOON - ago, NOON, 6) == short


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (41, "0:41"),
        (246, "4:06"),
        (3870, "1:04:30"),
        (172_799, "47:59:59"),
        (172_800, "2d00h"),
        (800_000, "9d06h"),
    ],
)
def test_a_long_time_has_hours_and_then_days(seconds: float, shown: str) -> None:
    """Sixty minutes and more are not counted in minutes, and two days not in hours."""
    assert form.left(seconds) == shown
