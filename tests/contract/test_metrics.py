"""What every quality figure promises, whatever it measures: one body for all of them."""

from typing import Any

import numpy as np
import pytest

from engine.evaluation.figures import Setup
from engine.evaluation.metrics import (
    METRICS,
    Gatherer,
    MetricSpec,
    accumulator_class,
    figures_function,
    metrics_for,
)
from engine.evaluation.outcomes import Outcomes, Scale
from storage.records import Metric
from storage.vocabulary import Task

each_metric = pytest.mark.parametrize("spec", METRICS, ids=[spec.name for spec in METRICS])

each_interval = pytest.mark.parametrize(
    "spec",
    [spec for spec in METRICS if not spec.interval.startswith("none")],
    ids=[spec.name for spec in METRICS if not spec.interval.startswith("none")],
)

ROWS = 400

CLASSES = 7
"""More than the five that top-k accuracy looks at."""


def outcomes(task: Task, rows: slice = slice(None), *, noise: float = 1.0, seed: int = 7) -> Outcomes:
    """Return what a model answered: the better the less ``noise``."""
    rng = np.random.default_rng(seed)
    if task is Task.REGRESSION:
        # Far enough from 0 that percentages of them mean something.
        values = rng.normal(20, 3, ROWS)
        predicted = values + noise * rng.normal(0, 2, ROWS)
        return Outcomes(values[rows], predicted[rows], np.empty((0, 0)), Scale.LOGITS)
    targets = rng.integers(0, CLASSES, ROWS)
    # With a noise of 1 twice the score is the logarithm of the odds: the model is calibrated.
    scores = 2 * (np.eye(CLASSES)[targets] * 2 + noise * rng.normal(0, 1, (ROWS, CLASSES)))
    return Outcomes(targets[rows], scores.argmax(axis=1)[rows], scores[rows], Scale.LOGITS)


def gathered(spec: MetricSpec, *batches: Outcomes) -> Gatherer:
    """Return an accumulator that saw these batches."""
    made = accumulator_class(spec)()
    for batch in batches:
        made.add(batch)
    return made


def name_of(spec: MetricSpec) -> str:
    """Return what a figure is stored under: top-k accuracy says which k."""
    return "top_5" if spec.name == "top_k" else spec.name


def of(spec: MetricSpec, made: Gatherer) -> Metric:
    """Return the figure of what was gathered: of all examples, or of the first class where it is a class' only."""
    found = figures_function(spec)(made, Setup())
    assert {metric.name for metric in found} == {name_of(spec)}
    return min(found, key=lambda metric: metric.slice)


def figure(spec: MetricSpec, *batches: Outcomes) -> Metric:
    """Return the figure on these batches."""
    return of(spec, gathered(spec, *batches))


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
def test_a_figure_has_its_name_and_its_number_of_examples(spec: MetricSpec) -> None:
    """What is stored says what it is and what it stands on."""
    found = figure(spec, outcomes(spec.task))
    assert found.name == name_of(spec)
    assert found.n == ROWS if not found.slice else 0 < found.n < ROWS


@each_interval
def test_the_interval_holds_the_value(spec: MetricSpec) -> None:
    """Low, value and high stand in order, and something is left open."""
    found = figure(spec, outcomes(spec.task))
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high


def test_a_figure_without_an_interval_has_none() -> None:
    """Where no honest interval is known, none is made up."""
    specs = [spec for spec in METRICS if spec.interval.startswith("none")]
    assert [spec.name for spec in specs] == ["max_error"]
    found = figure(specs[0], outcomes(specs[0].task))
    assert (found.low, found.high) == (None, None)


@each_interval
def test_the_interval_shrinks_with_examples(spec: MetricSpec) -> None:
    """Sixteen times the examples leave about a quarter of the width."""
    few, many = (figure(spec, *[outcomes(spec.task, seed=seed) for seed in range(n)]) for n in (1, 16))
    assert few.high is not None
    assert few.low is not None
    assert many.high is not None
    assert many.low is not None
    assert (many.high - many.low) / (few.high - few.low) == pytest.approx(1 / 4, rel=0.35)


@each_interval
def test_the_interval_keeps_its_promise(spec: MetricSpec) -> None:
    """The value on very many examples lies in 95 of 100 intervals from few, give or take chance."""
    truth = figure(spec, *[outcomes(spec.task, seed=seed) for seed in range(1000, 1300)]).value
    rows = slice(0, 200)
    held = 0
    for seed in range(200):
        found = figure(spec, outcomes(spec.task, rows, seed=seed))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 0.90 <= held / 200 <= 1.0


@each_metric
@pytest.mark.parametrize("cut", [0, 1, 37, 399, 400])
def test_batches_and_merged_parts_give_the_whole(spec: MetricSpec, cut: int) -> None:
    """However the examples are divided, and whoever counted which, the figure is the same."""
    whole = figure(spec, outcomes(spec.task))
    parts = outcomes(spec.task, slice(None, cut)), outcomes(spec.task, slice(cut, None))
    assert same(figure(spec, *parts), whole)
    merged = gathered(spec, parts[0])
    merged.merge(gathered(spec, parts[1]))
    assert same(of(spec, merged), whole)


@each_metric
def test_better_models_get_better_figures(spec: MetricSpec) -> None:
    """The direction that the registry states is the one that is computed."""
    good, bad = figure(spec, outcomes(spec.task, noise=0.3)), figure(spec, outcomes(spec.task, noise=3.0))
    assert (good.value > bad.value) is spec.higher_is_better


@each_metric
def test_nothing_seen_is_no_figure(spec: MetricSpec) -> None:
    """Without examples there is no value, rather than a zero."""
    assert figures_function(spec)(gathered(spec), Setup()) == ()


@each_metric
def test_the_words_for_people_are_there(spec: MetricSpec) -> None:
    """Each figure says how it is called and how its interval is made."""
    assert spec.title
    assert spec.interval
