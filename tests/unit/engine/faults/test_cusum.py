"""The sum that grows when figures fall, against Hawkins' and Page's formulas written out, figure by figure."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faults.cusum import ALLOWANCE, WINSOR, Figure, Trend, falling

SERIES = st.lists(
    st.tuples(st.floats(-100, 100), st.floats(0.01, 10)).map(lambda pair: Figure(*pair)), max_size=12
)


def of(*values: float) -> Trend:
    """Return what figures with a standard error of 1 say."""
    return falling(Figure(value, 1.0) for value in values)


def test_nothing_falls_where_nothing_is_known() -> None:
    """Neither of no figure nor of one is anything said: there is nothing before it."""
    assert of() == of(-1000.0) == (0.0, 0, 0.0)


def test_a_fall_is_counted_in_standard_errors_of_the_difference() -> None:
    """Of the third figure from the mean of two, whose own standard error is the root of a half."""
    found = of(10.0, 10.0, 7.0)
    assert found.sum == pytest.approx(3 / sqrt(1 + 1 / 2) - ALLOWANCE)
    assert (found.since, found.before) == (2, 10.0)


def test_the_mean_before_it_is_weighted_by_precision() -> None:
    """A figure of twice the error counts a quarter: 9 and 14 make 10."""
    found = falling([Figure(9.0, 1.0), Figure(14.0, 2.0), Figure(8.0, 0.5)])
    assert found.sum == pytest.approx((10 - 8) / sqrt(0.25 + 1 / 1.25) - ALLOWANCE)
    assert found.since == 2
    assert found.before == pytest.approx(10.0)


def test_a_fall_goes_on_until_the_sum_is_used_up() -> None:
    """Further figures add to it from the place where it began; a rise ends it, and the next fall begins anew."""
    first = of(10.0, 10.0, 7.0)
    second = of(10.0, 10.0, 7.0, 7.0)
    assert second.sum == pytest.approx(first.sum + (9 - 7) / sqrt(1 + 1 / 3) - ALLOWANCE)
    assert (second.since, second.before) == (2, 10.0)
    assert of(10.0, 10.0, 7.0, 30.0).sum == 0.0
    third = of(10.0, 10.0, 7.0, 30.0, 10.0)
    assert third.since == 4
    assert third.before == pytest.approx(57 / 4)
    assert third.sum == pytest.approx((57 / 4 - 10) / sqrt(1 + 1 / 4) - ALLOWANCE)


def test_one_odd_figure_counts_at_most_five() -> None:
    """In either direction: a rise takes no more away than that."""
    assert of(0.0, -1e9).sum == WINSOR - ALLOWANCE
    fallen = of(*[0.0] * 50, *[-20.0] * 4)
    assert fallen.sum == pytest.approx(4 * (WINSOR - ALLOWANCE))
    assert of(*[0.0] * 50, *[-20.0] * 4, 1e9).sum == pytest.approx(fallen.sum - WINSOR - ALLOWANCE)


@given(SERIES, st.floats(-50, 50), st.floats(0.1, 10))
def test_neither_unit_nor_origin_matters(series: list[Figure], origin: float, unit: float) -> None:
    """A series in percent, or in losses less than a bound, falls as far as it did."""
    plain = falling(series)
    other = falling(Figure(origin + unit * value, unit * error) for value, error in series)
    assert other.sum == pytest.approx(plain.sum, rel=1e-6, abs=1e-6)


@given(SERIES)
def test_the_sum_is_never_below_zero_and_its_place_is_one_of_the_series(series: list[Figure]) -> None:
    """And it grows by five less the allowance at most."""
    found = falling(series)
    assert 0.0 <= found.sum <= (WINSOR - ALLOWANCE) * max(len(series) - 1, 0)
    assert 0 <= found.since < max(len(series), 1)
