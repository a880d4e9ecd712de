"""Promises about two versions held against each other in one figure: the advantage, its interval, and the method."""

from math import hypot, inf
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy import stats

from engine.evaluation.comparison import NotComparableError, Question, Side, compare, side, verdict_of
from engine.evaluation.confidence import wilson
from engine.evaluation.paired import bootstrap, delong
from engine.evaluation.paired.figures import Advantages
from engine.evaluation.unpaired import advantage, higher_is_better
from storage.records import ExampleValues, Metric
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
    assert verdict_of(better=False, low=-0.03, high=0.0, margin=0.02) is Verdict.INCONCLUSIVE


def test_a_side_is_read_from_what_is_on_record() -> None:
    """A bit and a number of each example, as many as the data have; what is not on record is not made up."""
    right = np.array([True, False, True, True, False, False, True, True, False, True])
    losses = np.array([0.5, 1.5], dtype=np.float32)
    evaluated = version(2, evaluation(rows=10))
    read = side(
        evaluated, np.packbits(right).tobytes(), {"mae": ExampleValues("mae", "f4", losses.tobytes())}
    )
    assert read.version is evaluated
    assert read.right is not None
    assert read.right.dtype == np.bool_
    assert read.right.tolist() == right.tolist()
    assert read.values["mae"].tolist() == losses.tolist()
    assert side(evaluated, None, {}) == (evaluated, None, {})
    nothing = side(version(2, None), b"\xff", {}).right
    assert nothing is not None
    assert nothing.tolist() == []


def test_a_comparison_of_answers_tells_all_that_it_was_made_from() -> None:
    """Both p values are those of a binomial test of eleven examples that differ, of which three were lost."""
    found = compare(*apart(8, 3, 200), Question("accuracy", 0.02, 0.05))
    exact = stats.binomtest(3, 11).pvalue
    assert (found.metric, found.method, found.discordance, found.n) == ("accuracy", "Tango", (8, 3, 200), 200)
    assert (found.p_exact, found.p_mid) == pytest.approx((exact, exact - stats.binom.pmf(3, 11, 0.5)))
    assert found.after - found.before == pytest.approx(found.advantage)


def test_a_p_value_that_equals_the_level_is_not_below_it() -> None:
    """Two examples gained and none lost have a mid-p of exactly an eighth."""
    pair = apart(2, 0, 2000)
    assert compare(*pair, Question("accuracy", 0.02, 0.125)).verdict is Verdict.NON_INFERIOR
    assert compare(*pair, Question("accuracy", 0.02, 0.1251)).verdict is Verdict.SUPERIOR


@pytest.mark.parametrize(
    ("mine", "others", "named", "both"),
    [
        pytest.param(("f1", "mcc"), ("f1", "mcc"), 1, "f1, mcc", id="neither has it"),
        pytest.param(("f1", "mcc"), ("mcc", "accuracy"), 1, "mcc", id="the current one lacks it"),
        pytest.param(("mcc", "accuracy"), ("f1", "mcc"), 2, "mcc", id="the candidate lacks it"),
        pytest.param(("f1",), ("accuracy",), 1, "none", id="nothing in common"),
        pytest.param(None, ("accuracy",), 1, "none", id="the current one was not evaluated"),
        pytest.param(("accuracy",), None, 2, "none", id="the candidate was not evaluated"),
        pytest.param(("f1",), None, 1, "none", id="neither has it, and one was not evaluated"),
    ],
)
def test_a_figure_that_a_version_lacks_is_named_with_those_that_both_have(
    mine: tuple[str, ...] | None, others: tuple[str, ...] | None, named: int, both: str
) -> None:
    """Whoever asked for it sees what may be asked for instead."""
    evaluated = [
        None if names is None else evaluation(*(Metric(name, 0.5, 0.4, 0.6, 100) for name in names))
        for names in (mine, others)
    ]
    sides = [Side(version(number, found), None, {}) for number, found in enumerate(evaluated, 1)]
    with pytest.raises(NotComparableError) as caught:
        compare(sides[0], sides[1], Question("accuracy", 0.01, 0.05))
    assert str(caught.value) == f"version {named} has no metric 'accuracy'; both have: {both}"


def test_figures_that_nothing_tells_apart_may_still_be_apart_by_what_is_too_rare_to_see() -> None:
    """In the rule of three's exact form: n examples that show nothing leave what occurs oftener with the chance of the level."""
    sides = [
        Side(version(number, evaluation(Metric("max_error", 0.2, 0.2, 0.2, 100))), None, {})
        for number in (1, 2)
    ]
    found = compare(sides[0], sides[1], Question("max_error", 0.01, 0.05))
    reach = 1 - 0.05 ** (1 / 100)
    assert (found.low, found.high) == pytest.approx((-reach, reach))


