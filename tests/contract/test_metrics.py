"""What every quality figure promises, whatever it measures: one body for all of them."""

from collections.abc import Callable
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import pytest

from engine.evaluation.figures import Setup
from engine.evaluation.metrics import (
    METRICS,
    Gatherer,
    accumulator_class,
    figures_function,
    metrics_for,
)
from engine.evaluation.outcomes import Outcomes, Scale
from engine.evaluation.specs import MetricSpec
from storage.measured import LESS_IS_BETTER
from storage.records import Metric
from storage.vocabulary import Task


class Case(NamedTuple):
    """A figure, for one class an example or for several labels."""

    spec: MetricSpec
    labels: bool

    @property
    def gatherer(self) -> str:
        """What gathers it."""
        return self.spec.label_accumulator if self.labels else self.spec.accumulator

    @property
    def figures(self) -> "Callable[[Any, Setup], tuple[Metric, ...]]":
        """What makes the figure of what was gathered."""
        return figures_function(self.spec.label_figures if self.labels else self.spec.figures)


CASES = [
    *(Case(spec, labels=False) for spec in METRICS if spec.accumulator),
    *(Case(spec, labels=True) for spec in METRICS if spec.label_accumulator),
]


def called(case: Case) -> str:
    """Return what a test of a figure is called."""
    return f"{case.spec.name}{'-labels' if case.labels else ''}"


each_metric = pytest.mark.parametrize("case", CASES, ids=called)

each_interval = pytest.mark.parametrize(
    "case", [case for case in CASES if not case.spec.interval.startswith("none")], ids=called
)

ROWS = 400

LABELS = 4

CLASSES = 7
"""More than the five that top-k accuracy looks at."""


def outcomes(case: Case, rows: slice = slice(None), *, noise: float = 1.0, seed: int = 7) -> Outcomes:
    """Return what a model answered: the better the less ``noise``."""
    rng = np.random.default_rng(seed)
    if case.spec.task is Task.REGRESSION:
        # Far enough from 0 that percentages of them mean something.
        values = rng.normal(20, 3, ROWS)
        predicted = values + noise * rng.normal(0, 2, ROWS)
        return Outcomes(values[rows], predicted[rows], np.empty((0, 0)), Scale.LOGITS)
    if case.labels:
        scores = rng.normal(0, 2, (ROWS, LABELS))
        labels = rng.random(scores.shape) < 1 / (1 + np.exp(-scores))
        scores = scores + noise * rng.normal(0, 1, scores.shape)
        return Outcomes(labels[rows], scores[rows] > 0, scores[rows], Scale.LOGITS)
    targets = rng.integers(0, CLASSES, ROWS)
    # With a noise of 1 twice the score is the logarithm of the odds: the model is calibrated.
    scores = 2 * (np.eye(CLASSES)[targets] * 2 + noise * rng.normal(0, 1, (ROWS, CLASSES)))
    return Outcomes(targets[rows], scores.argmax(axis=1)[rows], scores[rows], Scale.LOGITS)


def gathered(case: Case, *batches: Outcomes) -> Gatherer:
    """Return an accumulator that saw these batches."""
    made = accumulator_class(case.gatherer)()
    for batch in batches:
        made.add(batch)
    return made


def name_of(case: Case) -> str:
    """Return what a figure is stored under: top-k accuracy says which k."""
    return "top_5" if case.spec.name == "top_k" else case.spec.name


def of(case: Case, made: Gatherer) -> Metric:
    """Return the figure of what was gathered: of all examples, or of the first class where it is a class' only."""
    found = case.figures(made, Setup())
    assert {metric.name for metric in found} == {name_of(case)}
    return min(found, key=lambda metric: metric.slice)


def figure(case: Case, *batches: Outcomes) -> Metric:
    """Return the figure on these batches."""
    return of(case, gathered(case, *batches))


def same(first: Metric, second: Metric) -> Any:
    """Return whether two figures are equal but for the last digits."""
    numbers = [(one.value, one.low, one.high) for one in (first, second)]
    return numbers[0] == pytest.approx(numbers[1], rel=1e-9) and first.n == second.n


def test_every_task_has_figures() -> None:
    """The first of each task is its headline."""
    assert all(metrics_for(task) for task in Task)
    assert metrics_for(Task.CLASSIFICATION)[0].name == "accuracy"


