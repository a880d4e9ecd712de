"""Promises about two versions held against each other in one figure: the advantage, its interval, and the method."""

from math import hypot
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evaluation.comparison import NotComparableError, Question, Side, compare, verdict_of
from engine.evaluation.confidence import wilson
from engine.evaluation.unpaired import advantage, higher_is_better
from storage.records import Metric
from storage.vocabulary import CheckVerdict, Verdict
from tests.unit.engine.evaluation.sides import (
    Values,
    apart,
    check,
    evaluation,
    judged,
    version,
)


def test_the_verdict_of_an_interval() -> None:
    """An interval that touches the margin does not rule it out."""
    assert verdict_of(better=False, low=-0.02, high=0.01, margin=0.02) is Verdict.INCONCLUSIVE
    assert verdict_of(better=False, low=-0.0199, high=-0.01, margin=0.02) is Verdict.NON_INFERIOR
    assert verdict_of(better=False, low=-0.03, high=-0.01, margin=0.02) is Verdict.INFERIOR


def test_figures_that_nothing_tells_apart_may_still_be_apart_by_what_is_too_rare_to_see() -> None:
    """In the rule of three's exact form: n examples that show nothing leave what occurs oftener with the chance of the level."""
    sides = [
        Side(version(number, evaluation(Metric("max_error", 0.2, 0.2, 0.2, 100))), None, {})
        for number in (1, 2)
    ]
    found = compare(sides[0], sides[1], Question("max_error", 0.01, 0.05))
    reach = 1 - 0.05 ** (1 / 100)
    assert (found.low, found.high) == pytest.approx((-reach, reach))


def test_the_version_whose_answers_are_not_on_record_is_named() -> None:
    """Either may lack them, and it is that one that has to be evaluated again."""
    old, new = apart(5, 5, 100)
    for pair, number in (((old._replace(right=None), new), 1), ((old, new._replace(right=None)), 2)):
        with pytest.raises(
            NotComparableError, match=f"not on record for version {number}; evaluate it again"
        ):
            compare(*pair, Question("accuracy", 0.01, 0.05))


def losing(number: int, losses: Any, name: str = "mae") -> Side:
    """Return a version with a loss of each example."""
    values = np.asarray(losses, dtype=np.float32)
    mean, reach = float(values.mean()), 0.1
    metric = Metric(name, mean, mean - reach, mean + reach, len(values))
    targets = np.zeros(len(values), dtype=np.float32)
    return Side(
        version(number, evaluation(metric, rows=len(values))), None, {name: values, "target": targets}
    )


def test_losses_that_nothing_tells_apart_may_be_apart_by_as_much_as_losses_differ() -> None:
    """What is too rare to see pulls a mean of losses by their range, not by one."""
    losses = np.linspace(0.5, 3.5, 200)
    found = compare(losing(1, losses), losing(2, losses), Question("mae", 0.01, 0.05))
    reach = 3 * (1 - 0.05 ** (1 / 200))
    assert (found.low, found.high) == pytest.approx((-reach, reach))


@pytest.mark.parametrize("name", ["mae", "mse", "log_loss", "brier"])
def test_losses_are_compared_pair_by_pair(name: str) -> None:
    """A small gain on examples that differ widely is found, because each is compared with itself."""
    random = np.random.default_rng(0)
    losses = random.exponential(5, 400)
    pair = losing(1, losses + 0.2, name), losing(2, losses + random.normal(0, 0.1, 400), name)
    report = judged(pair, gate={"metric": name, "margin": 0.01})
    assert report.verdict is Verdict.SUPERIOR
    assert judged((pair[1], pair[0]), gate={"metric": name, "margin": 0.01}).verdict is Verdict.INFERIOR


def test_losses_that_never_differ_prove_little_on_few_examples() -> None:
    """Identical versions have no spread, yet twenty examples do not rule a difference out."""
    losses = np.random.default_rng(0).exponential(1, 20)
    held = judged((losing(1, losses), losing(2, losses)), gate={"metric": "mae", "margin": 0.05})
    assert held.verdict is Verdict.INCONCLUSIVE
    losses = np.random.default_rng(0).uniform(0, 1, 20_000)
    passed = judged((losing(1, losses), losing(2, losses)), gate={"metric": "mae", "margin": 0.05})
    assert passed.verdict is Verdict.NON_INFERIOR


