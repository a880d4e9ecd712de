"""Promises about latencies that are measured in turns."""

import numpy as np
import pytest

from engine.evaluation.turns import Round, ratio


def rounds(random: np.random.Generator, times: float, drift: float, count: int = 15) -> list[Round]:
    """Return rounds of runs in which everything gets slower by a share a run, and B takes so many times as long as A."""
    found = []
    pace = 1.0
    for _ in range(count):
        runs = []
        for factor in (1.0, times, times, 1.0):
            runs.append((pace * factor * random.lognormal(0, 0.02, 50)).tolist())
            pace *= 1 + drift
        found.append(Round(*runs))
    return found


def test_a_steady_drift_falls_out() -> None:
    """A machine that gets two percent slower with every run makes neither version look worse."""
    found = ratio(rounds(np.random.default_rng(0), 1.0, 0.02), 0.9)
    # Runs in the order A B alone would make it 1.02.
    assert found.value == pytest.approx(1, abs=0.005)
    assert found.high / found.low < 1.01


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Of 400 measurements some 90 % hold the true ratio."""
    random = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        found = ratio(rounds(random, 1.3, 0.0, count=6), 0.9)
        held += found.low <= 1.3 <= found.high
    assert 0.85 < held / 400 < 0.95


def test_exchanging_the_versions_inverts_the_ratio() -> None:
    """What takes 1.3 times as long the one way takes 1 / 1.3 the other way."""
    random = np.random.default_rng(2)
    found = rounds(random, 1.3, 0.01)
    turned = [Round(one.second, one.first, one.last, one.third) for one in found]
    there, back = ratio(found, 0.9), ratio(turned, 0.9)
    assert there.value * back.value == pytest.approx(1.0)
    assert there.low * back.high == pytest.approx(1.0)
