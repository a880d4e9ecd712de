"""Promises about the interval of any figure: drawn, expanded, or from drawn means, they are the same interval."""

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from engine.evaluation.paired import bca, bins, bootstrap, expansion
from engine.evaluation.paired.bins import Bins
from engine.evaluation.paired.figures import Advantages
from engine.evaluation.paired.rows import Course, Estimate, Floats, Rows, single
from storage.vocabulary import Column

SPATIAL = [
    *(48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6),
    *(0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41),
]
"""Spatial test data of neurologically impaired children, A (Efron and Tibshirani 1993, table 14.1)."""

MANY_DRAWS = 10_000

CLOSE = 0.12
"""Of a deviation: as near as so many draws know a limit of 90 %, four times over."""

NEAR = 0.2
"""The same where means are drawn too: less than 2,000 draws of examples leave open at the levels of a gate."""


def mean_of(values: NDArray[Any]) -> Rows:
    """Return rows whose figure is the mean."""
    return single(values[:, np.newaxis], lambda means: means[..., 0], Course.STRAIGHT)


def answers(
    random: np.random.Generator, n: int, *, classes: int = 4, apart: float = 0.05
) -> list[dict[str, NDArray[Any]]]:
    """Return what two classifiers answer, the second one less sure than it might be."""
    targets = random.integers(classes, size=n)
    both: list[dict[str, NDArray[Any]]] = []
    for shift in (0.0, apart):
        confidence = np.clip(random.beta(8, 1.5, n), 0.3, 1)
        right = random.random(n) < np.clip(confidence + shift, 0, 1)
        predicted = np.where(right, targets, (targets + 1) % classes)
        both.append(
            {
                Column.TARGET: targets,
                Column.PREDICTED: predicted,
                Column.CONFIDENCE: confidence.astype(np.float32),
            }
        )
    return both


def assert_close(found: Estimate, expected: Estimate, within: float = CLOSE) -> None:
    """Hold two intervals at 90 % against each other, in deviations of the figure."""
    deviation = (expected.high - expected.low) / 2 / 1.645
    assert found.value == pytest.approx(expected.value)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=within * deviation)


def test_bca_agrees_with_scipy() -> None:
    """The limits of a skewed mean are those of scipy's bootstrap, as far as two sets of draws agree."""
    values = np.random.default_rng(3).exponential(size=150)
    ours = bootstrap.drawn(mean_of(values), 0.9, resamples=MANY_DRAWS)
    theirs = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=MANY_DRAWS,
        confidence_level=0.9,
        method="BCa",
        random_state=np.random.default_rng(4),
    ).confidence_interval
    width = theirs.high - theirs.low
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.03 * width)


def test_the_acceleration_is_a_sixth_of_the_skewness_of_a_mean() -> None:
    """By another's formula, and however equal examples share rows; what nothing moves is not skewed."""
    influence = np.array([-1.0, -0.5, 0.0, 3.0])
    times = np.array([7, 4, 2, 3])
    alone = np.repeat(influence, times)
    expected = stats.skew(alone) / 6 / np.sqrt(len(alone))
    assert bca.acceleration(alone) == pytest.approx(expected)
    assert bca.acceleration(influence, times) == pytest.approx(expected)
    assert bca.acceleration(alone / 1000) == pytest.approx(expected)
    assert bca.acceleration(np.zeros(4)) == 0.0


@pytest.mark.parametrize(
    ("found", "value", "skewed", "confidence", "expected"),
    [
        # Half of the ties are below: no bias, and the places of 7.5 % and 92.5 %, rounded outwards.
        pytest.param([*range(40), *[50] * 20, *range(61, 101)], 50.0, 0.0, 0.85, (7.0, 94.0), id="ties"),
        # Beyond every draw is as rare as half a draw: the places of 3.1 % and 96.9 %.
        pytest.param(range(100), -1.0, 0.0, 0.999, (-1.0, 4.0), id="below every draw"),
        pytest.param(range(100), 200.0, 0.0, 0.999, (96.0, 200.0), id="above every draw"),
        pytest.param(range(100), 0.5, 0.0, 0.999, (0.0, 9.0), id="below nearly every draw"),
        pytest.param(range(100), 98.5, 0.0, 0.999, (91.0, 99.0), id="above nearly every draw"),
        # Skewed draws: the places of 10.8 % and 95.7 %.
        pytest.param(range(100), 50.0, 0.1, 0.85, (10.0, 96.0), id="skewed"),
        pytest.param(range(100), 50.0, 0.0, 0.5, (25.0, 76.0), id="half of the draws"),
    ],
)
def test_the_limits_are_at_the_places_that_the_bias_leaves(
    found: Sequence[float], value: float, skewed: float, confidence: float, expected: tuple[float, float]
) -> None:
    """Of a hundred draws; the figure itself is never outside of its limits."""
    assert bca.limits(np.array(found, dtype=np.float64), value, skewed, confidence) == expected


