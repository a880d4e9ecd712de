"""Each check is a function of facts: what it says of those that decide, with the figures in its sentence."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from engine.evaluation.likeness import Compared, Examined
from engine.faults import (
    ABOUT_MODELS,
    artefact_changed,
    calibration_lost,
    data_changed,
    dead_classes,
    disk_low,
    engine_restarts,
    failing_jobs,
    latency_objective,
    latency_regression,
    leakage,
    no_longer_loads,
    objective_missed,
    outputs_changed,
    outputs_constant,
    stale_evaluation,
)
from engine.faults.state import Content, DataMarks, PlaceState
from storage.fault_records import Overlap
from storage.records import Job, JobParameters, Metric
from storage.settings import ModelSettings
from storage.vocabulary import Answer, JobKind, JobState, Status
from tests.unit.engine.faults.states import (
    DAY,
    NOW,
    PLAN,
    PROBING,
    accuracy,
    evaluation,
    latency,
    state,
    version,
)

WANTED = ModelSettings(objectives={"accuracy": ">= 0.9", "log_loss": "<= 0.5", "latency_p50_ms": "<= 1.5"})


@pytest.mark.parametrize("fault", ABOUT_MODELS, ids=lambda fault: fault.spec.code)
def test_nothing_is_found_of_a_model_that_is_well(fault: Any) -> None:
    """Healthy, or not known yet: and then it says what is missing."""
    finding = fault.check(state())
    assert finding.answer in {Answer.HEALTHY, Answer.UNKNOWN}
    assert finding.detail
    assert not finding.detail.endswith(".")


@pytest.mark.parametrize(
    ("value", "reach", "answer", "told"),
    [
        (0.95, 0.01, Answer.HEALTHY, "accuracy 0.9500 [0.9400, 0.9600] (n=1,000)"),
        (0.9, 0.01, Answer.HEALTHY, "accuracy 0.9000"),
        (0.895, 0.01, Answer.UNKNOWN, "misses >= 0.9 within its interval; about 4,000 examples would tell"),
        (0.89, 0.01, Answer.UNKNOWN, "misses >= 0.9 within its interval"),
        (
            0.88,
            0.01,
            Answer.FAULT,
            "accuracy 0.8800 [0.8700, 0.8900] (n=1,000) is below 0.9 with 95 % confidence",
        ),
    ],
)
def test_an_objective_is_missed_beyond_chance_only(
    value: float, reach: float, answer: Answer, told: str
) -> None:
    """The whole interval must lie beyond the limit; what chance explains says how many examples would tell."""
    metrics = (accuracy(value, reach), Metric("log_loss", 0.3, 0.2, 0.4, 1000))
    finding = objective_missed.check(state(settings=WANTED, evaluations=(evaluation(7, *metrics),)))
    assert finding.answer is answer
    assert told in finding.detail
    assert finding.basis == ("" if answer is Answer.UNKNOWN else "7")


def test_an_objective_may_be_an_upper_limit() -> None:
    """Then the lower end of the interval decides; a figure that was not measured is not missed."""
    for low, answer in ((0.51, Answer.FAULT), (0.49, Answer.UNKNOWN)):
        metrics = (accuracy(0.95), Metric("log_loss", 0.6, low, 0.7, 1000))
        finding = objective_missed.check(state(settings=WANTED, evaluations=(evaluation(1, *metrics),)))
        assert finding.answer is answer
    assert (
        "is above 0.5"
        in objective_missed.check(
            state(
                settings=WANTED,
                evaluations=(evaluation(1, accuracy(0.95), Metric("log_loss", 0.6, 0.55, 0.7, 9)),),
            )
        ).detail
    )
    finding = objective_missed.check(state(settings=WANTED, evaluations=(evaluation(1, accuracy(0.95)),)))
    assert (finding.answer, "no such figure" in finding.detail) == (Answer.UNKNOWN, True)


@pytest.mark.parametrize(
    ("medians", "answer"),
    [
        ([1.0], Answer.HEALTHY),
        ([2.0], Answer.UNKNOWN),
        ([2.0, 2.0], Answer.UNKNOWN),
        ([2.0, 1.0, 2.0, 2.0], Answer.UNKNOWN),
        ([2.0, 2.0, 2.0], Answer.UNKNOWN),
        ([2.0, 2.0, 2.0, 2.0], Answer.FAULT),
        ([2.0, 2.0, 2.0, 2.0, 1.0], Answer.HEALTHY),
    ],
)
def test_an_objective_of_latency_takes_four_measurements(medians: list[float], answer: Answer) -> None:
    """One busy moment is no fault, and one quiet one is enough for none."""
    told = tuple(evaluation(place, accuracy(0.9), p50_ms=value) for place, value in enumerate(medians))
    assert latency_objective.check(state(settings=WANTED, evaluations=told)).answer is answer


def test_measurements_that_were_unsteady_or_elsewhere_do_not_count() -> None:
    """Neither against it nor for it."""
    good = [evaluation(0, p50_ms=1.0)]
    bad = [evaluation(place, p50_ms=2.0) for place in (1, 2, 3, 4)]
    unsteady = [replace(one, latency=latency(2.0, stable=False)) for one in bad]
    assert (
        latency_objective.check(state(settings=WANTED, evaluations=(*good, *unsteady))).answer
        is Answer.HEALTHY
    )
    elsewhere = [replace(one, device="cuda:0") for one in bad[:2]]
    found = latency_objective.check(state(settings=WANTED, evaluations=(*elsewhere, *bad[2:])))
    assert found.answer is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("last", "answer"),
    [
        ([1.0, 1.0, 1.0, 1.0], Answer.HEALTHY),
        ([2.0, 2.0, 2.0, 1.1], Answer.HEALTHY),
        ([1.2, 1.2, 1.2, 1.2], Answer.HEALTHY),
        ([1.5, 1.4, 1.6, 1.5], Answer.FAULT),
    ],
)
def test_slower_than_usual_is_seen_against_the_usual_spread(last: list[float], answer: Answer) -> None:
    """By a quarter at least, four times in a row; a history that is too short says so."""
    usual = [1.0, 1.02, 0.98, 1.01, 0.99, 1.0, 1.03, 0.97]
    told = tuple(evaluation(place, p50_ms=value) for place, value in enumerate([*usual, *last]))
    assert latency_regression.check(state(evaluations=told)).answer is answer
    short = latency_regression.check(state(evaluations=told[3:]))
    assert (short.answer, short.detail) == (
        Answer.UNKNOWN,
        "needs 12 steady measurements of this version; there are 9",
    )


def test_a_history_that_always_wandered_needs_more() -> None:
    """Where medians were all over the place, twice the usual one is nothing new."""
    usual = [1.0, 2.0, 1.5, 0.8, 2.2, 1.1, 1.9, 1.3]
    told = tuple(evaluation(place, p50_ms=value) for place, value in enumerate([*usual, 3.0, 3.0, 3.0, 3.0]))
    assert latency_regression.check(state(evaluations=told)).answer is Answer.HEALTHY


@pytest.mark.parametrize(
    ("compared", "repeatable", "answer", "told"),
    [
        (None, True, Answer.HEALTHY, "are kept from now on"),
        (Compared(True, 0.0, 0.0, 0, 16), True, Answer.HEALTHY, "the same to the bit"),
        (Compared(False, 1e-6, 1e-4, 0, 16), True, Answer.HEALTHY, "within the tolerance of 0.0001"),
        (Compared(False, 0.3, 1e-4, 2, 16), True, Answer.FAULT, "a different one for 2 of them"),
        (Compared(False, 0.3, 1e-4, 0, 16), False, Answer.FAULT, "draws random numbers"),
        (Compared(False, 0.0, 0.0, 0, 16, same_form=False), True, Answer.FAULT, "another form now"),
    ],
)
def test_answers_are_the_same_to_the_bit_or_within_a_tolerance_that_is_told(
    *, compared: Compared | None, repeatable: bool, answer: Answer, told: str
) -> None:
    """Which of them it is stands in the sentence, and so does another version of the runtime."""
    probing = replace(PROBING, compared=compared, repeatable=repeatable, runtime_version="2")
    finding = outputs_changed.check(state(probing=probing))
    assert finding.answer is answer
    assert told in finding.detail
    assert ("onnxruntime was 1 and is 2" in finding.detail) is (compared is not None)


def test_few_examples_do_not_make_a_model_constant() -> None:
    """Two alike are no proof."""
    few = Examined(rows=16, different_inputs=3, different_outputs=1, without_number=0)
    assert outputs_constant.check(state(probing=replace(PROBING, examined=few))).answer is Answer.UNKNOWN
    alike = replace(few, different_inputs=4)
    assert outputs_constant.check(state(probing=replace(PROBING, examined=alike))).answer is Answer.FAULT
    nan = replace(alike, without_number=16)
    assert outputs_constant.check(state(probing=replace(PROBING, examined=nan))).answer is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("content", "answer", "told"),
    [
        (Content("a" * 64, "b" * 64), Answer.FAULT, "its SHA-256 is bbbbbbbbbbbb, and was aaaaaaaaaaaa"),
        (Content("a" * 64, None, "model.onnx: Permission denied"), Answer.FAULT, "Permission denied"),
        (Content("a" * 64, "b" * 64, kept=False), Answer.FAULT, "there is no copy to restore it from"),
        (Content("a" * 64, None, gone=True), Answer.UNKNOWN, "nothing to compare"),
    ],
)
def test_what_lies_there_is_compared_with_what_was_deployed(
    content: Content, answer: Answer, told: str
) -> None:
    """Byte for byte; what cannot be read is not what was deployed; what is gone is another fault."""
    finding = artefact_changed.check(state(content=content))
    assert finding.answer is answer
    assert told in finding.detail


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (Status.FAILED, Answer.FAULT),
        (Status.QUARANTINED, Answer.FAULT),
        (Status.CHECKING, Answer.UNKNOWN),
        (Status.READY, Answer.HEALTHY),
    ],
)
def test_what_is_deployed_must_load(status: Status, answer: Answer) -> None:
    """With the framework's own reason; one whose files are others has another fault."""
    broken = version(status=status, reason="It needs Keras 9.")
    finding = no_longer_loads.check(state(current=broken))
    assert finding.answer is answer
    assert ("does not load: It needs Keras 9" in finding.detail) is (answer is Answer.FAULT)
    other = Content("a" * 64, "b" * 64)
    assert no_longer_loads.check(state(current=broken, content=other)).answer is Answer.UNKNOWN