def test_names_differ() -> None:
    """A stored figure can be told from its name."""
    assert len({spec.name for spec in METRICS}) == len(METRICS)


@each_metric
def test_a_figure_has_its_name_and_its_number_of_examples(case: Case) -> None:
    """What is stored says what it is and what it stands on."""
    found = figure(case, outcomes(case))
    assert found.name == name_of(case)
    assert found.n == ROWS if not found.slice else 0 < found.n < ROWS


@each_interval
def test_the_interval_holds_the_value(case: Case) -> None:
    """Low, value and high stand in order, and something is left open."""
    found = figure(case, outcomes(case))
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high


def test_a_figure_without_an_interval_has_none() -> None:
    """Where no honest interval is known, none is made up."""
    cases = [case for case in CASES if case.spec.interval.startswith("none")]
    assert [case.spec.name for case in cases] == ["max_error"]
    found = figure(cases[0], outcomes(cases[0]))
    assert (found.low, found.high) == (None, None)


@each_interval
def test_the_interval_shrinks_with_examples(case: Case) -> None:
    """Sixteen times the examples leave about a quarter of the width."""
    few, many = (figure(case, *[outcomes(case, seed=seed) for seed in range(n)]) for n in (1, 16))
    assert few.high is not None
    assert few.low is not None
    assert many.high is not None
    assert many.low is not None
    assert (many.high - many.low) / (few.high - few.low) == pytest.approx(1 / 4, rel=0.35)


@each_interval
def test_the_interval_keeps_its_promise(case: Case) -> None:
    """The value on very many examples lies in 95 of 100 intervals from few, give or take chance."""
    truth = figure(case, *[outcomes(case, seed=seed) for seed in range(1000, 1300)]).value
    rows = slice(0, 200)
    held = 0
    for seed in range(200):
        found = figure(case, outcomes(case, rows, seed=seed))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 0.90 <= held / 200 <= 1.0


@each_metric
@pytest.mark.parametrize("cut", [0, 1, 37, 399, 400])
def test_batches_and_merged_parts_give_the_whole(case: Case, cut: int) -> None:
    """However the examples are divided, and whoever counted which, the figure is the same."""
    whole = figure(case, outcomes(case))
    parts = outcomes(case, slice(None, cut)), outcomes(case, slice(cut, None))
    assert same(figure(case, *parts), whole)
    merged = gathered(case, parts[0])
    merged.merge(gathered(case, parts[1]))
    assert same(of(case, merged), whole)


@each_metric
def test_better_models_get_better_figures(case: Case) -> None:
    """The direction that the registry states is the one that is computed."""
    good, bad = figure(case, outcomes(case, noise=0.3)), figure(case, outcomes(case, noise=3.0))
    assert (good.value > bad.value) is case.spec.higher_is_better
    # What people are shown as better has no registry to ask.
    assert (case.spec.name in LESS_IS_BETTER) is not case.spec.higher_is_better


@each_metric
def test_a_part_in_which_nothing_was_seen_changes_nothing(case: Case) -> None:
    """Merged into the others, or the others into it."""
    whole = outcomes(case)
    first, empty = gathered(case, whole), gathered(case)
    first.merge(gathered(case))
    empty.merge(gathered(case, whole))
    assert same(of(case, first), figure(case, whole))
    assert same(of(case, empty), figure(case, whole))


@each_metric
def test_one_example_has_a_figure_without_a_made_up_interval(case: Case) -> None:
    """Or none, where one example alone has nothing to tell; where there are limits they hold the value, and none is NaN."""
    for row in range(20):
        for found in case.figures(gathered(case, outcomes(case, slice(row, row + 1))), Setup()):
            assert found.n == 1
            assert isfinite(found.value)
            assert found.low is None or found.low <= found.value
            assert found.high is None or found.value <= found.high


@each_metric
def test_nothing_seen_is_no_figure(case: Case) -> None:
    """Without examples there is no value, rather than a zero."""
    assert case.figures(gathered(case), Setup()) == ()


@each_metric
def test_the_words_for_people_are_there(case: Case) -> None:
    """Each figure says how it is called and how its interval is made."""
    assert case.spec.title
    assert case.spec.interval