def test_groups_of_equal_examples_are_as_good_as_the_examples() -> None:
    """Rows that stand for several examples give the interval that each on its own gives."""
    alone = mean_of(np.repeat([0.0, 1.0, 5.0], [100, 60, 20]))
    grouped = Rows(np.array([[0.0], [1.0], [5.0]]), np.array([100, 60, 20]), lambda means: means[..., 0])
    one, other = (bootstrap.drawn(rows, 0.9, resamples=MANY_DRAWS) for rows in (alone, grouped))
    assert other == pytest.approx(one, abs=0.03 * (one.high - one.low))
    expanded, once_more = (expansion.interval(rows, 0.9) for rows in (alone, grouped))
    assert expanded is not None
    assert once_more == pytest.approx(expanded)


def test_the_expansion_gives_the_limits_that_its_book_gives() -> None:
    """The variance of the spatial test data: 116.7 to 260.9 at 90 % (Efron and Tibshirani 1993, chapter 14)."""
    values = np.array(SPATIAL, dtype=np.float64)
    rows = single(np.stack([values, values**2], axis=1), lambda means: means[..., 1] - means[..., 0] ** 2)
    # So few children that a limit takes more than one of them has: the book minds that as little.
    found = expansion.interval(rows, 0.9, most=inf)
    assert found is not None
    assert found == pytest.approx((171.5, 116.7, 260.9), abs=0.05)


@pytest.mark.parametrize("metric", ["log_loss", "rmse", "r2"])
def test_many_losses_have_the_interval_that_draws_give(metric: str) -> None:
    """Of skewed losses too: means, and functions of means that have derivatives."""
    random = np.random.default_rng(5)
    n = bootstrap.FEW + 500
    squares = random.exponential(1, n), random.exponential(1.1, n)
    targets = random.normal(size=n)
    sides = [{"log_loss": loss, "mse": loss, Column.TARGET: targets} for loss in squares]
    rows = Advantages(*sides).rows(metric)
    assert isinstance(rows, Rows)
    assert_close(bootstrap.estimate(rows, 0.9), bootstrap.drawn(rows, 0.9, resamples=MANY_DRAWS))


@pytest.mark.parametrize("metric", ["balanced_accuracy", "mcc", "precision_macro", "f1_macro", "f1_weighted"])
def test_many_answers_have_the_interval_that_draws_give(metric: str) -> None:
    """Figures of counts, whose examples share rows."""
    rows = Advantages(*answers(np.random.default_rng(6), bootstrap.FEW + 500)).rows(metric)
    assert isinstance(rows, Rows)
    assert_close(bootstrap.estimate(rows, 0.9), bootstrap.drawn(rows, 0.9, resamples=MANY_DRAWS))


@pytest.mark.parametrize("apart", [0.0, 0.02, 0.1])
def test_drawn_means_give_the_interval_that_drawn_examples_give(apart: float) -> None:
    """The calibration error has a kink in each bin: where a version is well calibrated it counts, and it is drawn."""
    rows = Advantages(*answers(np.random.default_rng(7), bootstrap.FEW + 500, apart=apart)).rows("ece")
    assert isinstance(rows, Bins)
    assert_close(bootstrap.estimate(rows, 0.9), bootstrap.drawn(rows.rows(), 0.9, resamples=MANY_DRAWS), NEAR)


def test_drawn_means_keep_the_skewness_of_few_errors() -> None:
    """A wrong answer that is very sure, one in 250, makes an interval that reaches further to one side."""
    n = 3000
    right = np.arange(n) >= 12
    sides: list[dict[str, NDArray[Any]]] = [
        {Column.TARGET: np.ones(n), Column.PREDICTED: answered, Column.CONFIDENCE: np.full(n, sure)}
        for answered, sure in ((np.ones(n), 1.0), (right.astype(np.float64), 0.97))
    ]
    both = Bins(*sides)
    means, examples = bootstrap.estimate(both, 0.9), bootstrap.drawn(both.rows(), 0.9, resamples=MANY_DRAWS)
    assert means.high - means.value > 1.15 * (means.value - means.low)
    # Draws of examples move in steps of one wrong answer, 1 / n.
    assert (means.low, means.high) == pytest.approx((examples.low, examples.high), abs=1.5 / n)


