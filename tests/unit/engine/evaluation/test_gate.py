"""Promises about what a candidate must show before it may be promoted."""

from math import hypot
from statistics import NormalDist
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evaluation.checks import COMPARED, FIRST
from engine.evaluation.comparison import NotComparableError, Question, Side, compare, verdict_of
from engine.evaluation.confidence import wilson
from engine.evaluation.facts import Anchor, Facts, share_of
from engine.evaluation.gate import judge
from engine.evaluation.unpaired import advantage, higher_is_better
from storage.fault_records import Fault
from storage.promotion_records import GateCheck, GateReport
from storage.records import LatencyRatio, Loading, Metric
from storage.vocabulary import CheckVerdict, FaultState, Severity, Verdict
from tests.unit.engine.evaluation.sides import Values, answering, apart, evaluation, facts, version

ALONE = {"budget": 1}
"""A budget of one candidate, which gets half of the level."""


def judged(sides: tuple[Side | None, Side], **given: Any) -> GateReport:
    """Return what the gate says."""
    return judge(facts(sides, **given))


def check(report: GateReport, name: str) -> GateCheck:
    """Return the check of a name, of which there must be one."""
    [found] = [one for one in report.checks if one.name == name]
    return found


# The figure that decides


@pytest.mark.parametrize(
    ("gained", "lost", "n", "margin", "verdict"),
    [
        pytest.param(80, 10, 2000, 0.02, Verdict.SUPERIOR, id="better beyond chance"),
        pytest.param(12, 9, 2000, 0.02, Verdict.NON_INFERIOR, id="better, perhaps by chance"),
        pytest.param(0, 0, 2000, 0.02, Verdict.NON_INFERIOR, id="identical, enough examples"),
        pytest.param(0, 0, 500, 0.005, Verdict.INCONCLUSIVE, id="identical, too few examples"),
        pytest.param(9, 12, 1000, 0.005, Verdict.INCONCLUSIVE, id="worse, perhaps by chance"),
        pytest.param(20, 60, 2000, 0.005, Verdict.INFERIOR, id="worse beyond chance"),
        pytest.param(
            200, 300, 100_000, 0.005, Verdict.NON_INFERIOR, id="worse beyond chance, within the margin"
        ),
    ],
)
def test_the_verdict_follows_from_the_examples_on_which_the_versions_differ(
    gained: int, lost: int, n: int, margin: float, verdict: Verdict
) -> None:
    """Each of the four verdicts is given where the definition says, and only the first two pass."""
    report = judged(apart(gained, lost, n), gate={"margin": margin})
    assert report.verdict is verdict
    assert report.passed is (verdict in {Verdict.SUPERIOR, Verdict.NON_INFERIOR})


def test_the_sentence_has_figures_interval_and_p() -> None:
    """Everything that decided stands in the check's sentence."""
    report = judged(apart(80, 10, 2000), gate={"margin": 0.02} | ALONE)
    told = check(report, "accuracy").detail
    assert told == (
        "0.8645 -> 0.8995: +0.0350 [+0.0264, +0.0449] (95% interval, n=2000); better beyond chance (mid-p 5.9e-15)"
    )


