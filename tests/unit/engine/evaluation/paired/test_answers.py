"""Promises about right and wrong answers of two versions: Tango's score, McNemar's p, Holm, and what is needed."""

import operator
from functools import partial
from itertools import combinations
from math import comb, inf, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from engine.evaluation.comparison import Question, of_answers
from engine.evaluation.paired import holm, mcnemar, needed, tango
from engine.evaluation.paired.tango import Discordance
from storage.vocabulary import Verdict


@st.composite
def seen(draw: st.DrawFn) -> Discordance:
    """Return any outcome of a comparison."""
    n = draw(st.integers(1, 3000))
    gained = draw(st.integers(0, n))
    return Discordance(gained, draw(st.integers(0, n - gained)), n)


@pytest.mark.parametrize(
    ("found", "low", "high"),
    [
        (Discordance(60, 40, 10_000), 0.0000408, 0.0040310),
        (Discordance(40, 60, 10_000), -0.0040310, -0.0000408),
        (Discordance(12, 9, 1000), -0.0065063, 0.0129369),
        (Discordance(0, 0, 500), -0.0076243, 0.0076243),
        (Discordance(5, 0, 300), 0.0038130, 0.0384154),
        (Discordance(150, 130, 10_000), -0.0012881, 0.0053129),
    ],
)
def test_tangos_interval(found: Discordance, low: float, high: float) -> None:
    """The 95 % limits are those of an independent computation, to seven places."""
    assert tango.interval(found, 0.95) == pytest.approx((low, high), abs=5e-8)


@pytest.mark.parametrize(
    ("found", "z", "p"),
    [
        (Discordance(40, 60, 10_000), 2.8236, 0.00237),
        (Discordance(12, 9, 1000), 1.6792, 0.04656),
        (Discordance(0, 0, 500), 1.5851, 0.05647),
    ],
)
def test_tangos_test_of_non_inferiority(found: Discordance, z: float, p: float) -> None:
    """At a margin of half a point the score and its p are those of an independent computation."""
    assert tango.score(found, -0.005) == pytest.approx(z, abs=5e-5)
    assert tango.p_not_inferior(found, 0.005) == pytest.approx(p, abs=5e-6)


def test_tangos_variance_is_the_likeliest_one() -> None:
    """The chance that only the old version is right, given an advantage, is the one that makes the outcome likeliest."""
    found, advantage = Discordance(12, 9, 400), 0.02
    lost = np.linspace(1e-6, 0.2, 200_001)
    gained = lost + advantage
    likelihood = found.gained * np.log(gained) + found.lost * np.log(lost) + 379 * np.log(1 - gained - lost)
    best = float(lost[likelihood.argmax()])
    z = (12 - 9 - 400 * advantage) / sqrt(400 * (2 * best + advantage * (1 - advantage)))
    assert tango.score(found, advantage) == pytest.approx(z, abs=1e-4)


@pytest.mark.parametrize("advantage", [-0.3, -0.0005, 0.0005, 0.3])
def test_tangos_score_of_two_that_never_differ_is_a_binomials(advantage: float) -> None:
    """With no example on which they differ the score has a closed form, however small the advantage."""
    closed = -sqrt(500 * abs(advantage) / (1 - abs(advantage)))
    assert tango.score(Discordance(0, 0, 500), advantage) == pytest.approx(
        closed if advantage > 0 else -closed
    )


@pytest.mark.parametrize(
    ("found", "advantage", "z"),
    [
        (Discordance(0, 0, 500), 0.0, 0.0),
        (Discordance(7, 1, 10), 1.0, -inf),
        (Discordance(7, 1, 10), -1.0, inf),
        (Discordance(0, 9, 10), -1.0, inf),
        (Discordance(9, 0, 10), 1.0, -inf),
        (Discordance(10, 0, 10), 1.0, 0.0),
        (Discordance(0, 10, 10), -1.0, 0.0),
    ],
)
def test_tangos_score_where_nothing_varies(found: Discordance, advantage: float, z: float) -> None:
    """An advantage that leaves nothing to chance is what was seen, or impossible."""
    assert tango.score(found, advantage) == z


