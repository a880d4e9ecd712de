"""Promises about tests by betting: their wealth, and that looking often does not make them wrong."""

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
        passed += bool((sequential.not_worse(differences, margin, level) >= 1 / level).any())
    # Four standard deviations above 5 %.
    assert passed / 400 <= 0.05 + 4 * (0.05 * 0.95 / 400) ** 0.5


def test_equal_versions_pass_in_the_end() -> None:
    """Betting finds that two versions which never differ are not apart by the margin."""
    wealth = sequential.not_worse(np.zeros(2000), 0.02, 0.05)
    assert wealth[-1] >= 20
    assert wealth[0] < 20


def test_a_stake_depends_on_what_came_before_it_alone() -> None:
    """Changing a later example changes no earlier wealth."""
    differences = np.random.default_rng(1).choice([1.0, -1.0, 0.0], size=200, p=[0.1, 0.1, 0.8])
    changed = differences.copy()
    changed[150:] = -1.0
    one, other = (sequential.not_worse(given, 0.02, 0.05) for given in (differences, changed))
    assert np.array_equal(one[:150], other[:150])
    assert one[150] != other[150]