def test_an_inconclusive_answer_says_how_many_examples_would_decide() -> None:
    """The number is what the formula says less what there is, and with it identical versions do pass."""
    report = judged(apart(0, 0, 500), gate={"margin": 0.005})
    told = check(report, "accuracy").detail
    assert "a loss of 0.005 is not ruled out (p 0.056)" in told
    more = int(told.rpartition("about ")[2].partition(" more")[0].replace(",", ""))
    assert judged(apart(0, 0, 500 + more), gate={"margin": 0.005}).passed
    assert not judged(apart(0, 0, 500 + more // 2), gate={"margin": 0.005}).passed


def test_superiority_may_be_asked_for() -> None:
    """With that mode a candidate that is only not worse is held, a better one passes."""
    held = judged(apart(12, 9, 2000), gate={"margin": 0.02, "mode": "superiority"})
    assert (held.verdict, held.passed) == (Verdict.INCONCLUSIVE, False)
    told = check(held, "accuracy").detail
    assert told.startswith("0.8950 -> 0.8965")
    assert told.endswith(", but gate.mode asks for a better one")
    assert judged(apart(80, 10, 2000), gate={"margin": 0.02, "mode": "superiority"}).passed


def test_a_margin_of_nothing_passes_better_versions_only() -> None:
    """Where nothing may be lost, equality can never be shown."""
    report = judged(apart(12, 12, 2000), gate={"margin": 0.0})
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "only a better candidate passes" in check(report, "accuracy").detail
    assert judged(apart(80, 10, 2000), gate={"margin": 0.0}).passed


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


def test_a_regression_is_judged_by_its_headline_figure_where_nothing_was_chosen() -> None:
    """The default metric is accuracy; a task that has none falls back to r2."""
    pair = tuple(
        Side(version(number, evaluation(Metric("r2", value, value - 0.01, value + 0.01, 500))), None, {})
        for number, value in ((1, 0.80), (2, 0.90))
    )
    report = judged((pair[0], pair[1]))
    assert report.verdict is Verdict.SUPERIOR
    assert check(report, "r2").detail.startswith("0.8000 -> 0.9000: +0.1000")
    assert "as if on different examples" in check(report, "r2").detail


def test_a_figure_without_an_interval_decides_nothing() -> None:
    """The largest error has no interval; a gate on it is never passed by its bare value."""
    old, new = (Metric("max_error", value, None, None, 500) for value in (3.0, 2.0))
    pair = Side(version(1, evaluation(old)), None, {}), Side(version(2, evaluation(new)), None, {})
    assert judged(pair, gate={"metric": "max_error"}).verdict is Verdict.INCONCLUSIVE


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


# What is compared at all


def test_a_chosen_metric_that_is_missing_is_an_error_and_no_pass() -> None:
    """A metric that was asked for and not measured is named, with those that there are."""
    report = judged(apart(80, 10, 2000), gate={"metric": "f1"})
    assert (report.verdict, report.passed) == (Verdict.INCONCLUSIVE, False)
    assert check(report, "f1").verdict is CheckVerdict.ERROR
    assert check(report, "f1").detail == "version 1 has no metric 'f1'; both have: accuracy"


def test_outcomes_that_are_not_on_record_are_asked_for() -> None:
    """Where single answers were not kept, the figures alone decide nothing."""
    old, new = apart(80, 10, 2000)
    report = judged((old._replace(right=None), new))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "not on record for version 1; evaluate it again" in check(report, "accuracy").detail


def test_versions_that_tell_different_truths_are_not_compared() -> None:
    """Targets are a property of the data; where two evaluations disagree about them something is wrong."""
    losses = np.random.default_rng(0).exponential(1, 100)
    old, new = losing(1, losses), losing(2, losses)
    other = new._replace(values={**new.values, "target": np.ones(100, dtype=np.float32)})
    report = judged((old, other), gate={"metric": "mae"})
    assert check(report, "mae").verdict is CheckVerdict.ERROR
    assert "different targets" in check(report, "mae").detail


@pytest.mark.parametrize("deployed", [True, False])
def test_a_candidate_without_evaluation_never_passes(*, deployed: bool) -> None:
    """Nothing is promoted unseen, whether or not something is deployed."""
    old, new = apart(80, 10, 2000)
    unseen = new._replace(version=version(2, None))
    report = judged((old if deployed else None, unseen))
    assert (report.verdict, report.passed) == (Verdict.INCONCLUSIVE, False)
    assert report.checks[0].detail == "version 2 has not been evaluated"


def test_an_evaluation_of_other_content_counts_for_nothing() -> None:
    """After the files of a version changed, its figures are of something else."""
    old, new = apart(80, 10, 2000)
    changed = new._replace(version=msgspec.structs.replace(new.version, sha256="b" * 64))
    report = judged((old, changed))
    assert not report.passed
    assert "changed after it was evaluated" in report.checks[0].detail


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ({"dataset_sha256": "e" * 64}, "other data than version 2: modeltender evaluate mnist@1"),
        (
            {"preprocessing_sha256": "q" * 64},
            "other preprocessing than version 2: modeltender evaluate mnist@1",
        ),
        ({"dataset_sha256": "e" * 64, "at": 9.0}, "other data than version 2: modeltender evaluate mnist@2"),
        (None, "version 1 has no evaluation to compare with: modeltender evaluate mnist@1"),
    ],
)
def test_figures_from_other_examples_are_not_compared(before: dict[str, Any] | None, said: str) -> None:
    """However much better the figure is: other data, other preparation or none at all decide nothing."""
    old, new = apart(80, 10, 2000)
    seen = old.version.evaluation
    assert seen is not None
    found = None if before is None else msgspec.structs.replace(seen, **before)
    report = judged((old._replace(version=version(1, found)), new))
    assert (report.verdict, report.passed) == (Verdict.INCONCLUSIVE, False)
    assert said in report.checks[-1].detail


