"""Checks that judge figures are silent while nothing changes, and soon find what does: simulated, a smaller run of the benchmark."""

import numpy as np
import pytest

from engine.faults.cusum import LIMIT, Figure, falling
from tests.benchmarks.faults import CASES, Case, delays, false_alarms


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_healthy_rounds_raise_no_alarm(case: Case) -> None:
    """Not one in a thousand; docs/maintenance.md tells of ten thousand."""
    assert false_alarms(case, 1000, seed=5) == 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_goes_wrong_is_found_within_rounds(case: Case) -> None:
    """Within twenty, mostly within six."""
    found = sorted(delays(case, 20, seed=6))
    assert found[len(found) // 2] <= case.soon
    assert found[-1] <= 20


def test_the_sum_stays_low_while_nothing_falls_and_says_since_when_it_does() -> None:
    """Of a hundred thousand figures none raises an alarm; a fall is dated to where it began."""
    rng = np.random.default_rng(3)
    for _ in range(500):
        assert falling(Figure(value, 1.0) for value in rng.normal(0, 1, 200)).sum <= LIMIT
    fallen = falling(Figure(value, 0.01) for value in [*[0.95] * 5, 0.9, 0.89, 0.9, 0.9])
    assert fallen.sum > LIMIT
    assert fallen.since == 5
    assert fallen.before == pytest.approx(0.95)


def test_one_odd_data_set_is_no_trend() -> None:
    """However far off it is."""
    assert falling(Figure(value, 0.01) for value in [0.95, 0.95, 0.95, 0.95, 0.1, 0.95, 0.95]).sum < LIMIT


def test_figures_that_rise_are_none() -> None:
    """Better is no fault."""
    assert falling(Figure(value / 100, 0.01) for value in range(80, 99)).sum == 0
