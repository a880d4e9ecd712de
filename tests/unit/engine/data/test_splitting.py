"""Dividing data: a partition, in proportion, the same each time, and nothing in two parts."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data.splitting import divide

SHARES = (0.8, 0.1, 0.1)


def digests(*numbers: int) -> NDArray[np.uint64]:
    """Return numbers as digests of inputs."""
    return np.array(numbers, dtype=np.uint64)


@pytest.mark.parametrize("rows", [3, 10, 999, 10_000])
def test_each_part_has_its_share(rows: int) -> None:
    """To the nearest example; every example is in one part."""
    places = divide(np.arange(rows, dtype=np.uint64), np.zeros(rows, dtype=np.int64), SHARES, 0)
    counts = np.bincount(places, minlength=3)
    assert counts.sum() == rows
    assert np.all(np.abs(counts - np.array(SHARES) * rows) <= 1)


def test_each_class_has_its_share_in_each_part() -> None:
    """With strata the balance of the classes is that of the whole, to one example."""
    strata = np.repeat([0, 1, 2], [1000, 300, 41])
    places = divide(np.arange(len(strata), dtype=np.uint64), strata, SHARES, 0)
    for stratum, rows in enumerate(np.bincount(strata)):
        counts = np.bincount(places[strata == stratum], minlength=3)
        assert np.all(np.abs(counts - np.array(SHARES) * rows) <= 1)


def test_a_seed_repeats_the_division_and_another_one_changes_it() -> None:
    """What was divided once can be divided again, on any machine."""
    inputs, strata = np.arange(500, dtype=np.uint64), np.zeros(500, dtype=np.int64)
    first = divide(inputs, strata, SHARES, 7)
    assert np.array_equal(first, divide(inputs, strata, SHARES, 7))
    assert not np.array_equal(first, divide(inputs, strata, SHARES, 8))


def test_equal_inputs_stay_together() -> None:
    """However often an example occurs, it is in one part; the shares are kept as nearly as that allows."""
    rng = np.random.default_rng(0)
    inputs = rng.integers(0, 400, 2000).astype(np.uint64)
    places = divide(inputs, rng.integers(0, 3, 2000), SHARES, 0)
    for value in np.unique(inputs):
        assert len(np.unique(places[inputs == value])) == 1
    shares = np.bincount(places) / 2000
    assert np.all(np.abs(shares - np.array(SHARES)) < 0.01)


def test_the_order_of_the_data_does_not_decide() -> None:
    """Data sorted by class or by date are mixed."""
    places = divide(np.arange(1000, dtype=np.uint64), np.zeros(1000, dtype=np.int64), SHARES, 0)
    assert 350 < np.flatnonzero(places == 2).mean() < 650


def test_a_part_without_a_share_stays_empty() -> None:
    """Also where rounding would give it the last example."""
    for rows in range(2, 30):
        places = divide(np.arange(rows, dtype=np.uint64), np.zeros(rows, dtype=np.int64), (0.5, 0.5, 0.0), 0)
        assert 2 not in places
    repeated = divide(digests(1, 1, 1, 2, 2, 3), np.zeros(6, dtype=np.int64), (0.5, 0.0, 0.5), 0)
    assert sorted(np.bincount(repeated, minlength=3).tolist()) == [0, 3, 3]
