"""Promises about figures that are means: merged in any order they are the mean of all, and its interval is Student's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from engine.evaluation.means import Mean, everywhere, where_probable
from engine.evaluation.moments import Moments
from engine.evaluation.outcomes import Outcomes, Scale
from engine.evaluation.values import NO_SCORES
from storage.records import Metric

NUMBERS = np.random.default_rng(3).exponential(size=30) + 1000.0
"""Far from 0 and close together: whoever takes the difference of two large sums loses them."""


def outcomes(numbers: NDArray[Any], scale: Scale = Scale.PROBABILITIES) -> Outcomes:
    """Return examples that are their numbers."""
    return Outcomes(numbers, numbers, NO_SCORES, scale)


def mean(*batches: NDArray[Any], defined: Callable[[Outcomes], bool] = everywhere) -> Mean:
    """Return what gathered batches of numbers."""
    gathered = Mean("size", lambda asked: np.asarray(asked.predicted), defined)
    for batch in batches:
        gathered.add(outcomes(batch))
    return gathered


def student(numbers: NDArray[Any]) -> Metric:
    """Return the figure as another implementation gives it."""
    low, high = stats.t.interval(
        0.95, len(numbers) - 1, loc=numbers.mean(), scale=numbers.std(ddof=1) / np.sqrt(len(numbers))
    )
    return Metric("size", float(numbers.mean()), float(low), float(high), len(numbers))


def assert_same(found: Metric | None, expected: Metric) -> None:
    """Hold a figure against another, to a hundred-thousandth of its interval."""
    assert found is not None
    assert None not in {found.low, found.high, expected.low, expected.high}
    close = 1e-5 * ((expected.high or 0.0) - (expected.low or 0.0))
    assert (found.name, found.n, found.slice) == (expected.name, expected.n, "")
    assert (found.value, found.low, found.high) == pytest.approx(
        (expected.value, expected.low, expected.high), abs=close
    )


@pytest.mark.parametrize("sizes", [(30,), (1, 29), (29, 1), (2, 0, 11, 17), (10, 10, 10)])
def test_batches_of_any_size_have_the_mean_and_the_interval_of_all(sizes: tuple[int, ...]) -> None:
    """Student's, by another implementation; an empty batch counts for nothing."""
    batches = np.split(NUMBERS, np.cumsum(sizes)[:-1])
    assert_same(mean(*batches).metric(), student(NUMBERS))


def test_what_several_gathered_is_merged_into_what_one_would_have() -> None:
    """Whoever has counted nothing changes nothing, on either side."""
    parts = [mean(NUMBERS[:12]), mean(), mean(NUMBERS[12:13], NUMBERS[13:20]), mean(NUMBERS[20:])]
    whole = mean()
    for part in parts:
        whole.merge(part)
    assert_same(whole.metric(), student(NUMBERS))


def test_what_is_tiny_beside_1_is_not_rounded_away() -> None:
    """A loss that is nearly nothing is still a loss, and so is its spread."""
    assert_same(mean(NUMBERS[:3] * 1e-30, NUMBERS[3:] * 1e-30).metric(), student(NUMBERS * 1e-30))


def test_nothing_below_0_is_in_the_interval() -> None:
    """No example has a number below 0, and so its mean is not there either."""
    found = mean(np.array([0.0, 0.0, 5.0])).metric()
    assert found is not None
    assert found.low == 0.0
    assert found.value == pytest.approx(5 / 3)
    assert found.high == pytest.approx(5 / 3 + stats.t.ppf(0.975, 2) * 5 / 3, rel=1e-5)
    moments = Moments()
    moments.add(np.array([0.0, 0.0, 5.0]))
    assert moments.interval(least=-1.0)[0] == -1.0
    assert moments.interval(least=-9.0)[0] == pytest.approx(5 / 3 - stats.t.ppf(0.975, 2) * 5 / 3, rel=1e-5)


def test_one_example_has_a_mean_and_no_interval_and_none_has_neither() -> None:
    """Two have both."""
    assert mean().metric() is None
    assert mean(np.array([])).metric() is None
    assert mean(np.array([7.0])).metric() == Metric("size", 7.0, None, None, 1)
    assert_same(mean(NUMBERS[:2]).metric(), student(NUMBERS[:2]))


def test_a_batch_without_numbers_leaves_no_figure() -> None:
    """Whether it came before the others or after them, and whoever of two has met it: the mean of the rest is no mean of all."""

    def below_ten(asked: Outcomes) -> bool:
        return bool(asked.predicted.max() < 10)

    good, bad = np.array([1.0, 2.0]), np.array([3.0, 10.0])
    assert mean(good, good, defined=below_ten).metric() is not None
    assert mean(good, bad, defined=below_ten).metric() is None
    assert mean(bad, good, defined=below_ten).metric() is None
    for first, second in ((good, bad), (bad, good)):
        merged = mean(first, defined=below_ten)
        merged.merge(mean(second, defined=below_ten))
        assert merged.metric() is None


def test_scores_that_are_no_probabilities_have_no_loss() -> None:
    """A number made up from them would look like one."""
    numbers = np.array([0.5])
    assert [scale for scale in Scale if not where_probable(outcomes(numbers, scale))] == [Scale.SCORES]
    assert all(everywhere(outcomes(numbers, scale)) for scale in Scale)
