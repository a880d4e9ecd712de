"""Promises about each check of the gate beside the figure that decides: what it asks for, and what it says."""

from typing import Any

import msgspec
import numpy as np
import pytest

from engine.evaluation.checks import COMPARED, FIRST
from engine.evaluation.comparison import Side
from engine.evaluation.facts import Anchor, Facts
from storage.fault_records import Fault
from storage.records import LatencyRatio, Loading, Metric
from storage.vocabulary import CheckVerdict, FaultState, Severity, Verdict
from tests.unit.engine.evaluation.sides import (
    answering,
    apart,
    check,
    evaluation,
    facts,
    judged,
    version,
)


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


def test_the_only_class_that_is_not_shown_to_be_kept_is_named() -> None:
    """Of ten classes nine have examples enough; where more of the tenth would not decide alone, none are asked for."""
    old, new = by_class(9)
    report = judged((old, new), gate={"class_margin": 0.03})
    assert check(report, "classes").verdict is CheckVerdict.INCONCLUSIVE
    told = check(report, "classes").detail
    assert told.startswith("a loss of 0.03 is not ruled out for class 3; the least is class 3, -0.0225")
    assert told.endswith("(n=400)")


def test_classes_that_are_not_on_record_are_asked_for() -> None:
    """Without answers of both versions to the same examples, or with more classes than anybody reads, nothing is made up."""
    old, new = by_class(0)
    other = old._replace(values={"target": (np.arange(4000) % 10)[::-1].astype(np.uint8)})
    many = {"target": np.arange(4000).astype(np.uint16)}
    for sides in (
        (old, new._replace(values={})),
        (old._replace(values={}), new),
        (other, new),
        (old._replace(values=many), new._replace(values=many)),
        (old, new._replace(values={"target": np.zeros(4000, np.float32)})),
    ):
        found = check(judged(sides, gate={"class_margin": 0.05}), "classes")
        assert found.verdict is CheckVerdict.INCONCLUSIVE
        assert found.detail.endswith("evaluate both again")


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


def test_an_anchor_that_cannot_be_compared_holds_the_candidate_back_and_says_why() -> None:
    """Evaluated on other data, or without answers on record: what to do stands in the sentence."""
    old, new = apart(80, 10, 2000)
    best = answering(3, np.ones(2000, np.bool_))
    for anchor, why in (
        (
            Anchor(best, is_current=False, problem="other data: modeltender evaluate mnist@3"),
            "evaluate mnist@3",
        ),
        (
            Anchor(best._replace(right=None), is_current=False),
            "not on record for version 3; evaluate it again",
        ),
    ):
        report = judged((old, new), anchor=anchor)
        assert (report.verdict, report.passed) == (Verdict.INCONCLUSIVE, False)
        told = check(report, "anchor")
        assert told.verdict is CheckVerdict.INCONCLUSIVE
        assert told.detail.startswith("not compared with version 3, the best promoted on this test set: ")
        assert told.detail.endswith(why)


def test_a_candidate_that_is_the_best_itself_is_not_held_to_itself() -> None:
    """It was promoted before, and rolled back since."""
    old, new = apart(80, 10, 2000)
    report = judged((old, new), anchor=Anchor(new, is_current=False))
    assert "anchor" not in {one.name for one in report.checks}


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


@pytest.mark.parametrize(
    "one", dict.fromkeys((*COMPARED, *FIRST)), ids=lambda one: one.__module__.rpartition(".")[2]
)
def test_every_check_survives_a_first_candidate(one: Any) -> None:
    """Where nothing is deployed nothing is worse than that, and no check refuses for it."""
    first = thorough()._replace(current=None, anchor=None)
    for told in one(first):
        assert told.verdict is not CheckVerdict.FAIL
