"""An objective is met, missed, or not measured."""

import msgspec
import pytest

from storage.database import Reader, Writer
from storage.objectives import judge, missed, misses
from storage.records import Evaluation
from storage.tables import models
from tests.unit.tui.commands.rows import fill


@pytest.fixture
def evaluation(writer: Writer, reader: Reader) -> Evaluation:
    """Return mnist's current evaluation: accuracy 0.94, p50 0.41 ms, p99 not known, 3412 examples a second."""
    fill(writer)
    with reader.transaction() as connection:
        model = models.read_one(connection, "mnist")
    assert model is not None
    assert model.current is not None
    assert model.current.evaluation is not None
    return model.current.evaluation


@pytest.mark.parametrize(
    ("name", "objective", "met"),
    [
        ("accuracy", ">= 0.94", True),
        ("accuracy", "> 0.94", False),
        ("accuracy", ">=0.95", False),
        ("log_loss", "<= 1e-1", True),
        ("log_loss", "< .1", False),
        ("latency_p50_ms", "<= 0.5", True),
        ("latency_throughput", ">= 5000", False),
        ("latency_p99_ms", "<= 20", None),
        ("latency_stable", ">= 1", None),
        ("p50_ms", "<= 0.5", None),
        ("accuarcy", ">= 0.5", None),
    ],
)
def test_an_objective_is_compared_with_its_figure(
    *, name: str, objective: str, met: bool | None, evaluation: Evaluation
) -> None:
    """The comparison is exact; a figure that there is not is neither met nor missed."""
    judgements = judge({name: objective}, evaluation)
    assert judgements[0].met is met
    assert missed(judgements) is (met is False)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("acuracy", "; did you mean 'accuracy'?"),
        ("latency_p99ms", "; did you mean 'latency_p99_ms'?"),
        ("latency_p99_ms", ""),
        ("revenue", ""),
    ],
)
def test_a_name_that_is_written_wrong_is_told_from_what_is_not_measured(
    name: str, meant: str, evaluation: Evaluation
) -> None:
    """An objective without a figure guards nothing: a slip of the pen is told, and a percentile that is to come is none."""
    [found] = judge({name: "<= 20"}, evaluation)
    assert found.sentence() == f"objective {name} <= 20: not measured{meant}"


def test_without_a_latency_report_its_objectives_are_not_measured(evaluation: Evaluation) -> None:
    """An evaluation that was not timed cannot miss a latency objective."""
    untimed = msgspec.structs.replace(evaluation, latency=None)
    (judgement,) = judge({"latency_p50_ms": "<= 0.1"}, untimed)
    assert judgement.met is None
    assert judgement.sentence() == "objective latency_p50_ms <= 0.1: not measured"


@pytest.mark.parametrize(
    ("objective", "sentence"),
    [
        (">= 0.94", None),
        (">= 0.945", None),
        (">= 0.99", "objective accuracy >= 0.99: missed (0.94, at most 0.95)"),
        ("<= 0.935", None),
        ("<= 0.9", "objective accuracy <= 0.9: missed (0.94, at least 0.93)"),
    ],
)
def test_a_miss_is_certain_where_the_whole_interval_misses(
    evaluation: Evaluation, objective: str, sentence: str | None
) -> None:
    """What chance explains is none, on either side."""
    accuracy = evaluation.metric("accuracy")
    assert accuracy is not None
    known = msgspec.structs.replace(
        evaluation, metrics=(msgspec.structs.replace(accuracy, value=0.94, low=0.93, high=0.95),)
    )
    found = misses({"accuracy": objective}, known)
    assert [(miss.sentence, miss.certain) for miss in found] == ([(sentence, True)] if sentence else [])


def test_a_miss_of_a_figure_without_an_interval_is_not_certain(evaluation: Evaluation) -> None:
    """A latency has a bad moment now and then."""
    [miss] = misses({"latency_p50_ms": "<= 0.1", "latency_p99_ms": "<= 1", "accuracy": ">= 0.1"}, evaluation)
    assert (miss.name, miss.certain) == ("latency_p50_ms", False)