# The level


@pytest.mark.parametrize("budget", [1, 10, 50])
def test_the_shares_of_all_candidates_add_up_to_the_level(budget: int) -> None:
    """However many come, the whole is never exceeded; the budget's candidates get half of it."""
    shares = [share_of(place, budget) for place in range(1, 100_000)]
    assert sum(shares) < 1
    assert sum(shares) == pytest.approx(1, abs=0.001)
    assert sum(shares[:budget]) == pytest.approx(0.5)
    assert shares == sorted(shares, reverse=True)


def test_a_worn_test_set_demands_more() -> None:
    """The same outcomes that pass as the first candidate do not as the thirtieth, and the sentence says why."""
    pair = apart(9, 12, 2000)
    first, late = (judged(pair, gate={"margin": 0.009}, place=place) for place in (1, 30))
    assert first.passed
    assert late.verdict is Verdict.INCONCLUSIVE
    assert check(first, "test-set").detail.startswith("1st candidate judged on this test set; budget 10;")
    assert check(late, "test-set").detail.startswith(
        "30th candidate judged on this test set; budget 10: collect fresh labels;"
    )


# Guards


def by_class(lost: int, rows: int = 400) -> tuple[Side, Side]:
    """Return two versions of ten classes, of which the second gains on all but class 3, where it loses some."""
    targets = (np.arange(10 * rows) % 10).astype(np.uint8)
    old = np.ones(10 * rows, np.bool_)
    old[targets != 3] = np.arange(9 * rows) % 10 != 0
    new = np.ones(10 * rows, np.bool_)
    new[np.flatnonzero(targets == 3)[:lost]] = False
    values = {"target": targets}
    return answering(1, old, values), answering(2, new, values)


def test_a_class_that_is_forgotten_fails_although_the_whole_is_better() -> None:
    """The class, its loss and its interval are named."""
    report = judged(by_class(60), gate={"class_margin": 0.05}, labels=tuple("abcdefghij"))
    assert check(report, "accuracy").verdict is CheckVerdict.PASS
    assert (report.verdict, report.passed) == (Verdict.INFERIOR, False)
    assert check(report, "classes").detail.startswith("class d, -0.1500 [-0.")
    assert check(report, "classes").detail.endswith("(n=400): worse beyond chance")


def test_classes_within_their_margin_pass() -> None:
    """Each class has its own test, and the least one is told."""
    report = judged(by_class(0), gate={"class_margin": 0.05})
    assert check(report, "classes").verdict is CheckVerdict.PASS
    assert check(report, "classes").detail.startswith("each of 10 within 0.05; the least is class 3, +0.0000")


def test_classes_with_few_examples_are_inconclusive() -> None:
    """Thirty examples of a class prove nothing about five points; the sentence says how many would."""
    report = judged(by_class(0, rows=30), gate={"class_margin": 0.05})
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "more examples of it decide" in check(report, "classes").detail


def test_without_a_margin_for_classes_nothing_is_asked_of_them() -> None:
    """The guard is there for who wants it."""
    assert "classes" not in {one.name for one in judged(by_class(60)).checks}


