"""How figures are written: with their unit, their interval, and n/a where there is none."""

import pytest

from storage.records import Metric
from tui.commands import figures


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "n/a"),
        (0.95123, "0.9512"),
        (0.0, "0.0000"),
        (-1.5, "-1.5000"),
        (1234.5678, "1234.57"),
        (float("nan"), "nan"),
    ],
)
def test_a_number_has_four_places_or_six_digits(value: float | None, text: str) -> None:
    """Shares keep four places; large figures keep six digits."""
    assert figures.number(value) == text


def test_a_figure_is_shown_with_half_its_interval() -> None:
    """The interval stands behind the figure; one without an interval stands alone."""
    assert figures.with_interval(Metric("accuracy", 0.95, 0.94, 0.96, 100)) == "0.9500 ±0.0100"
    assert figures.with_interval(Metric("log_loss", 0.5, None, None, 100)) == "0.5000"
    assert figures.with_interval(None) == "n/a"


@pytest.mark.parametrize(
    ("value", "text"), [(None, "n/a"), (0.4123, "0.412 ms"), (12.345, "12.3 ms"), (1234.5, "1234 ms")]
)
def test_milliseconds_have_three_digits(value: float | None, text: str) -> None:
    """A latency is as precise as it can be meant."""
    assert figures.milliseconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "n/a"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (5 * 2**20, "5.0 MiB"),
        (2**33, "8.0 GiB"),
        (2**52, "4096.0 TiB"),
    ],
)
def test_sizes_have_binary_units(value: int | None, text: str) -> None:
    """A size is in the largest unit that leaves a whole number before the point."""
    assert figures.size(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s ago"),
        (89, "89 s ago"),
        (90, "2 min ago"),
        (5400, "2 h ago"),
        (172_800, "2 d ago"),
        (-5, "0 s ago"),
    ],
)
def test_ages_are_rough(seconds: float, text: str) -> None:
    """An age is told in the unit in which people think of it; a clock that was set back gives no negative one."""
    assert figures.age(1000.0, 1000.0 + seconds) == text


def test_what_was_never_is_not_known() -> None:
    """A time and a share that are not known are n/a."""
    assert (figures.age(None, 0.0), figures.clock(None), figures.percent(None)) == ("n/a", "n/a", "n/a")
    assert (figures.clock(0.0), figures.percent(0.374)) == ("1970-01-01 00:00:00", "37%")
