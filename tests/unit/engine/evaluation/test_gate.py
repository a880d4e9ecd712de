"""Promises about what a candidate must show before it may be promoted."""

import msgspec
import pytest

from engine.evaluation.gate import Difference, difference, judge, verdict_of
from storage.records import Evaluation, Metric, Version
from storage.settings import Gate
from storage.vocabulary import CheckVerdict, Format, Role, Status, Verdict


def evaluation(*metrics: Metric, dataset: str = "d" * 64, preprocessing: str = "p" * 64) -> Evaluation:
    """Return an evaluation with these figures."""
    return Evaluation(
        id=1,
        version_id=1,
        job_id=None,
        at=0.0,
        requested_by="arrival",
        dataset_name="test",
        dataset_rows=2000,
        dataset_sha256=dataset,
        artefact_sha256="a" * 64,
        preprocessing_sha256=preprocessing,
        runtime="keras",
        runtime_version="3",
        device="cpu",
        batch_size=32,
        isolation="full",
        duration_s=1.0,
        confusion=None,
        metrics=metrics,
    )


def version(number: int, found: Evaluation | None) -> Version:
    """Return a ready version with this evaluation."""
    return Version(
        id=number,
        model="mnist",
        number=number,
        format=Format.KERAS,
        status=Status.READY,
        reason="",
        role=Role.CURRENT if number == 1 else Role.CANDIDATE,
        sha256="a" * 64,
        bytes=1,
        artefact="model.keras",
        source="",
        found_at=0.0,
        parameters=None,
        evaluation=found,
    )


def accuracy(value: float, n: int = 2000) -> Metric:
    """Return an accuracy."""
    return Metric("accuracy", value, None, None, n)


def judged(old: Evaluation | None, new: Evaluation | None, **settings: object) -> tuple[Verdict, bool, str]:
    """Return the verdict on version 2 over version 1, whether it passed, and the last check's sentence."""
    report = judge(version(1, old), version(2, new), msgspec.convert(settings, Gate))
    return report.verdict, report.passed, report.checks[-1].detail


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
def test_the_interval_of_a_difference_is_newcombes(
    better: tuple[int, int], worse: tuple[int, int], low: float, high: float
) -> None:
    """The limits are those of method 10 in table II of Newcombe 1998."""
    found = difference(
        accuracy(worse[0] / worse[1], worse[1]), accuracy(better[0] / better[1], better[1]), 0.95
    )
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_more_confidence_makes_a_wider_interval() -> None:
    """The interval of proportions is made at the gate's own confidence."""
    narrow = difference(accuracy(0.9), accuracy(0.92), 0.80)
    wide = difference(accuracy(0.9), accuracy(0.92), 0.99)
    assert narrow.low is not None
    assert narrow.high is not None
    assert wide.low is not None
    assert wide.high is not None
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        pytest.param(Difference(0.04, 0.01, 0.07), Verdict.SUPERIOR, id="better beyond chance"),
        pytest.param(Difference(0.01, -0.01, 0.03), Verdict.NON_INFERIOR, id="better, perhaps by chance"),
        pytest.param(Difference(-0.02, -0.04, 0.0), Verdict.NON_INFERIOR, id="worse by just the margin"),
        pytest.param(
            Difference(-0.03, -0.05, -0.01), Verdict.INCONCLUSIVE, id="worse, perhaps within the margin"
        ),
        pytest.param(Difference(-0.06, -0.08, -0.04), Verdict.INFERIOR, id="worse beyond the margin"),
        pytest.param(Difference(0.01, None, None), Verdict.NON_INFERIOR, id="better, interval not known"),
        pytest.param(Difference(-0.06, None, None), Verdict.INCONCLUSIVE, id="worse, interval not known"),
    ],
)
def test_the_verdict_follows_from_the_difference_and_the_margin(found: Difference, verdict: Verdict) -> None:
    """Each of the four verdicts is given exactly where the definition says."""
    assert verdict_of(found, 0.02) is verdict


def test_the_margin_is_not_lost_to_rounding() -> None:
    """0.95 to 0.93 is within a margin of 0.02, although floating point makes it a hair more."""
    assert judged(evaluation(accuracy(0.95)), evaluation(accuracy(0.93)), margin=0.02)[:2] == (
        Verdict.NON_INFERIOR,
        True,
    )


def test_a_better_candidate_passes_and_the_sentence_shows_point_and_interval() -> None:
    """The figures that decided stand in the check's sentence."""
    verdict, passed, detail = judged(evaluation(accuracy(0.93)), evaluation(accuracy(0.97)), margin=0.02)
    assert (verdict, passed) == (Verdict.SUPERIOR, True)
    assert detail == (
        "accuracy 0.9300 -> 0.9700: advantage +0.0400 (95 % interval +0.0266 to +0.0537, n=2000); at least -0.02 is needed"
    )


