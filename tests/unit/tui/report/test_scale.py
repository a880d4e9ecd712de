"""Where a chart's grid lies: round values and moments, few enough to be read."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.report import scale


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0.93, 0.971, ["0.93", "0.94", "0.95", "0.96", "0.97"]),
        (0.0, 1234.0, ["0", "500", "1,000"]),
        (-0.3, 0.3, ["-0.2", "0.0", "0.2"]),
        (2.0, 2.0, ["2"]),
        (30.0, 30.0 + 1e-9, ["30"]),
        (0.0, 0.0, ["0"]),
    ],
)
def test_values_are_round(low: float, high: float, labels: list[str]) -> None:
    """With just the places that tell them apart."""
    assert [tick.label for tick in scale.values(low, high)] == labels


@given(st.floats(-1e6, 1e6), st.floats(1e-2, 1e9))
def test_values_lie_within_the_range_and_are_few(low: float, span: float) -> None:
    """Whatever the figures are."""
    high = low + span
    ticks = scale.values(low, high)
    assert len(ticks) <= 6
    slack = (high - low) * 1e-3
    assert all(low - slack <= tick.at <= high + slack for tick in ticks)


@given(st.floats(0, 4e9), st.floats(1, 5e9))
def test_moments_lie_within_the_time_and_are_few(start: float, span: float) -> None:
    """From seconds to decades."""
    ticks = scale.moments(start, start + span)
    assert 1 <= len(ticks) <= scale.MOST_MOMENTS + 1 or span < 2
    assert all(start - 1e-3 <= tick.at <= start + span + 1e-3 for tick in ticks)


@pytest.mark.parametrize(
    ("first", "last", "labels"),
    [
        ("2026-03-01T10:00", "2026-03-01T10:04", ["10:00", "10:01", "10:02", "10:03", "10:04"]),
        (
            "2026-03-01T18:00",
            "2026-03-02T06:00",
            ["18:00", "20:00", "22:00", "03-02", "02:00", "04:00", "06:00"],
        ),
        ("2026-03-01T00:00", "2026-03-05T00:00", ["03-01", "03-02", "03-03", "03-04", "03-05"]),
    ],
)
def test_moments_are_those_that_people_count_in(first: str, last: str, labels: list[str]) -> None:
    """Midnight is written as the day that begins."""
    start, end = (datetime.fromisoformat(one).replace(tzinfo=UTC).timestamp() for one in (first, last))
    assert [tick.label for tick in scale.moments(start, end)] == labels
