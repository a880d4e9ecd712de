"""Promises about what is kept of each example, for every figure that is a mean over examples."""

import numpy as np
import pytest

from engine.evaluation.figures import Setup
from engine.evaluation.gathering import Gathering
from engine.evaluation.kept import EXAMPLES, Kept
from engine.evaluation.metrics import METRICS
from engine.evaluation.outcomes import Outcomes, Scale
from engine.evaluation.values import NO_SCORES, Values
from engine.processes.protocol import MAXIMUM_COLUMNS, MAXIMUM_MESSAGE
from storage.records import ExampleValues
from storage.vocabulary import Task

ROWS = 120


def single(random: np.random.Generator) -> Outcomes:
    """Return what a classifier of four classes makes of examples."""
    scores = random.normal(size=(ROWS, 4))
    return Outcomes(random.integers(4, size=ROWS), scores.argmax(axis=1), scores, Scale.LOGITS)


def several(random: np.random.Generator) -> Outcomes:
    """Return what a model of three labels makes of examples."""
    scores = random.uniform(0.01, 0.99, size=(ROWS, 3))
    return Outcomes(random.random((ROWS, 3)) < 0.4, scores > 0.5, scores, Scale.SCORES)


def two_values(random: np.random.Generator) -> Outcomes:
    """Return what a regression of two values makes of examples, all of them amounts, of which every figure is defined."""
    targets = random.normal(9, 1, (ROWS, 2))
    return Outcomes(targets, targets + random.normal(0, 1, (ROWS, 2)), NO_SCORES, Scale.LOGITS)


def halves(outcomes: Outcomes) -> tuple[Outcomes, Outcomes]:
    """Return examples as they come in two batches."""
    rows = np.arange(ROWS)
    return outcomes.part(rows[:50]), outcomes.part(rows[50:])


def read(kept: Kept) -> dict[str, ExampleValues]:
    """Return what was kept, by name."""
    return {one.name: one for one in kept.values()}


@pytest.mark.parametrize("spec", [spec for spec in METRICS if spec.each], ids=lambda spec: spec.name)
def test_a_figure_is_the_mean_of_its_examples(spec: object) -> None:
    """For one class an example, and for regression of several values."""
    metric = next(one for one in METRICS if one is spec)
    outcomes = (single if metric.task is Task.CLASSIFICATION else two_values)(np.random.default_rng(0))
    gathered: Gathering | Values = (
        Gathering(Task.CLASSIFICATION, Setup()) if metric.task is Task.CLASSIFICATION else Values(2)
    )
    kept = Kept(ROWS, metric.task)
    for batch in halves(outcomes):
        kept.add(batch)
        gathered.add(batch)
    [figure] = [one for one in gathered.figures() if one.name == metric.name and not one.slice]
    values = np.frombuffer(read(kept)[metric.name].data, "<f4")
    assert len(values) == ROWS
    assert float(values.mean()) == pytest.approx(figure.value, rel=1e-5)


@pytest.mark.parametrize("spec", [spec for spec in METRICS if spec.label_each], ids=lambda spec: spec.name)
def test_a_figure_of_labels_is_the_mean_of_its_examples(spec: object) -> None:
    """The same where an example may have several labels."""
    metric = next(one for one in METRICS if one is spec)
    outcomes = several(np.random.default_rng(0))
    gathered, kept = (
        Gathering(Task.CLASSIFICATION, Setup(), labels=True),
        Kept(ROWS, metric.task, labels=True),
    )
    for batch in halves(outcomes):
        kept.add(batch)
        gathered.add(batch)
    [figure] = [one for one in gathered.figures() if one.name == metric.name and not one.slice]
    values = np.frombuffer(read(kept)[metric.name].data, "<f4")
    assert float(values.mean()) == pytest.approx(figure.value, rel=1e-5)


def test_classes_are_kept_in_as_few_bytes_as_they_need() -> None:
    """One byte for few classes, two for many."""
    for classes, kind in ((4, "u1"), (300, "u2")):
        targets = np.arange(ROWS) % classes if classes == 4 else np.arange(ROWS) + 200
        kept = Kept(ROWS, Task.CLASSIFICATION)
        kept.add(Outcomes(targets, targets, np.eye(400)[targets], Scale.PROBABILITIES))
        found = read(kept)["target"]
        assert found.kind == kind
        assert np.array_equal(np.frombuffer(found.data, f"<{kind}"), targets)


def test_scores_that_are_no_distribution_have_no_losses() -> None:
    """What has no log loss has none of single examples either; the classes are kept all the same."""
    scores = np.random.default_rng(0).uniform(0, 1, (ROWS, 3))
    kept = Kept(ROWS, Task.CLASSIFICATION)
    kept.add(Outcomes(np.zeros(ROWS, np.int64), scores.argmax(axis=1), scores, Scale.SCORES))
    assert read(kept).keys() == {"target", "predicted"}


def test_what_is_kept_fits_into_a_message() -> None:
    """The most that is kept of the most examples stays below the limit of an answer."""
    random = np.random.default_rng(0)
    scores = random.normal(size=(1000, 2))
    kept = Kept(EXAMPLES, Task.CLASSIFICATION)
    kept.add(Outcomes(random.integers(2, size=1000), scores.argmax(axis=1), scores, Scale.LOGITS))
    found = kept.values()
    assert len(found) <= MAXIMUM_COLUMNS
    assert sum(len(one.data) for one in found) / 1000 * EXAMPLES < MAXIMUM_MESSAGE / 2
