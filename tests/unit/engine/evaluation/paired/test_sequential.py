"""Promises about tests by betting: their wealth, and that looking often does not make them wrong."""

from math import log, sqrt

import numpy as np
import pytest

from engine.evaluation.paired import sequential


@pytest.mark.parametrize(
    ("gained", "lost", "wealth"), [(60, 40, 1.78406), (25, 10, 10.33918), (7, 1, 6.97222), (40, 60, 0.04204)]
)
def test_wealth_against_no_better(gained: int, lost: int, wealth: float) -> None:
    """The wealth is that of an independent computation."""
    assert sequential.better(gained, lost) == pytest.approx(wealth, abs=5e-6)


def test_wealth_is_fair_where_nothing_is_to_be_found() -> None:
    """Over all outcomes of ten throws of a fair coin the wealth is less than or equal to 1 on average."""
    expected = sum(
        sequential.better(heads, 10 - heads)
        * float(np.prod(np.arange(11 - heads, 11) / np.arange(1, heads + 1)))
        / 2**10
        for heads in range(11)
    )
    assert expected == pytest.approx(1.0)


def test_looking_after_every_example_keeps_the_level() -> None:
    """A candidate that is worse by just the margin is passed at any of 3,000 looks no oftener than the level says."""
    random, level, margin = np.random.default_rng(0), 0.05, 0.02
    passed = 0
    for _ in range(400):
        differences = random.choice([1.0, -1.0, 0.0], size=3000, p=[0.02, 0.04, 0.94])
        passed += bool((sequential.Bets(margin, level).add(differences) >= 1 / level).any())
    # Four standard deviations above 5 %.
    assert passed / 400 <= 0.05 + 4 * (0.05 * 0.95 / 400) ** 0.5


def test_equal_versions_pass_in_the_end() -> None:
    """Betting finds that two versions which never differ are not apart by the margin."""
    wealth = sequential.Bets(0.02, 0.05).add(np.zeros(2000))
    assert wealth[-1] >= 20
    assert wealth[0] < 20


def test_a_stake_depends_on_what_came_before_it_alone() -> None:
    """Changing a later example changes no earlier wealth."""
    differences = np.random.default_rng(1).choice([1.0, -1.0, 0.0], size=200, p=[0.1, 0.1, 0.8])
    changed = differences.copy()
    changed[150:] = -1.0
    one, other = (sequential.Bets(0.02, 0.05).add(given) for given in (differences, changed))
    assert np.array_equal(one[:150], other[:150])
    assert one[150] != other[150]


def test_wealth_stays_a_number_however_clear_it_is() -> None:
    """A hundred thousand examples that all say the same neither overflow nor fail."""
    assert sequential.better(100_000, 0) > 1e300
    assert sequential.better(0, 100_000) == pytest.approx(0.0)
    assert np.isfinite(sequential.Bets(0.02, 0.05).add(np.ones(100_000))).all()
    assert sequential.Bets(0.02, 0.05).add(-np.ones(100_000))[-1] == pytest.approx(0.0)


@pytest.mark.parametrize(("margin", "level"), [(0.02, 0.05), (0.1, 0.01), (0.0, 0.2)])
def test_stakes_are_those_of_the_paper(margin: float, level: float) -> None:
    """One example after the other, by the formulas of Waudby-Smith and Ramdas: their estimates are of what came before."""
    differences = np.random.default_rng(6).choice([1.0, -1.0, 0.0], size=400, p=[0.3, 0.2, 0.5])
    bar, wealth, expected = (1 - margin) / 2, 1.0, []
    total, squares, variance = 0.5, 0.25, 0.25
    for t, value in enumerate((differences + 1) / 2, 1):
        stake = sqrt(2 * log(1 / level) / (variance * t * log(t + 1)))
        wealth *= 1 + min(stake, 0.5 / bar) * (value - bar)
        expected.append(wealth)
        total += value
        squares += (value - total / (t + 1)) ** 2
        variance = squares / (t + 1)
    assert sequential.Bets(margin, level).add(differences) == pytest.approx(expected, rel=1e-9)


def test_the_greatest_wealth_is_that_of_any_moment() -> None:
    """Nobody has less than what one starts with, a loss takes back no success, and no example is no bet."""
    bets, alone = sequential.Bets(0.02, 0.05), sequential.Bets(0.02, 0.05)
    assert bets.add(-np.ones(50))[-1] < bets.most == 1.0
    won = alone.add(np.ones(20))
    assert alone.most == won[-1] > 1.0
    assert len(alone.add(np.empty(0))) == 0
    assert alone.most == won[-1]
    assert alone.add(-np.ones(5))[-1] < alone.most == won[-1]
    whole = sequential.Bets(0.02, 0.05).add(np.concatenate([np.ones(20), -np.ones(5)]))
    assert whole.max() == alone.most


def test_bounds_are_where_the_wealth_reaches_the_level() -> None:
    """Just below the lower bound an advantage is refused by the same bets, just above it is not."""
    differences = np.random.default_rng(2).choice([1.0, -1.0, 0.0], size=4000, p=[0.06, 0.02, 0.92])
    low, high = sequential.bounds(differences, 0.05)
    assert low < 0.04 < high
    assert (sequential.Bets(-(low - 1e-5), 0.05).add(differences) >= 20).any()
    assert not (sequential.Bets(-(low + 1e-5), 0.05).add(differences) >= 20).any()
    assert sequential.bounds(-differences, 0.05) == pytest.approx((-high, -low))


def test_few_examples_bound_nothing() -> None:
    """One that is won rules hardly anything out, and none at all rules out nothing."""
    assert sequential.bounds(np.empty(0), 0.05) == pytest.approx((-1.0, 1.0), abs=1e-6)
    assert sequential.bounds(np.ones(1), 0.05) == pytest.approx((-1.0, 1.0), abs=1e-6)


def test_bounds_hold_at_all_moments_together() -> None:
    """In 120 streams the true advantage lies outside at any of three looks no oftener than the level says."""
    random, missed = np.random.default_rng(4), 0
    for _ in range(120):
        differences = random.choice([1.0, -1.0, 0.0], size=2000, p=[0.05, 0.03, 0.92])
        missed += any(
            not low <= 0.02 <= high
            for low, high in (sequential.bounds(differences[:seen], 0.05) for seen in (200, 800, 2000))
        )
    assert missed / 120 <= 0.1 + 4 * (0.1 * 0.9 / 120) ** 0.5