def test_drawn_means_have_the_limits_that_their_skewness_says() -> None:
    """Of one wrong answer in twelve, far from any kink, the places are known: those of Cornish and Fisher's expansion."""
    n = 12
    right = np.arange(n) > 0
    sides: list[dict[str, NDArray[Any]]] = [
        {Column.TARGET: np.ones(n), Column.PREDICTED: answered, Column.CONFIDENCE: np.full(n, sure)}
        for answered, sure in ((np.ones(n), 1.0), (right.astype(np.float64), 0.5))
    ]
    found = bins.interval(Bins(*sides), 0.9, seed=7, draws=400_000)
    each = 0.5 - right
    deviation, skewed = each.std() / np.sqrt(n), stats.skew(each) / 6 / np.sqrt(n)
    bias = (np.sqrt(1 + 4 * skewed**2) - 1) / (2 * skewed)
    moved = bias + stats.norm.ppf([0.05, 0.95])
    places = bias + moved / (1 - skewed * moved)
    limits = each.mean() + deviation * (places + skewed * (places**2 - 1))
    assert found.value == pytest.approx(each.mean())
    assert (found.low, found.high) == pytest.approx(tuple(limits), abs=0.02 * deviation)


@pytest.mark.parametrize("surest", [1.0, 0.7])
def test_bins_vary_as_their_examples_say(surest: float) -> None:
    """Sums of bins, the influence of each example and all covariances are those of the rows of examples.

    So they are where the last bins are empty.
    """
    sides = answers(np.random.default_rng(12), 300)
    both = Bins(*({**one, Column.CONFIDENCE: np.minimum(one[Column.CONFIDENCE], surest)} for one in sides))
    rows, n = both.rows(), both.n
    assert both.value == pytest.approx(float(rows.figure(rows.means)))
    assert both.sums == pytest.approx(rows.values.sum(axis=0))
    without = np.array([rows.figure(np.delete(rows.values, one, axis=0).mean(axis=0)) for one in range(n)])
    influence = without.mean() - without
    assert both.influence() == pytest.approx(influence, abs=1e-12)
    columns = np.column_stack([rows.values, influence])
    assert both.spread(influence) == pytest.approx(np.cov(columns.T, bias=True) / n, abs=1e-12)


def test_a_figure_that_few_examples_carry_is_drawn() -> None:
    """The recall of a class of two examples is no smooth function of anything."""
    n = bootstrap.FEW + 500
    targets = np.zeros(n, dtype=np.int64)
    targets[:2] = 1
    old, new = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    new[0] = 1
    sides: list[dict[str, NDArray[Any]]] = [
        {Column.TARGET: targets, Column.PREDICTED: predicted} for predicted in (old, new)
    ]
    rows = Advantages(*sides).rows("balanced_accuracy")
    assert isinstance(rows, Rows)
    assert expansion.interval(rows, 0.9) is None
    assert bootstrap.estimate(rows, 0.9) == bootstrap.drawn(rows, 0.9)


@pytest.mark.parametrize(
    ("times", "sign"),
    [
        pytest.param((1, 1, 1, 1), 1.0, id="all of them"),
        pytest.param((1, 1, 1, 1), -1.0, id="none"),
        pytest.param((4, 4, 1, 1), 1.0, id="more than all"),
    ],
)
def test_a_figure_that_bends_too_far_is_drawn(times: tuple[int, ...], sign: float) -> None:
    """Where its bias leaves no part of the draws on one side, an expansion says nothing about them."""
    values = np.array([[0.9, 50.0], [0.9, -50.0], [1.1, 50.0], [1.1, -50.0]])

    def bent(means: Floats) -> Floats:
        return np.asarray(sign * (means[..., 0] ** 2 - means[..., 1] ** 2))

    rows = Rows(values, np.array(times), bent)
    assert expansion.interval(rows, 0.9, most=inf) is None
    assert bootstrap.estimate(rows, 0.9) == bootstrap.drawn(rows, 0.9)


def test_a_sum_has_an_interval_however_few_examples_carry_it() -> None:
    """Its expansion is exact in the weights; a figure that bends would have none there."""
    values = np.zeros(bootstrap.FEW + 500)
    values[0] = 1.0
    straight = mean_of(values)
    found = expansion.interval(straight, 0.9)
    assert found is not None
    assert found.low <= found.value < found.high
    assert expansion.interval(straight._replace(course=Course.CURVED), 0.9) is None


