"""Promises about which records of two versions the gate holds against each other, and which it asks for anew."""

from typing import Any

import msgspec
import pytest

from engine.evaluation.gate import comparable, evaluated_check, judge, same_data, unevaluated
from storage.promotion_records import EVALUATED, SAME_DATA, GateCheck
from storage.records import Metric, Version
from storage.vocabulary import CheckVerdict, Verdict
from tests.unit.engine.evaluation.sides import apart, evaluation, facts, version


def seen(number: int, **fingerprint: Any) -> Version:
    """Return a version that was evaluated."""
    return version(number, evaluation(Metric("accuracy", 0.9, None, None, 2000), **fingerprint))


def changed(number: int) -> Version:
    """Return a version whose files hold something else than when it was evaluated."""
    return msgspec.structs.replace(seen(number), sha256="b" * 64)


def test_the_sentence_of_an_evaluation_says_on_what() -> None:
    """Whoever reads the report knows the data by name, size and the beginning of its hash."""
    assert evaluated_check(seen(2)) == GateCheck(
        EVALUATED, CheckVerdict.PASS, "version 2 was evaluated on test, 2000 rows, dddddddd"
    )
    assert same_data(seen(1), seen(2)) == GateCheck(
        SAME_DATA, CheckVerdict.PASS, "versions 1 and 2: test, 2000 rows, dddddddd"
    )


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (version(2, None), "version 2 has not been evaluated"),
        (changed(2), "version 2 changed after it was evaluated; evaluate it again"),
    ],
)
def test_a_candidate_without_figures_of_its_own_fails(candidate: Version, said: str) -> None:
    """It is told under the check's name, and nothing is said of what would come after it."""
    assert evaluated_check(candidate) == GateCheck(EVALUATED, CheckVerdict.FAIL, said)
    old, new = apart(80, 10, 2000)
    report = judge(facts((old, new._replace(version=candidate))))
    assert (report.against, report.verdict) == (1, Verdict.INCONCLUSIVE)
    assert report.checks == (GateCheck(EVALUATED, CheckVerdict.FAIL, said),)


NO_FIGURES = "version 1 has no evaluation to compare with: modeltender evaluate mnist@1"

OTHER = "version 1 was evaluated with other {} than version 2: modeltender evaluate mnist@{}"

HELD_BACK = [
    pytest.param(version(1, None), NO_FIGURES, id="never evaluated"),
    pytest.param(changed(1), NO_FIGURES, id="changed after it was evaluated"),
    pytest.param(seen(1, dataset_sha256="e" * 64), OTHER.format("data", 1), id="other examples"),
    pytest.param(seen(1, rows=1999), OTHER.format("data", 1), id="fewer examples"),
    pytest.param(
        seen(1, preprocessing_sha256="q" * 64, at=9.0),
        OTHER.format("preprocessing", 2),
        id="other preparation",
    ),
]


@pytest.mark.parametrize(("current", "said"), HELD_BACK)
def test_what_is_deployed_needs_figures_of_its_own_and_of_the_same_examples(
    current: Version, said: str
) -> None:
    """Otherwise nothing is decided, and the one command is named that makes the two comparable."""
    expected = GateCheck(SAME_DATA, CheckVerdict.INCONCLUSIVE, said)
    assert same_data(current, seen(2)) == expected
    old, new = apart(80, 10, 2000)
    report = judge(facts((old._replace(version=current), new)))
    assert (report.against, report.verdict) == (1, Verdict.INCONCLUSIVE)
    assert report.checks[1:] == (expected,)


def test_a_report_says_against_which_version() -> None:
    """Also where it passes: a promotion is only of use over the version that it was judged against."""
    old, new = apart(80, 10, 2000)
    assert judge(facts((old._replace(version=seen(7)), new))).against == 7


def test_only_two_evaluations_of_the_same_are_a_use_of_the_test_set() -> None:
    """What is not compared tells nobody anything of the examples."""
    assert comparable(seen(1), seen(2))
    for current in (None, version(1, None), changed(1), seen(1, rows=1999)):
        assert not comparable(current, seen(2))
    for candidate in (version(2, None), changed(2)):
        assert not comparable(seen(1), candidate)


def later(number: int) -> Version:
    """Return a version that was evaluated on other data, after those that were not."""
    return seen(number, dataset_sha256="e" * 64, at=9.0)


@pytest.mark.parametrize(
    ("candidate", "others", "numbers"),
    [
        pytest.param(seen(2), (seen(1),), [], id="nothing is missing"),
        pytest.param(version(2, None), (seen(1),), [2], id="the candidate"),
        pytest.param(changed(2), (), [2], id="a candidate that changed"),
        pytest.param(seen(2), (version(1, None), changed(3)), [1, 3], id="the others"),
        pytest.param(version(2, None), (version(1, None),), [2, 1], id="both"),
        pytest.param(later(2), (seen(1),), [1], id="the other one is older"),
        pytest.param(seen(2), (later(1),), [2], id="the candidate is older"),
        pytest.param(seen(2), (seen(1, rows=1999),), [1], id="as old as each other"),
        pytest.param(seen(2), (later(1), later(3)), [2], id="each once"),
        pytest.param(
            version(2, None), (later(1),), [2], id="what it will be evaluated with is not known yet"
        ),
    ],
)
def test_what_has_to_be_evaluated_before_a_comparison(
    candidate: Version, others: tuple[Version, ...], numbers: list[int]
) -> None:
    """No version that has figures to go by is evaluated again, and none that lacks them is left out."""
    assert [one.number for one in unevaluated(candidate, others)] == numbers