@pytest.mark.parametrize("confidence", [0.2, 0.5, 0.9])
def test_tangos_limits_are_where_the_score_is_as_rare_as_the_confidence_says(confidence: float) -> None:
    """At either limit of any confidence the score is the normal distribution's quantile."""
    found, z = Discordance(12, 9, 400), NormalDist().inv_cdf(0.5 + confidence / 2)
    scores = [tango.score(found, limit) for limit in tango.interval(found, confidence)]
    assert scores == pytest.approx([z, -z], abs=1e-9)


@given(seen(), st.floats(0.001, 0.3))
def test_both_directions_are_alike(found: Discordance, margin: float) -> None:
    """Exchanging the versions turns the score and the interval round."""
    other = Discordance(found.lost, found.gained, found.n)
    assert tango.score(found, margin) == pytest.approx(-tango.score(other, -margin), abs=1e-9)
    low, high = tango.interval(found, 0.9)
    assert tango.interval(other, 0.9) == pytest.approx((-high, -low), abs=1e-9)


@given(seen(), st.floats(0.0005, 0.2), st.floats(1.01, 4.0))
def test_a_wider_margin_is_never_harder(found: Discordance, margin: float, wider: float) -> None:
    """What a margin rules out a wider one rules out as well."""
    assert tango.p_not_inferior(found, margin * wider) <= tango.p_not_inferior(found, margin) + 1e-12


@given(seen(), st.floats(0.001, 0.2))
def test_test_and_interval_say_the_same(found: Discordance, margin: float) -> None:
    """A loss of the margin is refused just where the interval lies above it."""
    z = tango.score(found, -margin)
    low, _ = tango.interval(found, 0.9)
    if abs(z - NormalDist().inv_cdf(0.95)) > 1e-6:
        assert (low > -margin) == (z > NormalDist().inv_cdf(0.95))
    assert low <= found.advantage <= tango.interval(found, 0.9)[1]


@pytest.mark.parametrize(
    ("gained", "lost", "exact", "mid"),
    [
        (7, 1, 0.07031, 0.03906),
        (25, 10, 0.01667, 0.01133),
        (60, 40, 0.05689, 0.04604),
        (33, 17, 0.03284, 0.02409),
        (5, 0, 0.06250, 0.03125),
        (120, 100, 0.20009, 0.17838),
    ],
)
def test_mcnemar_two_sided(gained: int, lost: int, exact: float, mid: float) -> None:
    """The p values are published ones, and the exact one is scipy's binomial test."""
    found = mcnemar.two_sided(Discordance(gained, lost, 1000))
    assert found == pytest.approx((exact, mid), abs=5e-6)
    assert found.exact == pytest.approx(binomtest(gained, gained + lost).pvalue)
    assert mcnemar.two_sided(Discordance(lost, gained, 1000)) == found


@pytest.mark.parametrize(
    ("gained", "lost", "exact", "mid"), [(60, 40, 0.02844, 0.02302), (25, 10, 0.00834, 0.00567)]
)
def test_mcnemar_one_sided(gained: int, lost: int, exact: float, mid: float) -> None:
    """The p values of an advantage are those of an independent computation."""
    assert mcnemar.better(Discordance(gained, lost, 1000)) == pytest.approx((exact, mid), abs=5e-6)


STATSMODELS = [
    (121, 59, 4.4344492637551645e-06, 21.355555555555554),
    (70, 59, 0.3786876626931185, 0.937984496124031),
    (80, 59, 0.08945231499446925, 3.172661870503597),
    (30, 60, 0.0020602656809630745, 10.0),
    (10, 30, 0.0022214337732293643, 10.0),
    (10, 10, 1.0, 0.0),
    (7, 1, 0.0703125, 4.5),
    (0, 3, 0.25, 3.0),
    (812, 743, 0.08459866532676705, 3.0617363344051447),
]
"""What statsmodels 0.15.0 says of so many gained and lost: the p of ``mcnemar(exact=True)``, then the statistic of
``mcnemar(exact=False, correction=False)``. The first six are tables that its own tests hold against other programs."""