def test_a_class_that_is_never_predicted_is_named_where_it_has_enough_examples() -> None:
    """By its label; one with few examples is not judged."""
    settings = ModelSettings(labels=("cat", "dog", "eel"))
    for examples, answer in ((132, Answer.FAULT), (131, Answer.HEALTHY)):
        confusion = ((200, 0, 0), (examples, 0, 0), (0, 0, 5))
        told = (evaluation(1, confusion=confusion),)
        finding = dead_classes.check(state(settings=settings, evaluations=told))
        assert finding.answer is answer
    assert (
        "never predicts 1 class: dog (of 132)"
        in dead_classes.check(
            state(settings=settings, evaluations=(evaluation(1, confusion=((200, 0), (132, 0))),))
        ).detail
    )


@pytest.mark.parametrize(("low", "answer"), [(0.05, Answer.FAULT), (0.049, Answer.HEALTHY)])
def test_calibration_is_lost_beyond_both_intervals_and_a_margin(low: float, answer: Answer) -> None:
    """Against the first evaluation; on the same data nothing new can be said."""
    first = evaluation(1, Metric("ece", 0.02, 0.01, 0.0299, 1000))
    now = evaluation(2, Metric("ece", 0.06, low, 0.07, 1000), dataset="e")
    assert calibration_lost.check(state(evaluations=(first, now))).answer is answer
    same = calibration_lost.check(state(evaluations=(first, replace(now, dataset_sha256="d"))))
    assert same.answer is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (DataMarks("x", "x", busy=False), Answer.HEALTHY),
        (DataMarks("y", "x", busy=False), Answer.FAULT),
        (DataMarks("y", "x", busy=True), Answer.UNKNOWN),
        (DataMarks("", "x", busy=False), Answer.UNKNOWN),
    ],
)
def test_data_that_changed_and_are_not_evaluated(data: DataMarks, answer: Answer) -> None:
    """While an evaluation is on its way nothing is wrong."""
    assert data_changed.check(state(data=data)).answer is answer


