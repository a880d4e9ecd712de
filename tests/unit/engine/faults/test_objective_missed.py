"""An objective is missed, kept or undecided: by the whole interval of its figure, and in which words."""

import pytest

from engine.faults import objective_missed
from engine.faults.objective_missed import MOST, Judged, judge
from storage.records import Metric
from storage.settings import ModelSettings
from storage.vocabulary import Answer
from tests.unit.engine.faults.states import accuracy, evaluation, state

MISSED, UNDECIDED, KEPT = "missed", "undecided", "kept"


def objectives(**named: str) -> ModelSettings:
    """Return settings with such objectives."""
    return ModelSettings(objectives=named)


@pytest.mark.parametrize(
    ("objective", "low", "value", "high", "verdict"),
    [
        # A figure at the limit keeps an objective that allows it, and misses one that does not.
        (">= 0.5", 0.4, 0.5, 0.6, KEPT),
        ("<= 0.5", 0.4, 0.5, 0.6, KEPT),
        ("> 0.5", 0.4, 0.5, 0.6, UNDECIDED),
        ("< 0.5", 0.4, 0.5, 0.6, UNDECIDED),
        # So does the end of an interval, by which it could be chance.
        (">= 0.5", 0.3, 0.4, 0.5, UNDECIDED),
        ("<= 0.5", 0.5, 0.6, 0.7, UNDECIDED),
        ("> 0.5", 0.3, 0.4, 0.5, MISSED),
        ("< 0.5", 0.5, 0.6, 0.7, MISSED),
        (">= 0.5", 0.3, 0.4, 0.4999, MISSED),
        ("<= 0.5", 0.5001, 0.6, 0.7, MISSED),
        (">= 0.5", 0.3, 0.6, 0.7, KEPT),
        ("  <=   0.5 ", 0.3, 0.4, 0.6, KEPT),
        # Without an interval nobody knows what chance would explain.
        (">= 0.5", None, 0.1, None, UNDECIDED),
        ("<= 0.5", None, 0.9, None, UNDECIDED),
        (">= 0.5", None, 0.9, None, KEPT),
    ],
)
def test_the_end_of_the_interval_that_is_nearer_to_the_limit_decides(
    objective: str, low: float | None, value: float, high: float | None, verdict: str
) -> None:
    """The upper one of what should be large, the lower one of what should be small."""
    judged = judge({"loss": objective}, evaluation(1, Metric("loss", value, low, high, 100)))
    assert {name: len(told) for name, told in judged._asdict().items()} == {
        MISSED: verdict == MISSED,
        UNDECIDED: verdict == UNDECIDED,
        KEPT: verdict == KEPT,
    }


def test_every_objective_of_quality_has_its_sentence() -> None:
    """In their order, with the figure, its interval and its examples; latency has a check of its own."""
    figures = (
        accuracy(0.8),
        Metric("log_loss", 0.9, 0.8, 1.0, 1000),
        Metric("ece", 0.3, 0.2, 0.4, 50),
        Metric("mcc", 0.7, 0.6, 0.8, 9),
        Metric("f1", 0.75, 0.7, 0.8, 9),
    )
    wanted = {
        "latency_p50_ms": "<= 1",
        "accuracy": " >= 0.9",
        "log_loss": "<= 0.5",
        "brier": "<= 0.1",
        "ece": "<= 0.26 ",
        "mcc": ">= 0.5",
        "f1": "> 0.5",
    }
    assert judge(wanted, evaluation(1, *figures)) == Judged(
        missed=(
            "accuracy 0.8000 [0.7900, 0.8100] (n=1,000) is below 0.9 with 95 % confidence",
            "log_loss 0.9000 [0.8000, 1.0000] (n=1,000) is above 0.5 with 95 % confidence",
        ),
        undecided=(
            "brier: the last evaluation has no such figure",
            "ece 0.3000 [0.2000, 0.4000] (n=50) misses <= 0.26 within its interval; about 313 examples would tell",
        ),
        kept=("mcc 0.7000 [0.6000, 0.8000] (n=9)", "f1 0.7500 [0.7000, 0.8000] (n=9)"),
    )


