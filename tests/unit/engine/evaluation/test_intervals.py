"""Intervals of many figures at once, held against those of one, and against their formulas."""

from math import exp, log, sqrt
from statistics import NormalDist

import numpy as np
import pytest

from engine.evaluation import confidence, intervals

Z = NormalDist().inv_cdf(0.975)


def test_many_proportions_have_the_intervals_that_each_has() -> None:
    """Each interval is the one that is shown beside a single proportion, and ends exactly at 0 and 1."""
    successes, n = np.array([0, 10, 81, 975, 1, 0, 9]), np.array([10, 10, 263, 1000, 2, 1, 9])
    low, high = intervals.wilson(successes, n)
    single = [confidence.wilson(int(right), int(of)) for right, of in zip(successes, n, strict=True)]
    assert list(zip(low, high, strict=True)) == [pytest.approx(one, abs=1e-15) for one in single]
    assert set(low[successes == 0]) == {0.0}
    assert set(high[successes == n]) == {1.0}


def test_a_proportion_of_nothing_has_no_interval() -> None:
    """Where there is nothing both limits are unknown, beside others that have theirs."""
    low, high = intervals.wilson(np.array([0, 1]), np.array([0, 1]))
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, False]
    assert high[1] == 1.0


def test_the_reaches_of_parts_add_up_by_their_squares() -> None:
    """By hand: two parts of a mean, each with limits of its own, and the variance of what weighs them."""
    values, low, high = np.array([0.5, 0.8]), np.array([0.4, 0.5]), np.array([0.7, 0.9])
    weights = np.array([0.25, 0.75])
    below, above = 0.025**2 + 0.225**2, 0.05**2 + 0.075**2
    assert intervals.mean(values, low, high, weights) == pytest.approx(
        (0.725 - sqrt(below), 0.725 + sqrt(above))
    )
    assert intervals.mean(values, low, high, weights, spread=0.0004) == pytest.approx(
        (0.725 - sqrt(below + Z**2 * 0.0004), 0.725 + sqrt(above + Z**2 * 0.0004))
    )


def test_a_mean_of_shares_stays_between_0_and_1() -> None:
    """However wide the parts' limits are."""
    values, weights = np.array([0.02, 0.99]), np.array([0.5, 0.5])
    assert intervals.mean(values, values - 3, values + 3, weights) == (0.0, 1.0)


def test_limits_on_the_logit_scale_are_those_of_the_logit() -> None:
    """The logit less and more its deviation, taken back; unknown for a figure at an end or of no deviation."""
    values, deviations = np.array([0.9, 0.3, 0.0, 1.0, 0.5]), np.array([0.02, 0.1, 0.1, 0.1, 0.0])
    low, high = intervals.on_logit_scale(values, deviations)
    for place in (0, 1):
        value, deviation = float(values[place]), float(deviations[place])
        logit, reach = log(value / (1 - value)), Z * deviation / (value * (1 - value))
        assert low[place] == pytest.approx(1 / (1 + exp(reach - logit)))
        assert high[place] == pytest.approx(1 / (1 + exp(-reach - logit)))
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [False, False, True, True, True]


def test_what_is_hardly_known_may_be_anything_from_0_to_1() -> None:
    """A deviation that is wider than any number tells leaves limits, not an overflow."""
    low, high = intervals.on_logit_scale(np.array([0.5]), np.array([1000.0]))
    assert (low[0], high[0]) == (0.0, 1.0)