@pytest.mark.parametrize(("shared", "answer"), [(0, Answer.HEALTHY), (1, Answer.HEALTHY), (2, Answer.FAULT)])
def test_shared_examples_are_counted(shared: int, answer: Answer) -> None:
    """One in a thousand is none to speak of; the share has its interval."""
    overlap = Overlap(stamp="s", shared=shared, different=1000, at=NOW)
    finding = leakage.check(state(overlap=overlap))
    assert finding.answer is answer
    if answer is Answer.FAULT:
        assert finding.detail.endswith(
            "2 of 1,000 different test examples are in the training data: 0.2% [0.1%, 0.7%]"
        )


@pytest.mark.parametrize(
    ("plan", "age_s", "answer"),
    [
        (PLAN, 29 * DAY, Answer.HEALTHY),
        (PLAN, 31 * DAY, Answer.FAULT),
        (PLAN._replace(evaluate_s=3600.0), 2 * 3600, Answer.HEALTHY),
        (PLAN._replace(evaluate_s=3600.0), 4 * 3600, Answer.FAULT),
    ],
)
def test_figures_become_stale_by_age_or_by_missed_evaluations(
    plan: Any, age_s: float, answer: Answer
) -> None:
    """Three that did not come are no accident."""
    current = version(evaluation=evaluation(1, accuracy(0.9), at=NOW - age_s))
    assert stale_evaluation.check(state(plan=plan, current=current)).answer is answer


