"""What is deployed misses an objective: the evaluation that shows it has it checked, and the one that shows that it is over."""

import numpy as np
import pytest

from storage import jobs
from storage.records import Job
from storage.tables import events
from storage.vocabulary import JobKind
from tests.ward import Ward, good_data, ward, ward_hosts

__all__ = ["ward", "ward_hosts"]

OBJECTIVE = '[objectives]\naccuracy = ">= 0.8"\nlatency_p99_ms = "<= 0.0000001"\n'


def checks(ward: Ward) -> list[Job]:
    """Return the checks that nobody asked for."""
    with ward.context.writer.transaction() as connection:
        found = jobs.read(connection, limit=100)
    return [job for job in found if job.kind is JobKind.CHECK and job.requested_by == jobs.OBJECTIVE]


@pytest.fixture
def missing(ward: Ward) -> Ward:
    """Return the ward after the test data became ones of which every class is another one's."""
    ward.settings(OBJECTIVE)
    images, classes = good_data(797)
    ward.data(images, (classes + 1) % 10)
    ward.evaluate()
    return ward


def test_a_missed_objective_is_a_fault_at_once(missing: Ward) -> None:
    """Nobody waits until the next hour's check to hear of it, and it is not checked again with each evaluation."""
    assert "objective-missed" in missing.faults()
    missing.evaluate()
    assert len(checks(missing)) == 1


def test_the_fault_tells_of_the_figures_of_now(missing: Ward) -> None:
    """With each evaluation its sentence is another one, and the log is told once."""
    images, classes = good_data(797)
    missing.data(images, np.append(classes[:300], (classes[300:] + 1) % 10))
    missing.evaluate()
    evaluation, fault = missing.current().evaluation, missing.faults()["objective-missed"]
    accuracy = None if evaluation is None else evaluation.metric("accuracy")
    assert accuracy is not None
    assert f"accuracy {accuracy.value:.4f} " in fault.message
    assert (fault.count, len(checks(missing))) == (2, 1)
    with missing.context.writer.transaction() as connection:
        told = [one.message for one in events.read(connection, limit=100) if one.code == "objective-missed"]
    assert len(told) == 1


def test_an_objective_that_is_met_again_ends_the_fault_at_once(missing: Ward) -> None:
    """The evaluation that shows it is enough."""
    missing.data(*good_data(797))
    missing.evaluate()
    assert "objective-missed" not in missing.faults()
    assert len(checks(missing)) == 2


def test_what_is_not_deployed_calls_nobody(ward: Ward) -> None:
    """Neither does a file that somebody wanted to see evaluated, nor an objective of latency, which has a check of its own."""
    ward.settings(OBJECTIVE)
    images, classes = good_data(797)
    ward.evaluate()
    ward.data(images, (classes + 1) % 10, part="validation")
    ward.do(JobKind.EVALUATE, None, data="validation")
    ward.data(images, (classes + 1) % 10)
    ward.evaluate(1)
    assert checks(ward) == []
    assert "objective-missed" not in ward.faults()


def test_what_its_owner_has_never_checked_is_not_checked(ward: Ward) -> None:
    """A schedule without checks has none of these either."""
    images, classes = good_data(797)
    ward.settings(OBJECTIVE + '[schedule]\ncheck = "never"\n')
    ward.data(images, (classes + 1) % 10)
    ward.evaluate()
    assert checks(ward) == []


def test_a_miss_within_chance_calls_nobody(ward: Ward) -> None:
    """A check would not know more of it than the evaluation."""
    images, classes = good_data(797)
    ward.settings(OBJECTIVE)
    ward.data(images[:6], np.append(classes[:4], (classes[4:6] + 1) % 10))
    ward.evaluate()
    evaluation = ward.current().evaluation
    accuracy = None if evaluation is None else evaluation.metric("accuracy")
    assert accuracy is not None
    assert accuracy.value < 0.8 < (accuracy.high or 0.0)
    assert checks(ward) == []