def confident(number: int, right: Any, confidence: float) -> Side:
    """Return a version that is as sure of each of its answers."""
    n = len(right)
    gap = abs(float(right.mean()) - confidence)
    metrics = (
        Metric("accuracy", float(right.mean()), None, None, n),
        Metric("ece", gap, max(0.0, gap - 0.01), gap + 0.01, n),
    )
    values = {
        "target": np.zeros(n, np.uint8),
        "predicted": (~right).astype(np.uint8),
        "confidence": np.full(n, confidence, np.float32),
    }
    return Side(version(number, evaluation(*metrics, rows=n)), right, values)


def test_overconfidence_is_held_back() -> None:
    """A candidate as accurate as before whose probabilities have become lies fails the guard."""
    right = np.arange(2000) % 10 != 0
    report = judged((confident(1, right, 0.9), confident(2, right, 0.999)), gate={"margin": 0.02})
    assert check(report, "accuracy").verdict is CheckVerdict.PASS
    assert check(report, "calibration").verdict is CheckVerdict.FAIL
    assert not report.passed
    back = judged((confident(1, right, 0.999), confident(2, right, 0.9)), gate={"margin": 0.02})
    assert check(back, "calibration").verdict is CheckVerdict.PASS


def fault(number: int, code: str) -> Fault:
    """Return an open fault of a version."""
    return Fault(
        id=1,
        code=code,
        model="mnist",
        version=number,
        severity=Severity.ERROR,
        message=f"version {number} has {code}.",
        repair="",
        state=FaultState.OPEN,
        first_at=0.0,
        last_at=0.0,
        count=1,
    )


def test_a_fault_that_the_current_version_has_not_is_new() -> None:
    """Faults that both have are no reason; one that would come with the candidate is."""
    both = (fault(1, "slow"), fault(2, "slow"))
    assert check(judged(apart(80, 10, 2000), faults=both), "faults").verdict is CheckVerdict.PASS
    new = judged(apart(80, 10, 2000), faults=(*both, fault(2, "drift")))
    assert check(new, "faults").detail == "version 2 has drift"
    assert (check(new, "faults").verdict, new.passed) == (CheckVerdict.FAIL, False)


@pytest.mark.parametrize(
    ("ratio", "low", "high", "verdict"),
    [
        (1.05, 1.01, 1.09, CheckVerdict.PASS),
        (1.30, 1.22, 1.38, CheckVerdict.FAIL),
        (1.19, 1.10, 1.29, CheckVerdict.INCONCLUSIVE),
    ],
)
def test_the_latency_ratio_is_held_against_its_limit(
    ratio: float, low: float, high: float, verdict: CheckVerdict
) -> None:
    """The whole interval must lie within the limit to pass, and beyond it to fail."""
    measured = LatencyRatio("cpu", 0.0, ratio, low, high, 0.9, 15)
    report = judged(apart(80, 10, 2000), gate={"max_latency_ratio": 1.2}, ratio=measured)
    assert check(report, "latency").verdict is verdict


def test_a_latency_that_was_not_measured_is_asked_for() -> None:
    """Where a ratio is demanded and unknown, the candidate is held and the command is named."""
    report = judged(apart(80, 10, 2000), gate={"max_latency_ratio": 1.2})
    assert (report.verdict, report.passed) == (Verdict.INCONCLUSIVE, False)
    assert (report.unmeasured, report.lacks_ratio, report.promotable) == (True, True, True)
    assert check(report, "latency").detail.endswith("modeltender compare mnist 1 2 --latency")


def test_a_latency_that_was_not_measured_is_not_all_that_holds_back_a_worse_candidate() -> None:
    """Then a promotion has no reason to measure it."""
    report = judged(apart(10, 80, 2000), gate={"max_latency_ratio": 1.2})
    assert (report.unmeasured, report.lacks_ratio, report.promotable) == (True, False, False)


