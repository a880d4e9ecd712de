"""When queries arrive in the server scenario."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from engine.evaluation.arrivals import SECOND_NS, schedule

RATES = st.floats(0.01, 1e5)
SEEDS = st.integers(0, 2**32)


@given(RATES, st.integers(0, 300), SEEDS)
def test_a_schedule_is_in_order_and_repeats_itself(rate: float, queries: int, seed: int) -> None:
    """As many arrivals as asked for, each after the one before, the same for the same seed."""
    found = schedule(rate, queries, seed)
    assert len(found) == queries
    assert all(0 <= earlier <= later for earlier, later in itertools.pairwise(found))
    assert found == schedule(rate, queries, seed)


@given(RATES, st.floats(1.01, 10), SEEDS)
def test_another_rate_only_stretches_it(rate: float, factor: float, seed: int) -> None:
    """The gaps are the same draws: a search over rates compares like with like."""
    slow, fast = schedule(rate, 50, seed), schedule(rate * factor, 50, seed)
    for at, sooner in zip(slow, fast, strict=True):
        assert sooner * factor == pytest.approx(at, rel=1e-6, abs=factor)


@given(RATES, st.integers(1, 100), st.integers(1, 100), SEEDS)
def test_a_longer_schedule_begins_with_the_shorter_one(rate: float, some: int, more: int, seed: int) -> None:
    """How long is measured does not change when the first queries arrive."""
    assert schedule(rate, some + more, seed)[:some] == schedule(rate, some, seed)


def test_seeds_differ() -> None:
    """Another seed is another sample of the same process."""
    assert schedule(100, 10, 0) != schedule(100, 10, 1)


def test_the_sequence_is_the_one_that_was_recorded() -> None:
    """A figure that was measured with a seed can be measured with the same arrivals by any later version."""
    assert schedule(1000, 4, 0) == (1_860_607, 3_279_236, 3_824_949, 4_124_592)


def test_gaps_are_exponential_with_the_rates_mean() -> None:
    """Ten thousand gaps at 250 a second are not told from an exponential distribution of that mean."""
    arrivals = schedule(250, 10_000, seed=7)
    gaps = [(later - earlier) / SECOND_NS for earlier, later in zip((0, *arrivals), arrivals, strict=False)]
    assert stats.kstest(gaps, "expon", args=(0, 1 / 250)).pvalue > 0.01


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_rate_is_above_zero(rate: float) -> None:
    """Nothing would ever arrive."""
    with pytest.raises(ValueError, match="never arrive"):
        schedule(rate, 1, 0)