@pytest.mark.parametrize(("gained", "lost", "exact", "statistic"), STATSMODELS)
def test_mcnemar_is_that_of_statsmodels(gained: int, lost: int, exact: float, statistic: float) -> None:
    """The exact p is the same, the mid-p is it less the chance of what was seen, and the statistic Tango's score squared."""
    seen = Discordance(gained, lost, 2000)
    found = mcnemar.two_sided(seen)
    assert found.exact == pytest.approx(exact, rel=1e-12)
    if gained != lost:
        assert found.mid == pytest.approx(exact - binom.pmf(gained, gained + lost, 0.5), rel=1e-12)
    assert tango.score(seen, 0.0) ** 2 == pytest.approx(statistic, rel=1e-12)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_what_counting_says(gained: int, lost: int) -> None:
    """Every outcome of the coin is enumerated."""
    n = gained + lost
    chances = [comb(n, k) / 2**n for k in range(n + 1)]
    found = mcnemar.better(Discordance(gained, lost, 100))
    assert found.exact == pytest.approx(sum(chances[gained:]))
    assert found.mid == pytest.approx(sum(chances[gained + 1 :]) + chances[gained] / 2)
    assert mcnemar.two_sided(Discordance(gained, gained, 100)) == (1.0, 1.0)


def clear(p_values: list[float], level: float = 0.05) -> set[int]:
    """Return which of the tests with these p values Holm finds clear together."""
    found = holm.found([partial(operator.lt, p) for p in p_values], level)
    return {number for number, yes in enumerate(found) if yes}


@given(st.lists(st.floats(0, 1), max_size=6))
def test_holm_finds_what_its_steps_find(p_values: list[float]) -> None:
    """Asked at levels, the tests give what walking up from the smallest p gives."""
    expected = set()
    for place, number in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[number] >= 0.05 / (len(p_values) - place):
            break
        expected.add(number)
    assert clear(p_values) == expected


def test_holm_keeps_the_level_whatever_is_true() -> None:
    """Closed testing over all subsets, each by Bonferroni, finds the same (three of them)."""
    level, p = 0.05, [0.011, 0.02, 0.2]
    closed = {
        one
        for one in range(3)
        if all(
            min(p[member] for member in subset) * len(subset) < level
            for size in (1, 2, 3)
            for subset in combinations(range(3), size)
            if one in subset
        )
    }
    assert clear(p, level) == closed == {0, 1}


@pytest.mark.parametrize(
    ("differ", "margin", "n"),
    [
        (0.01, 0.005, 2474),
        (0.02, 0.005, 4947),
        (0.05, 0.005, 12366),
        (0.02, 0.01, 1237),
        (0.02, 0.0025, 19785),
    ],
)
def test_how_many_examples_decide(differ: float, margin: float, n: int) -> None:
    """The numbers are those of the usual formula at a level of 5 % and a power of 80 %."""
    assert needed.examples(differ, margin, 0.05, bounded=True) == pytest.approx(n, abs=1)


@settings(max_examples=20)
@given(st.floats(0.002, 0.05), st.floats(0.001, 0.05))
def test_identical_versions_pass_with_what_is_said_to_be_needed(margin: float, level: float) -> None:
    """Of two versions that never differ, as many examples as are asked for pass, and a few less do not."""
    n = needed.examples(0.0, margin, level, bounded=True)
    assert n is not None
    assert tango.p_not_inferior(Discordance(0, 0, n), margin) <= level + 1e-9
    assert tango.p_not_inferior(Discordance(0, 0, n - 2), margin) > level


def test_what_would_decide_follows_from_how_often_the_versions_differ() -> None:
    """Both directions count: sixty in a thousand say as much about the number as thirty and thirty."""
    question = Question("accuracy", 0.005, 0.05)
    for found in (Discordance(30, 30, 1000), Discordance(28, 32, 1000)):
        assert found.share == pytest.approx(0.06)
        expected = needed.examples(0.06, 0.005, 0.05, bounded=True)
        assert of_answers(found, (0.9, 0.9), question).needed == expected


def test_no_number_is_told_where_there_are_already_more() -> None:
    """A candidate that seems worse by half of the margin is not decided by as many as two equal ones would take."""
    found = of_answers(Discordance(24, 36, 1000), (0.9, 0.888), Question("accuracy", 0.02, 0.05))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert (needed.examples(0.06, 0.02, 0.05, bounded=True) or 0) < 1000
    assert found.needed is None


def test_a_figure_without_a_spread_needs_no_examples() -> None:
    """What is added for answers that may yet differ is not added to figures that are no answers."""
    assert needed.examples(0.0, 0.005, 0.05, bounded=False) == 0


def test_no_number_of_examples_proves_a_margin_of_nothing() -> None:
    """Where nothing may be lost, equal versions never pass."""
    assert needed.examples(0.02, 0.0, 0.05, bounded=True) is None
