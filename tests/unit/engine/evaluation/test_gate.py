"""Promises about what a candidate must show before it may be promoted, and what the gate says of all of it together."""

from typing import Any

import msgspec
import pytest

from engine.evaluation.comparison import Side
from engine.evaluation.facts import share_of
from engine.evaluation.sentences import ordinal
from storage.records import Metric
from storage.vocabulary import CheckVerdict, Verdict
from tests.unit.engine.evaluation.sides import (
    apart,
    check,
    evaluation,
    judged,
    version,
)

ALONE = {"budget": 1}
"""A budget of one candidate, which gets half of the level."""


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


@pytest.mark.parametrize(
    "told",
    ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "30th", "102nd", "111th", "113th", "123rd"],
)
def test_a_place_is_told_as_people_say_it(told: str) -> None:
    """Who reads the eleventh report of a test set stumbles over nothing."""
    place = int("".join(filter(str.isdigit, told)))
    assert ordinal(place) == told
    assert check(judged(apart(80, 10, 2000), place=place), "test-set").detail.startswith(f"{told} candidate")


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