def test_a_latency_that_was_not_decided_may_be_measured_again() -> None:
    """It is all that is open; but somebody has measured it, so that only a person asks again."""
    measured = LatencyRatio("cpu", 0.0, 1.2, 1.1, 1.3, 0.9, 15)
    report = judged(apart(80, 10, 2000), gate={"max_latency_ratio": 1.2}, ratio=measured)
    assert (report.unmeasured, report.lacks_ratio, report.promotable) == (False, True, True)


def test_a_first_version_has_nothing_to_be_slower_than() -> None:
    """A limit on how much longer it may take is told, and holds nothing back."""
    report = judged((None, apart(80, 10, 2000)[1]), gate={"max_latency_ratio": 1.2})
    assert check(report, "latency").verdict is CheckVerdict.SKIPPED
    assert (report.passed, report.unmeasured) == (True, False)


def test_what_disturbed_a_measurement_is_told_with_its_verdict() -> None:
    """Whoever reads that it passed, reads as well how busy the machine was."""
    measured = LatencyRatio("cpu", 0.0, 1.0, 0.9, 1.1, 0.9, 15, "other processes used 40% of its cores' time")
    report = judged(apart(80, 10, 2000), gate={"max_latency_ratio": 1.2}, ratio=measured)
    assert report.passed
    assert check(report, "latency").detail.endswith("; meanwhile other processes used 40% of its cores' time")


def test_few_examples_may_be_refused_outright() -> None:
    """Below what the settings ask for nothing passes, however clear it looks."""
    report = judged(apart(80, 10, 2000), gate={"min_examples": 2500})
    assert report.verdict is Verdict.INCONCLUSIVE
    assert check(report, "examples").detail.endswith("label 500 more")
    assert judged(apart(80, 10, 2000), gate={"min_examples": 2000}).passed


REQUIRED = [
    ({"metric": "accuracy", "at_least": 0.8}, CheckVerdict.PASS, "accuracy 0.8995"),
    ({"metric": "accuracy", "at_least": 0.95}, CheckVerdict.FAIL, "at least 0.95"),
    (
        {"metric": "recall", "slice": "class=3", "at_least": 0.7},
        CheckVerdict.PASS,
        "recall of class=3 0.7500",
    ),
    ({"metric": "recall", "slice": "shop=north", "at_least": 0.7}, CheckVerdict.ERROR, "has no such figure"),
    ({"metric": "size_bytes", "at_most": 1000}, CheckVerdict.PASS, "size_bytes 1"),
    ({"metric": "peak_rss_bytes", "at_most": 1000}, CheckVerdict.FAIL, "peak_rss_bytes 2,000"),
    ({"metric": "latency_p50_ms", "at_most": 1}, CheckVerdict.ERROR, "has no such figure"),
    (
        {"metric": "accuracy", "at_least": 0.1, "at_most": 0.2},
        CheckVerdict.FAIL,
        "at least 0.1 and at most 0.2",
    ),
]


@pytest.mark.parametrize(("wanted", "verdict", "said"), REQUIRED)
def test_required_limits(wanted: dict[str, Any], verdict: CheckVerdict, said: str) -> None:
    """Any figure, of all examples or of a part, the size and the memory can be held to a limit."""
    old, new = apart(80, 10, 2000)
    loading = Loading(
        runtime="keras",
        runtime_version="3",
        device="cpu",
        inputs=(),
        outputs=(),
        load_s=0.1,
        peak_rss_bytes=2000,
    )
    new = new._replace(version=msgspec.structs.replace(new.version, loading=loading))
    slices = (Metric("recall", 0.75, 0.7, 0.8, 200, "class=3"),)
    for sides in ((old, new), (None, new)):
        found = check(judged(sides, gate={"require": [wanted]}, slices=slices), "require")
        assert found.verdict is verdict
        assert said in found.detail


def test_the_anchor_holds_back_what_the_current_version_would_let_pass() -> None:
    """A candidate as good as what is deployed and worse than the best ever deployed fails."""
    right = np.arange(4000) < 3600
    best, current, candidate = right.copy(), right.copy(), right.copy()
    current[:100] = candidate[:100] = False
    anchor = Anchor(answering(3, best), is_current=False)
    report = judged((answering(1, current), answering(2, candidate)), gate={"margin": 0.01}, anchor=anchor)
    assert check(report, "accuracy").verdict is CheckVerdict.PASS
    assert check(report, "anchor").verdict is CheckVerdict.FAIL
    assert (report.verdict, report.passed) == (Verdict.INFERIOR, False)


