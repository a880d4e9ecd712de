"""Intervals, against scipy and against their promise."""

from math import sqrt

import pytest
from scipy import stats

from engine.evaluation.confidence import mean_reach, student_quantile, wilson


@pytest.mark.parametrize(
    ("successes", "n"), [(0, 1), (1, 1), (0, 10), (10, 10), (81, 263), (975, 1000), (9999, 10000)]
)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_wilson_is_scipys(successes: int, n: int, confidence: float) -> None:
    """The interval of a proportion agrees with an independent implementation."""
    expected = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    assert wilson(successes, n, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_is_newcombes() -> None:
    """The published example: 81 of 263 (Newcombe 1998) gives 0.2553 to 0.3662."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_wilson_stays_within_0_and_1() -> None:
    """All right and all wrong have an interval that ends exactly there."""
    assert wilson(0, 50)[0] == 0.0
    assert wilson(50, 50)[1] == 1.0


@pytest.mark.parametrize("probability", [0.55, 0.7, 0.9, 0.95, 0.975, 0.995])
@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 7, 10, 30, 120, 1999, 10**6])
def test_students_quantile_is_scipys(probability: float, freedom: int) -> None:
    """The closed form agrees with an independent implementation."""
    assert student_quantile(probability, freedom) == pytest.approx(
        stats.t.ppf(probability, freedom), rel=1e-5
    )


@pytest.mark.parametrize("n", [2, 3, 25, 4000])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_reach_of_a_mean_is_scipys(n: int, confidence: float) -> None:
    """Half of Student's interval, of a sample whose variance is known."""
    low, high = stats.t.interval(confidence, n - 1, loc=5.0, scale=sqrt(3.0 / n))
    assert mean_reach(3.0, n, confidence) == pytest.approx((high - low) / 2, rel=1e-5)


def test_one_example_has_no_interval() -> None:
    """Nothing is known about the spread of a single number."""
    assert mean_reach(0.0, 1) is None