def test_an_area_is_compared_by_delong() -> None:
    """Two rankings of the same examples are held against each other with DeLong's deviation."""
    random = np.random.default_rng(0)
    targets = np.arange(600) % 2
    shared = random.normal(size=600)
    sides = []
    for number, shift in ((1, 1.0), (2, 2.0)):
        values: Values = {
            "target": targets.astype(np.uint8),
            "score": (targets * shift + shared).astype(np.float32),
        }
        area = evaluation(Metric("roc_auc", 0.8, 0.7, 0.9, 600), rows=600)
        sides.append(Side(version(number, area), None, values))
    found = compare(sides[0], sides[1], Question("roc_auc", 0.01, 0.05))
    assert (found.method, found.verdict) == ("DeLong", Verdict.SUPERIOR)
    assert 0 < found.low < found.advantage < found.high


ALTERNATING = np.arange(600) % 2


@pytest.mark.parametrize(
    ("targets", "scored"),
    [
        pytest.param(ALTERNATING, (True, False), id="scores of one version only"),
        pytest.param(ALTERNATING, (False, False), id="no scores"),
        pytest.param(ALTERNATING, (True, True), id="the same ranking"),
        pytest.param(ALTERNATING * 0, (True, True), id="no example of the class"),
    ],
)
def test_areas_that_delong_cannot_tell_apart_are_compared_by_their_intervals(
    targets: NDArray[Any], scored: tuple[bool, bool]
) -> None:
    """Without both rankings, or where they do not differ, the two areas have what their own intervals say."""
    ranked = np.linspace(0, 1, 600, dtype=np.float32)
    known: Values = {"target": targets.astype(np.uint8)}
    sides = [
        Side(
            version(number, evaluation(Metric("roc_auc", 0.8, 0.7, 0.9, 600), rows=600)),
            None,
            {**known, "score": ranked} if has else known,
        )
        for number, has in enumerate(scored, 1)
    ]
    found = compare(sides[0], sides[1], Question("roc_auc", 0.01, 0.025))
    assert found.method == "unpaired"
    assert (found.low, found.high) == pytest.approx((-hypot(0.1, 0.1), hypot(0.1, 0.1)))


@pytest.mark.parametrize(
    ("better", "worse", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_joined_intervals_are_newcombes(
    better: tuple[int, int], worse: tuple[int, int], low: float, high: float
) -> None:
    """Of two proportions with Wilson's limits they are those of method 10 in table II of Newcombe 1998."""
    before, after = (Metric("top_5", right / n, *wilson(right, n), n) for right, n in (worse, better))
    found = advantage(before, after, 0.95)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_joined_intervals_are_turned_round_for_errors() -> None:
    """A lower error is an advantage, and its limits change places."""
    before, after = Metric("max", 0.5, 0.45, 0.55, 10), Metric("max", 0.3, 0.28, 0.33, 10)
    up = advantage(before, after, 0.95)
    errors = [Metric("max_error", one.value, one.low, one.high, 10) for one in (before, after)]
    down = advantage(errors[0], errors[1], 0.95)
    assert (down.value, down.low, down.high) == pytest.approx((-up.value, -up.high, -up.low))


def test_joined_intervals_are_stretched_to_the_level_that_is_asked_for() -> None:
    """Both figures' limits are of 95 %; at another confidence they reach as much further as a normal distribution's."""
    before, after = Metric("max", 0.5, 0.45, 0.56, 10), Metric("max", 0.8, 0.77, 0.82, 10)
    stretch = NormalDist().inv_cdf(0.995) / NormalDist().inv_cdf(0.975)
    found = advantage(before, after, 0.99)
    assert found.value == pytest.approx(0.3)
    assert found.value - found.low == pytest.approx(stretch * hypot(0.03, 0.06))
    assert found.high - found.value == pytest.approx(stretch * hypot(0.02, 0.05))


def test_a_limit_of_nothing_is_a_limit() -> None:
    """A figure whose interval ends at 0 is as near to it as it says."""
    before, after = Metric("max", -0.2, -0.3, 0.0, 10), Metric("max", 0.1, 0.0, 0.2, 10)
    found = advantage(before, after, 0.95)
    assert found == pytest.approx((0.3, 0.3 - hypot(0.1, 0.2), 0.3 + hypot(0.1, 0.1)))


@pytest.mark.parametrize(("name", "better"), [("accuracy", True), ("log_loss", False), ("my_own", True)])
def test_which_direction_is_better(name: str, *, better: bool) -> None:
    """Errors are better when lower; figures of the user's own when higher."""
    assert higher_is_better(name) is better


def test_versions_that_tell_different_truths_are_not_compared() -> None:
    """Targets are a property of the data; where two evaluations disagree about them something is wrong."""
    losses = np.random.default_rng(0).exponential(1, 100)
    old, new = losing(1, losses), losing(2, losses)
    other = new._replace(values={**new.values, "target": np.ones(100, dtype=np.float32)})
    report = judged((old, other), gate={"metric": "mae"})
    assert check(report, "mae").verdict is CheckVerdict.ERROR
    assert "different targets" in check(report, "mae").detail