def test_an_anchor_that_is_deployed_is_not_compared_twice() -> None:
    """There is one comparison with the current version, and no second one under another name."""
    old, new = apart(80, 10, 2000)
    report = judged((old, new), anchor=Anchor(old, is_current=True))
    assert "anchor" not in {one.name for one in report.checks}


def test_a_dry_run_is_told() -> None:
    """Whoever reads the report sees that nothing will be promoted."""
    report = judged(apart(80, 10, 2000), gate={"dry_run": True})
    assert check(report, "dry-run").verdict is CheckVerdict.SKIPPED
    assert report.passed


# The first promotion


def test_the_first_promotion_without_objectives_needs_an_evaluation_and_nothing_else() -> None:
    """With nothing deployed an evaluated candidate passes, and the report says why."""
    report = judged((None, apart(80, 10, 2000)[1]))
    assert (report.against, report.passed, report.verdict) == (None, True, Verdict.NON_INFERIOR)
    assert report.checks[-1].detail.endswith("so there is nothing to be worse than")


@pytest.mark.parametrize(
    ("objective", "verdict"),
    [
        ({"accuracy": ">= 0.85"}, Verdict.NON_INFERIOR),
        ({"accuracy": ">= 0.95"}, Verdict.INFERIOR),
        ({"latency_p99_ms": "<= 5"}, Verdict.INCONCLUSIVE),
    ],
)
def test_the_first_promotion_is_decided_by_objectives(objective: dict[str, str], verdict: Verdict) -> None:
    """Met, missed and not measured: each is told by its own check."""
    report = judged((None, apart(80, 10, 2000)[1]), objectives=objective)
    assert (report.verdict, report.passed) == (verdict, verdict is Verdict.NON_INFERIOR)
    assert check(report, "deployed").detail == "nothing is deployed yet, so the objectives alone decide"


# Every check


EVERYTHING: dict[str, Any] = {
    "gate": {
        "class_margin": 0.1,
        "max_latency_ratio": 1.2,
        "min_examples": 10,
        "dry_run": True,
        "require": [{"metric": "accuracy", "at_least": 0.5}],
    },
    "objectives": {"accuracy": ">= 0.5"},
    "faults": (fault(2, "drift"),),
    "ratio": LatencyRatio("cpu", 0.0, 1.0, 0.9, 1.1, 0.9, 15),
}


def thorough() -> Facts:
    """Return facts about which every check has something to say."""
    right = np.arange(2000) % 10 != 0
    sides = confident(1, right, 0.9), confident(2, right, 0.9)
    anchor = Anchor(confident(3, right, 0.9), is_current=False)
    return facts(sides, anchor=anchor, **EVERYTHING)


@pytest.mark.parametrize(
    "one", dict.fromkeys((*COMPARED, *FIRST)), ids=lambda one: one.__module__.rpartition(".")[2]
)
def test_every_check_tells_a_named_sentence(one: Any) -> None:
    """A check that has something to say has a name of one word, a verdict, and a sentence without an end mark."""
    found = one(thorough())
    assert found
    for told in found:
        assert told.name
        assert " " not in told.name
        assert told.verdict in CheckVerdict
        assert told.detail
        assert not told.detail.endswith(".")


@pytest.mark.parametrize(
    "one", dict.fromkeys((*COMPARED, *FIRST)), ids=lambda one: one.__module__.rpartition(".")[2]
)
def test_every_check_survives_a_candidate_with_nothing_on_record(one: Any) -> None:
    """Where nothing was kept of single examples a check says so or is silent; none breaks the gate."""
    bare = facts(
        (Side(version(1, evaluation(Metric("ece", 0.1, None, None, 10))), None, {}),) * 2, **EVERYTHING
    )
    for told in one(bare):
        assert told.detail