@pytest.mark.parametrize(
    ("metric", "limit", "told"),
    [
        # Half the distance to the limit takes four times the examples.
        pytest.param(accuracy(0.85, 0.1), 0.9, "; about 4,000 examples would tell", id="above"),
        pytest.param(accuracy(0.9, 0.1), 0.85, "; about 4,000 examples would tell", id="below"),
        pytest.param(Metric("x", 0.5, 0.0, 2.0, 7), 1.0, "; about 28 examples would tell", id="askew"),
        pytest.param(
            Metric("x", 2.0, 1.0, 3.0, 100), 2.99, "; about 103 examples would tell", id="rounded up"
        ),
        pytest.param(Metric("x", 2.0, 1.0, 3.0, 100), 3.0, "", id="there are enough"),
        pytest.param(
            Metric("x", 2.0, 1.0, 3.0, MOST // 4), 2.5, "; about 10,000,000 examples would tell", id="most"
        ),
        pytest.param(Metric("x", 2.0, 1.0, 3.0, MOST // 4 + 1), 2.5, "", id="more than anybody has"),
        pytest.param(Metric("x", 2.0, 1.0, 3.0, 100), 2.0, "", id="no distance"),
        pytest.param(Metric("x", 2.0, 2.0, 2.0, 100), 2.5, "", id="no width"),
        pytest.param(Metric("x", 2.0, None, None, 100), 2.5, "", id="no interval"),
        pytest.param(Metric("x", 2.0, 1.0, None, 100), 2.5, "", id="no upper end"),
        pytest.param(Metric("x", 2.0, None, 3.0, 100), 2.5, "", id="no lower end"),
    ],
)
def test_how_many_examples_would_tell(metric: Metric, limit: float, told: str) -> None:
    """As the interval shrinks with their root; where that says nothing, nothing is said."""
    assert objective_missed._needed(metric, limit) == told


def test_what_is_found_is_about_the_deployed_version_and_its_last_evaluation() -> None:
    """Missed before undecided, and undecided before kept; what is undecided was found by no evaluation."""
    figures = (accuracy(0.8), Metric("ece", 0.3, 0.2, 0.4, 50))
    told = (evaluation(2, accuracy(0.6)), evaluation(3, accuracy(0.95)), evaluation(4, *figures))
    missed, undecided, kept = (
        objective_missed.check(state(settings=objectives(**wanted), evaluations=told))
        for wanted in (
            {"accuracy": ">= 0.9", "ece": "<= 0.1", "latency_p50_ms": "<= 1"},
            {"accuracy": ">= 0.7", "ece": "<= 0.26", "mcc": ">= 0"},
            {"accuracy": ">= 0.7", "ece": "<= 0.5"},
        )
    )
    assert (missed.answer, missed.version, missed.basis) == (Answer.FAULT, 2, "4")
    assert missed.detail == (
        "Version 2: accuracy 0.8000 [0.7900, 0.8100] (n=1,000) is below 0.9 with 95 % confidence; "
        "ece 0.3000 [0.2000, 0.4000] (n=50) is above 0.1 with 95 % confidence"
    )
    assert (undecided.answer, undecided.version, undecided.basis) == (Answer.UNKNOWN, 2, "")
    assert undecided.detail == (
        "ece 0.3000 [0.2000, 0.4000] (n=50) misses <= 0.26 within its interval; about 313 examples would tell; "
        "mcc: the last evaluation has no such figure"
    )
    assert (kept.answer, kept.version, kept.basis) == (Answer.HEALTHY, 2, "4")
    assert kept.detail == "accuracy 0.8000 [0.7900, 0.8100] (n=1,000); ece 0.3000 [0.2000, 0.4000] (n=50)"


def test_nothing_to_judge_is_said_as_such() -> None:
    """No objective of quality is no fault; one that no evaluation can be held against is not known."""
    for named in ({}, {"latency_p50_ms": "<= 1"}):
        none = objective_missed.check(state(settings=objectives(**named), evaluations=()))
        assert (none.answer, none.version) == (Answer.HEALTHY, 2)
        assert none.detail == "no objective of quality is set in model.toml"
    wanted = objectives(latency_p50_ms="<= 1", accuracy=">= 0.9")
    unknown = objective_missed.check(state(settings=wanted, evaluations=()))
    assert (unknown.answer, unknown.version) == (Answer.UNKNOWN, 2)
    assert unknown.detail == "the deployed version has not been evaluated"