def test_a_clearly_worse_candidate_is_inferior() -> None:
    """A loss beyond the margin and beyond chance fails."""
    report = judge(version(1, evaluation(accuracy(0.97))), version(2, evaluation(accuracy(0.85))), Gate())
    assert (report.verdict, report.passed, report.against) == (Verdict.INFERIOR, False, 1)
    assert [check.verdict for check in report.checks] == [
        CheckVerdict.PASS,
        CheckVerdict.PASS,
        CheckVerdict.FAIL,
    ]


def test_a_loss_that_chance_may_explain_is_inconclusive() -> None:
    """Few examples cannot tell a loss from chance, and do not pass it either."""
    old, new = evaluation(accuracy(0.90, 50)), evaluation(accuracy(0.84, 50))
    assert judged(old, new)[:2] == (Verdict.INCONCLUSIVE, False)


def test_a_pass_that_the_interval_does_not_bear_out_says_so() -> None:
    """Where only the point is within the margin, the sentence says that the interval is not."""
    _, passed, detail = judged(evaluation(accuracy(0.90, 100)), evaluation(accuracy(0.90, 100)), margin=0.005)
    assert passed
    assert detail.endswith("at least -0.005 is needed, and the interval reaches below that")


@pytest.mark.parametrize("name", ["log_loss", "mae", "rmse"])
def test_a_lower_figure_is_better_where_it_is_an_error(name: str) -> None:
    """Errors are compared the other way round, with their interval turned too."""
    old, new = Metric(name, 0.50, 0.45, 0.55, 2000), Metric(name, 0.30, 0.27, 0.33, 2000)
    found = difference(old, new, 0.95)
    assert found.value == pytest.approx(0.2)
    assert found.low == pytest.approx(0.2 - (0.03**2 + 0.05**2) ** 0.5)
    assert found.high == pytest.approx(0.2 + (0.03**2 + 0.05**2) ** 0.5)
    assert judged(evaluation(old), evaluation(new), metric=name)[0] is Verdict.SUPERIOR
    assert judged(evaluation(new), evaluation(old), metric=name)[0] is Verdict.INFERIOR


def test_a_regression_is_judged_by_its_headline_figure_where_nothing_was_chosen() -> None:
    """The default metric is accuracy; a task that has none falls back to r2."""
    old, new = Metric("r2", 0.80, 0.78, 0.82, 500), Metric("r2", 0.90, 0.89, 0.91, 500)
    verdict, passed, detail = judged(evaluation(old), evaluation(new))
    assert (verdict, passed) == (Verdict.SUPERIOR, True)
    assert detail.startswith("r2 0.8000 -> 0.9000")


def test_a_chosen_metric_that_is_missing_is_an_error_and_no_pass() -> None:
    """A metric that was asked for and not measured is named, with those that there are."""
    report = judge(
        version(1, evaluation(accuracy(0.9))), version(2, evaluation(accuracy(0.9))), Gate(metric="f1")
    )
    assert (report.verdict, report.passed) == (Verdict.INCONCLUSIVE, False)
    assert report.checks[-1].verdict is CheckVerdict.ERROR
    assert report.checks[-1].detail == "the evaluations have no metric 'f1' to compare; they have: accuracy"


def test_the_first_promotion_needs_an_evaluation_and_nothing_else() -> None:
    """With nothing deployed an evaluated candidate passes, and the report says why."""
    report = judge(None, version(2, evaluation(accuracy(0.5))), Gate())
    assert (report.against, report.passed, report.verdict) == (None, True, Verdict.NON_INFERIOR)
    assert report.checks[-1].detail == "nothing is deployed yet, so there is nothing to be worse than"


@pytest.mark.parametrize("deployed", [True, False])
def test_a_candidate_without_evaluation_never_passes(*, deployed: bool) -> None:
    """Nothing is promoted unseen, whether or not something is deployed."""
    current = version(1, evaluation(accuracy(0.5))) if deployed else None
    report = judge(current, version(2, None), Gate())
    assert (report.verdict, report.passed) == (Verdict.INCONCLUSIVE, False)
    assert report.checks[0].detail == "version 2 has not been evaluated"


def test_an_evaluation_of_other_content_counts_for_nothing() -> None:
    """After the files of a version changed, its figures are of something else."""
    changed = msgspec.structs.replace(version(2, evaluation(accuracy(0.99))), sha256="b" * 64)
    report = judge(version(1, evaluation(accuracy(0.5))), changed, Gate())
    assert not report.passed
    assert "changed after it was evaluated" in report.checks[0].detail


@pytest.mark.parametrize(
    ("old", "said"),
    [
        (evaluation(accuracy(0.5), dataset="e" * 64), "other data than version 2"),
        (evaluation(accuracy(0.5), preprocessing="q" * 64), "other preprocessing than version 2"),
        (None, "version 1, which is deployed, has no evaluation to compare with"),
    ],
)
def test_figures_from_other_examples_are_not_compared(old: Evaluation | None, said: str) -> None:
    """However much better the figure is: other data, other preparation or none at all decide nothing."""
    verdict, passed, detail = judged(old, evaluation(accuracy(0.99)))
    assert (verdict, passed) == (Verdict.INCONCLUSIVE, False)
    assert said in detail
