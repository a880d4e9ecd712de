"""What a check says where a fact is missing, where it is the whole answer, and of a list that is long: never a guess."""

from typing import Any

import pytest
from msgspec.structs import replace

from engine.evaluation.likeness import Examined
from engine.faults import (
    artefact_missing,
    broken_weights,
    calibration_lost,
    data_changed,
    dead_classes,
    latency_objective,
    leakage,
    objective_missed,
    outputs_changed,
    outputs_constant,
    outputs_not_numbers,
    quality_trend,
    sandbox_weakened,
    sentences,
    stale_evaluation,
    stale_model,
)
from engine.faults.state import Content, DataMarks, ModelState, PlaceState
from storage.fault_records import Overlap
from storage.records import Metric
from storage.settings import ModelSettings
from storage.vocabulary import Answer, LayerState
from tests.unit.engine.faults.states import DAY, NOW, PROBING, accuracy, evaluation, state, version

NO_PROBE = state(probing=None, not_probed="it does not load")
NEVER = version(evaluation=None, found_at=NOW - DAY)
BARE = Metric("accuracy", 0.5, None, None, 10)
"""A figure without an interval."""
CURVES = (
    evaluation(1, Metric("ece", 0.02, None, None, 9)),
    evaluation(2, Metric("ece", 0.9, 0.8, 0.95, 9), dataset="e"),
)
ASKED = Examined(rows=16, different_inputs=16, different_outputs=16, without_number=3)

UNKNOWN = [
    (artefact_missing, state(content=None), "what was deployed is not on record"),
    (broken_weights, NO_PROBE, "it does not load"),
    (broken_weights, state(probing=replace(PROBING, weights=None)), "onnxruntime does not give the weights"),
    (outputs_changed, NO_PROBE, "it does not load"),
    (outputs_constant, NO_PROBE, "it does not load"),
    (outputs_not_numbers, NO_PROBE, "it does not load"),
    (
        objective_missed,
        state(settings=ModelSettings(objectives={"accuracy": ">= 0.9"}), evaluations=()),
        "the deployed version has not been evaluated",
    ),
    (
        objective_missed,
        state(settings=ModelSettings(objectives={"accuracy": ">= 0.9"}), evaluations=(evaluation(1, BARE),)),
        "accuracy 0.5000 (n=10) misses >= 0.9 within its interval",
    ),
    (
        latency_objective,
        state(settings=ModelSettings(objectives={"latency_p50_ms": "<= 9"}), evaluations=()),
        "latency_p50_ms: no steady measurement has enough queries for it",
    ),
    (calibration_lost, state(), "there is no calibration error among the figures"),
    (calibration_lost, state(evaluations=CURVES), "the calibration error has no interval"),
    (data_changed, state(evaluations=(), data=DataMarks("x", "", busy=False)), "has not been evaluated"),
    (
        dead_classes,
        state(evaluations=(evaluation(1, confusion=((3, 0), (9, 0))),)),
        "test examples of a class; the largest has 9",
    ),
    (leakage, state(overlap=None), "training and test data were not compared"),
    (
        leakage,
        state(overlap=Overlap(stamp="s", shared=0, different=0, at=NOW)),
        "there are no test examples",
    ),
    (
        quality_trend,
        state(evaluations=tuple(evaluation(n, BARE, dataset=str(n)) for n in range(30))),
        "this version was evaluated on 0",
    ),
    (stale_evaluation, state(data=DataMarks("", "", busy=False)), "there are no test data in test/m"),
    (stale_evaluation, state(data=DataMarks("x", "x", busy=True)), "it is being evaluated"),
    (stale_evaluation, state(current=NEVER), "the deployed version has not been evaluated yet"),
]

FOUND = [
    (artefact_missing, state(content=Content("a" * 64, None, gone=True)), "but models/m/2 is gone"),
    (
        broken_weights,
        state(probing=replace(PROBING, weights=9, broken_weights=tuple("abcdefghi"))),
        "NaN or infinity among its weights: a, b, c",
    ),
    (outputs_not_numbers, state(probing=replace(PROBING, examined=ASKED)), "on 3 of 16 examples"),
    (
        stale_evaluation,
        state(current=replace(NEVER, found_at=NOW - 31 * DAY)),
        "is deployed and was never evaluated, for 31 days",
    ),
    (stale_model, state(current=version(found_at=NOW - 91 * DAY)), "came 91 days ago and is still deployed"),
]


@pytest.mark.parametrize(("check", "seen", "told"), UNKNOWN)
def test_a_check_that_lacks_a_fact_names_it(check: Any, seen: ModelState, told: str) -> None:
    """It neither finds nothing nor something: a model that was not looked at is not well."""
    finding = check.check(seen)
    assert finding.answer is Answer.UNKNOWN
    assert told in finding.detail


@pytest.mark.parametrize(("check", "seen", "told"), FOUND)
def test_a_fault_is_told_by_what_was_seen(check: Any, seen: ModelState, told: str) -> None:
    """The sentence says which version, and by how much."""
    finding = check.check(seen)
    assert finding.answer is Answer.FAULT
    assert finding.version == 2
    assert told in finding.detail


def test_many_broken_arrays_are_counted_not_listed() -> None:
    """A network has thousands; all that is named and counted is what there is."""
    broken = tuple(f"w{number}" for number in range(9))
    detail = broken_weights.check(state(probing=replace(PROBING, weights=20, broken_weights=broken))).detail
    named = sum(name in detail for name in broken)
    assert f"and {9 - named} more, of 20 arrays" in detail


@pytest.mark.parametrize(
    ("walls", "before", "answer", "told"),
    [
        ({}, {"seccomp"}, Answer.UNKNOWN, "could not find out"),
        ({"seccomp": LayerState.ON}, {"seccomp"}, Answer.HEALTHY, "1 of "),
        ({"seccomp": LayerState.OFF}, {"seccomp"}, Answer.FAULT, "without what stood around them before"),
        ({"seccomp": LayerState.OFF}, set(), Answer.HEALTHY, "0 of "),
    ],
)
def test_a_wall_that_fell_is_a_fault_and_one_that_never_stood_is_none(
    walls: dict[str, str], before: set[str], answer: Answer, told: str
) -> None:
    """What evaluations on record had around them is what a machine can do."""
    place = PlaceState(
        now=NOW,
        free_bytes=1,
        total_bytes=1,
        wanted_free_bytes=0,
        walls=walls,
        walls_before=frozenset(before),
    )
    finding = sandbox_weakened.check(place)
    assert finding.answer is answer
    assert told in finding.detail


@pytest.mark.parametrize(
    ("metric", "told"), [(BARE, "accuracy 0.5000 (n=10)"), (accuracy(0.5), "[0.4900, 0.5100]")]
)
def test_a_figure_without_an_interval_claims_none(metric: Metric, told: str) -> None:
    """Nothing is made up where nothing is known."""
    assert told in sentences.figure(metric)


@pytest.mark.parametrize(("amount", "told"), [(2048, "2 KiB"), (3 << 20, "3 MiB"), (5 << 29, "2.5 GiB")])
def test_bytes_have_the_unit_that_people_would_take(amount: int, told: str) -> None:
    """The largest that leaves a number above one."""
    assert sentences.size(amount) == told