@pytest.mark.parametrize("metric", ["balanced_accuracy", "mcc", "precision_macro", "f1_weighted"])
def test_moving_weight_to_groups_is_moving_it_to_the_rows_of_each_version(metric: str) -> None:
    """What few rows of each version say is what the rows of all groups of examples say."""
    rows = Advantages(*answers(np.random.default_rng(13), 500)).rows(metric)
    assert isinstance(rows, Rows)
    assert rows.shifts is not None
    for step in (0.01, -0.01):
        assert rows.shifted(step) == pytest.approx(rows._replace(shifts=None).shifted(step), abs=1e-12)


@pytest.mark.parametrize("metric", ["ece", "f1_macro", "balanced_accuracy"])
def test_versions_that_no_example_tells_apart_have_an_interval_of_no_width(metric: str) -> None:
    """What is made of that, is not for the interval to say."""
    side, _ = answers(np.random.default_rng(9), bootstrap.FEW + 500)
    rows = Advantages(side, side).rows(metric)
    assert rows is not None
    assert bootstrap.estimate(rows, 0.9) == (0.0, 0.0, 0.0)


def test_an_interval_is_the_same_twice() -> None:
    """Draws are seeded: a gate that is asked again gives the same answer."""
    few = mean_of(np.random.default_rng(0).normal(size=300))
    many = Advantages(*answers(np.random.default_rng(0), bootstrap.FEW + 1)).rows("ece")
    assert many is not None
    for rows in (few, many):
        assert bootstrap.estimate(rows, 0.9) == bootstrap.estimate(rows, 0.9)


@pytest.mark.parametrize("n", [bootstrap.FEW, bootstrap.FEW + 1])
def test_examples_are_drawn_up_to_a_number(n: int) -> None:
    """Above it none is, where there is another way; whatever is drawn, it is from the seed that was given."""
    losses = mean_of(np.random.default_rng(0).exponential(size=n))
    carried = single(
        np.exp2(-np.arange(n, dtype=np.float64))[:, np.newaxis], lambda means: means[..., 0] ** 2
    )
    both = Bins(*answers(np.random.default_rng(0), n))
    drawn = [bootstrap.drawn(rows, 0.9, seed=7) for rows in (losses, carried, both.rows())]
    found = [bootstrap.estimate(rows, 0.9, seed=7) for rows in (losses, carried, both)]
    if n > bootstrap.FEW:
        assert found == [expansion.interval(losses, 0.9), drawn[1], bins.interval(both, 0.9, seed=7)]
    else:
        assert found == drawn


def test_each_example_s_influence_is_what_the_figure_is_without_it() -> None:
    """Beside the mean of that; the groups of equal examples have that of one of them, and no draw is lost."""
    values, times = np.array([[0.0, 1.0], [2.0, 5.0], [3.0, 2.0]]), np.array([4, 3, 2])
    rows = Rows(values, times, lambda means: means[..., 0] * means[..., 1])
    alone = np.repeat(values, times, axis=0)
    without = np.array([rows.figure(np.delete(alone, one, axis=0).mean(axis=0)) for one in range(9)])
    expected = (without.mean() - without)[[0, 4, 7]]
    assert bootstrap._influence(rows) == pytest.approx(expected, abs=1e-12)
    for n in (9, 300):
        assert bootstrap._resampled(mean_of(np.arange(n)), 2000, 7).shape == (2000,)


def test_one_example_says_nothing() -> None:
    """It has no spread, and so any limits."""
    assert bootstrap.estimate(mean_of(np.array([2.0])), 0.9) == (2.0, -np.inf, np.inf)
    assert bootstrap.estimate(mean_of(np.array([2.0, 4.0])), 0.9) == (3.0, 2.0, 4.0)


def test_a_worse_calibration_is_told_as_often_as_the_level_says() -> None:
    """Of test sets whose candidate is worse by exactly the margin hardly more than one in twenty says more than that.

    The second version is right less often than it claims by the margin, in every bin; the first one says the truth.
    """
    margin, told, sets = 0.03, 0, 100
    for number in range(sets):
        both = Bins(*answers(np.random.default_rng([10, number]), bootstrap.FEW + 500, apart=-margin))
        told += bins.interval(both, 0.9, seed=bootstrap.SEED, draws=2000).high < -margin
    assert told / sets < 0.1
