"""Intervals, against scipy and against their promise."""

from math import sqrt

import numpy as np
import pytest
from numpy.typing import NDArray
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
    """All right and all wrong have an interval that ends exactly there; one other answer, and it ends before."""
    for n in range(1, 200):
        assert wilson(0, n)[0] == 0.0
        assert wilson(n, n)[1] == 1.0
    for n in (2, 200, 10**9):
        assert wilson(1, n)[0] > 0.0
        assert wilson(n - 1, n)[1] < 1.0


@pytest.mark.parametrize("probability", [0.55, 0.7, 0.9, 0.95, 0.975, 0.995])
@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 7, 10, 30, 120, 1999, 10**6])
def test_students_quantile_is_scipys(probability: float, freedom: int) -> None:
    """The closed form agrees with an independent implementation."""
    assert student_quantile(probability, freedom) == pytest.approx(
        stats.t.ppf(probability, freedom), rel=1e-5
    )


MIDDLE = np.linspace(0.5005, 0.93, 80)
"""Probabilities that leave 7 % or more."""

TAIL = np.concatenate([np.linspace(0.93, 0.9999, 80), 1 - np.logspace(-4, -6, 20)])
"""Those that leave less, down to a millionth."""


@pytest.mark.parametrize(
    ("freedom", "probabilities", "within"),
    [
        *((1, part, 1e-12) for part in (MIDDLE, TAIL)),
        *((2, part, 1e-9) for part in (MIDDLE, TAIL)),
        (3, MIDDLE, 1e-6),
        (3, TAIL, 1.6e-5),
        *((freedom, MIDDLE, 2e-7) for freedom in (4, 5, 6, 7)),
        *((freedom, TAIL, 1e-5) for freedom in (4, 5, 6, 7, 10, 12)),
        *((freedom, part, 1e-7) for freedom in (15, 20, 100, 10**5) for part in (MIDDLE, TAIL)),
    ],
)
def test_students_quantile_is_as_close_as_it_says(
    freedom: int, probabilities: "NDArray[np.float64]", within: float
) -> None:
    """Anywhere above the median: a correction that is left out, or has another sign, costs more than that."""
    found = [student_quantile(float(probability), freedom) for probability in probabilities]
    assert found == pytest.approx(stats.t.ppf(probabilities, freedom), rel=within)


@pytest.mark.parametrize("n", [2, 3, 25, 4000])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_reach_of_a_mean_is_scipys(n: int, confidence: float) -> None:
    """Half of Student's interval, of a sample whose variance is known."""
    low, high = stats.t.interval(confidence, n - 1, loc=5.0, scale=sqrt(3.0 / n))
    assert mean_reach(3.0, n, confidence) == pytest.approx((high - low) / 2, rel=1e-5)


def test_one_example_has_no_interval() -> None:
    """Nothing is known about the spread of a single number."""
    assert mean_reach(0.0, 1) is None