@pytest.mark.parametrize("limit", [0.2, None])
def test_figures_of_no_example_say_nothing(limit: float | None) -> None:
    """A model process may claim such a figure: no number of examples follows from it, and nothing fails."""
    sides = [
        Side(version(number, evaluation(Metric("max_error", 0.2, limit, limit, 0))), None, {})
        for number in (1, 2)
    ]
    found = compare(sides[0], sides[1], Question("max_error", 0.01, 0.05))
    assert (found.low, found.high, found.needed) == (-inf, inf, None)
    assert found.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("n", "worse", "margin", "level", "needed"),
    [
        # (1.960 + 0.842)^2 times the variance (0.0707 / 1.960)^2 n, by margin^2.
        pytest.param(100, 0.0, 0.05, 0.025, 409, id="four times as many"),
        pytest.param(10, 0.0, 0.05, 0.025, 41, id="as wide of a tenth, which vary less"),
        pytest.param(100, 0.0, 0.06, 0.025, 284, id="a wider margin"),
        pytest.param(100, 0.0, 0.05, 0.05, 322, id="another level"),
        pytest.param(100, 0.0, 0.0, 0.025, None, id="no number is enough for no margin"),
        pytest.param(100, 0.0, 0.08, 0.025, None, id="these decide"),
        pytest.param(100, 0.06, 0.12, 0.025, None, id="these would, were the versions equally good"),
    ],
)
def test_how_many_examples_would_decide_follows_from_the_interval(
    n: int, worse: float, margin: float, level: float, needed: int | None
) -> None:
    """Of a figure that is no share of right answers: its spread is what the interval says."""
    sides = [
        Side(version(number, evaluation(Metric("max_error", value, value - 0.05, value + 0.05, n))), None, {})
        for number, value in ((1, 0.2), (2, 0.2 + worse))
    ]
    assert compare(sides[0], sides[1], Question("max_error", margin, level)).needed == needed


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


EVERY_OTHER = np.arange(200) % 2

LOSSES = np.linspace(0.5, 3.5, 200)


@pytest.mark.parametrize(
    ("name", "values", "span"),
    [
        pytest.param("mae", {"mae": LOSSES, "target": EVERY_OTHER}, 3.0, id="a mean of losses"),
        pytest.param("r2", {"mse": LOSSES, "target": EVERY_OTHER}, 3.0, id="made of losses"),
        pytest.param(
            "ece",
            {"confidence": 0.9 - 0.1 * EVERY_OTHER, "predicted": EVERY_OTHER, "target": EVERY_OTHER * 0},
            0.8,
            id="a calibration error, of wrong answers that are sure of 0.8",
        ),
    ],
)
def test_examples_that_tell_nothing_apart_leave_what_one_of_them_may_make(
    name: str, values: Values, span: float
) -> None:
    """What is too rare to see pulls a figure by as much as examples differ, not by one."""
    old, new = (losing(number, LOSSES, name)._replace(values=values) for number in (1, 2))
    found = compare(old, new, Question(name, 0.01, 0.05))
    reach = span * (1 - 0.05 ** (1 / 200))
    assert (found.low, found.high) == pytest.approx((-reach, reach))


def test_an_advantage_that_may_be_nothing_is_none_beyond_chance() -> None:
    """An interval that begins at 0 holds it."""
    before, after = Metric("top_5", 0.0, 0.0, 0.375, 100), Metric("top_5", 0.625, 0.125, 1.0, 100)
    sides = [Side(version(number, evaluation(one)), None, {}) for number, one in ((1, before), (2, after))]
    found = compare(sides[0], sides[1], Question("top_5", 0.01, 0.025))
    assert (found.low, found.verdict) == (0.0, Verdict.NON_INFERIOR)


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
    areas = delong.difference(targets == 1, sides[0].values["score"], sides[1].values["score"])
    assert areas is not None
    assert found.advantage == pytest.approx(areas.after - areas.before)
    reach = NormalDist().inv_cdf(0.95) * areas.deviation
    assert (found.low, found.high) == pytest.approx((found.advantage - reach, found.advantage + reach))


def test_other_figures_of_the_same_examples_are_compared_by_drawing_them() -> None:
    """At the confidence that is asked for; scores that are on record as well make no area of a loss."""
    random = np.random.default_rng(0)
    losses = random.exponential(1, 200).astype(np.float32)
    sides = []
    for number in (1, 2):
        one = losing(number, losses + random.normal(0, 0.1, 200), "log_loss")
        targets = (np.arange(200) % 2).astype(np.float32)
        values = {**one.values, "target": targets, "score": random.random(200).astype(np.float32)}
        sides.append(one._replace(values=values))
    found = compare(sides[0], sides[1], Question("log_loss", 0.01, 0.025))
    rows = Advantages(sides[0].values, sides[1].values).rows("log_loss")
    assert rows is not None
    assert (found.metric, found.method, found.n) == ("log_loss", "paired bootstrap", 200)
    assert (found.advantage, found.low, found.high) == bootstrap.estimate(rows, 0.95)


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


@pytest.mark.parametrize("missing", ["low", "high"])
def test_joined_intervals_reach_anywhere_where_one_limit_is_not_known(missing: str) -> None:
    """Of either version; what is known of the advantage is its value."""
    whole = Metric("max_error", 0.5, 0.4, 0.6, 10)
    half = replace(whole, value=0.75, **{missing: None})
    assert advantage(whole, half, 0.95) == (-0.25, -inf, inf)
    assert advantage(half, whole, 0.95) == (0.25, -inf, inf)


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
    assert check(report, "mae").detail.endswith(
        "report different targets for the same data; evaluate both again"
    )


@pytest.mark.parametrize("known", [(True, False), (False, True)])
def test_a_truth_that_one_version_tells_is_not_the_other_ones(known: tuple[bool, bool]) -> None:
    """Where neither tells any, there is nothing to disagree about."""
    losses = np.random.default_rng(0).exponential(1, 100)
    told = [losing(number, losses) for number in (1, 2)]
    untold = [one._replace(values={"mae": one.values["mae"]}) for one in told]
    pair = [has if tells else lacks for has, lacks, tells in zip(told, untold, known, strict=True)]
    with pytest.raises(NotComparableError, match="versions 1 and 2 report different targets"):
        compare(pair[0], pair[1], Question("mae", 0.01, 0.05))
    assert compare(untold[0], untold[1], Question("mae", 0.01, 0.05)).method == "paired bootstrap"