def job(number: int, ended: JobState, kind: JobKind = JobKind.EVALUATE) -> Job:
    """Return a job that has ended."""
    return Job(
        id=number,
        kind=kind,
        model="m",
        version=2,
        parameters=JobParameters(),
        requested_by="ann",
        requested_at=NOW - 60,
        state=ended,
        done=0,
        total=0,
        message="",
        started_at=NOW - 60,
        finished_at=NOW - 60,
        code="",
        error="It does not fit.",
        hint="",
        result="",
    )


def test_three_failures_of_a_kind_in_a_row_are_a_fault() -> None:
    """Counted from the latest one; a cancelled one says nothing, and a gate that refuses is no failure."""
    failed = [job(number, JobState.FAILED) for number in (7, 6, 5)]
    told = failing_jobs.check(state(jobs=tuple(failed)))
    assert told.answer is Answer.FAULT
    began = f"{datetime.fromtimestamp(NOW - 60, UTC):%Y-%m-%d %H:%M}"
    assert told.detail == f"The last 3 jobs 'evaluate' failed since {began} UTC: It does not fit"
    between = (*failed[:2], job(4, JobState.CANCELLED), job(3, JobState.FAILED))
    assert failing_jobs.check(state(jobs=between)).answer is Answer.FAULT
    for jobs in (
        (job(8, JobState.SUCCEEDED), *failed),
        (*failed[:2], job(5, JobState.FAILED, JobKind.LATENCY)),
    ):
        assert failing_jobs.check(state(jobs=jobs)).answer is Answer.HEALTHY
    refused = tuple(job(number, JobState.FAILED, JobKind.PROMOTE) for number in (3, 2, 1))
    assert failing_jobs.check(state(jobs=refused)).answer is Answer.UNKNOWN


def test_free_room_and_crashes_are_judged_by_their_limits() -> None:
    """At the limit all is well; a crash of yesterday does not count."""
    place = PlaceState(now=NOW, free_bytes=100, total_bytes=1000, wanted_free_bytes=100)
    assert disk_low.check(place).answer is Answer.HEALTHY
    assert disk_low.check(replace(place, free_bytes=99)).answer is Answer.FAULT
    recent = (NOW - 3000, NOW - 2000, NOW - 1000)
    assert engine_restarts.check(replace(place, crashes=recent)).answer is Answer.FAULT
    assert engine_restarts.check(replace(place, crashes=(NOW - DAY, *recent[1:]))).answer is Answer.HEALTHY
