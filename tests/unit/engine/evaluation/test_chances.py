"""The normal distribution and a fair coin without SciPy: what exact numbers and SciPy say."""

from fractions import Fraction
from math import comb

import pytest
from scipy.special import ndtr, ndtri

from engine.evaluation import chances


@pytest.mark.parametrize("n", [1, 2, 7, 15, 16, 31, 797, 2000])
def test_a_coins_tails_are_those_of_whole_numbers(n: int) -> None:
    """The chance of so many heads or more is what counting every outcome gives, to twelve digits and more."""
    for heads in {0, 1, n // 3, n // 2, n // 2 + 1, n // 2 + 20, n - 1, n}:
        if 0 <= heads <= n:
            exact = Fraction(sum(comb(n, number) for number in range(heads, n + 1)), 2**n)
            assert chances.at_least(heads, n) == pytest.approx(float(exact), rel=1e-12)
    assert chances.at_least(n + 1, n) == 0
    assert chances.at_least(-1, n) == 1


def test_a_coins_tails_add_up_for_millions_of_throws() -> None:
    """Of three million throws both tails and the middle are 1 together, and a balance is as likely as Stirling has it."""
    n, half = 3_000_000, 1_500_000
    upper, above = chances.at_least(half, n), chances.at_least(half + 1, n)
    assert upper + above == pytest.approx(1, abs=1e-12)
    # The chance of a balance is sqrt(2 / (pi n)) * (1 - 1 / (4 n)) but for terms far below these digits.
    assert upper - above == pytest.approx((2 / (3.141592653589793 * n)) ** 0.5 * (1 - 1 / (4 * n)), rel=1e-9)


def test_normal_chances_are_scipys() -> None:
    """Chances below a place, and places of a chance, agree with SciPy from one tail to the other."""
    places = [-30.0, -8.0, -1.96, -0.1, 0.0, 0.5, 3.0, 9.0]
    assert chances.all_below(places) == pytest.approx([float(ndtr(z)) for z in places], rel=1e-12)
    for chance in (1e-300, 1e-9, 0.025, 0.5, 0.9, 1 - 1e-9):
        assert chances.place_of(chance) == pytest.approx(float(ndtri(chance)), rel=1e-9, abs=1e-12)
