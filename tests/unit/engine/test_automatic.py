"""Promoting without a person: what the engine asks for by itself, and what it leaves to people."""

import pytest

from engine import policy
from engine.repository.telling import BEHIND_FAULT
from storage import jobs
from storage.records import JobParameters, LatencyRatio
from storage.tables import faults, gates, promotions
from storage.vocabulary import JobKind, JobState, PromotionOutcome
from tests.unit.engine.jobs.asking import ask
from tests.unit.engine.unattended import AUTOMATIC, HOUR, Stage, stage
from tests.watched import examiner, examiner_hosts, watched

__all__ = ["examiner", "examiner_hosts", "stage", "watched"]


def test_a_candidate_that_passes_is_promoted_by_itself_and_put_on_probation(stage: Stage) -> None:
    """History and log say so, and the model says until when."""
    stage.on_trial()
    assert stage.asked == 1
    entry = stage.watched.promotions("mnist")[0]
    assert (entry.requested_by, entry.to_version, entry.forced) == (jobs.ITSELF, 2, False)
    assert stage.watched.messages()[-2:] == [
        "promoted 1 > 2 by itself: accuracy 0.9000 -> 0.9700",
        "version 2 is on probation for 1h: evaluated every 10m, and rolled back if it proves bad",
    ]
    probation = stage.watched.model("mnist").probation
    assert probation is not None
    assert (probation.number, probation.ends_at - probation.begun_at) == (2, HOUR)


@pytest.mark.parametrize(
    "settings", ["", "[gate]\nautomatic = false\n", AUTOMATIC.replace("[gate]", "[gate]\ndry_run = true")]
)
def test_nothing_is_promoted_where_nobody_said_so(stage: Stage, settings: str) -> None:
    """It is off by default, and a gate on trial promotes nothing."""
    stage.write(settings)
    stage.arrive(2, 0.97)
    assert stage.look() == []


def test_a_candidate_that_does_not_pass_is_left_to_people(stage: Stage) -> None:
    """Worse, or not decided: the gate's no is the engine's."""
    stage.arrive(2, 0.86)
    assert stage.look() == []


@pytest.mark.parametrize("ratio", [1.2, 1.5])
def test_a_candidate_whose_latency_is_not_known_is_measured_by_itself_once(
    stage: Stage, ratio: float
) -> None:
    """The promotion that the engine asks for measures it; what it does not decide, or is too slow, is left to people."""
    stage.write(AUTOMATIC.replace("[gate]", "[gate]\nmax_latency_ratio = 1.2"))
    stage.arrive(2, 0.97)
    [job] = stage.look()
    assert (job.kind, job.version) == (JobKind.PROMOTE, 2)
    stage.end(job, JobState.FAILED)
    both = [stage.watched.version("mnist", number).sha256 or "" for number in (1, 2)]
    with stage.watched.writer.transaction() as connection:
        gates.set_ratio(
            connection, both[0], both[1], LatencyRatio("cpu", 0.0, ratio, ratio - 0.1, ratio + 0.1, 0.9, 15)
        )
    stage.judge()
    assert stage.look(after=HOUR) == []


def test_a_person_s_own_promotion_begins_no_probation(stage: Stage) -> None:
    """Only what nobody looked at is watched."""
    stage.arrive(2, 0.97)
    ask(stage.watched, version=2)
    assert stage.watched.model("mnist").probation is None
    assert stage.look(HOUR) == []


def test_what_a_dead_engine_wanted_is_wanted_again_and_what_was_refused_is_tried_later(stage: Stage) -> None:
    """Interrupted: at once. Failed: after ten minutes. Cancelled by a person: never."""
    stage.arrive(2, 0.97)
    [first] = stage.look()
    stage.end(first, JobState.INTERRUPTED)
    [second] = stage.look()
    stage.end(second, JobState.FAILED)
    assert stage.look() == []
    [third] = stage.look(policy.TRIED_AGAIN_S)
    stage.end(third, JobState.CANCELLED)
    assert stage.look(HOUR) == []


def test_targets_that_are_behind_are_told_again(stage: Stage) -> None:
    """After half a minute and then every ten, and no more when the fault has ended or somebody said no."""

    def behind(*, is_open: bool) -> None:
        change = faults.open_fault if is_open else faults.close_fault
        words = ("It is behind.",) if is_open else ()
        with stage.watched.writer.transaction() as connection:
            change(connection, BEHIND_FAULT, *words, at=stage.watched.clock.now(), model="mnist")

    behind(is_open=True)
    assert stage.look() == []
    for pause_s in (30.0, 600.0, 600.0):
        assert stage.look(pause_s - 1) == []
        [job] = stage.look(1)
        assert (job.kind, job.version, job.requested_by) == (JobKind.TELL, None, jobs.RECOVERY)
        assert [one.id for one in stage.look(HOUR)] == [job.id]
        stage.end(job, JobState.FAILED)
    [job] = stage.look(policy.TRIED_AGAIN_S)
    stage.end(job, JobState.CANCELLED)
    assert stage.look(HOUR) == []
    behind(is_open=False)
    behind(is_open=True)
    [job] = stage.look(policy.FIRST_RETRY_S)
    stage.end(job, JobState.SUCCEEDED)
    behind(is_open=False)
    assert stage.look(HOUR) == []


def test_a_switch_that_failed_begins_no_probation(stage: Stage) -> None:
    """An abandoned promotion leaves nothing to watch, and its content may be tried again."""
    stage.arrive(2, 0.97)
    promotion = stage.intend()
    with stage.watched.writer.transaction() as connection:
        promotions.settle(connection, promotion, PromotionOutcome.ABANDONED)
    assert stage.watched.model("mnist").probation is None
    sha256 = stage.watched.version("mnist", 2).sha256 or ""
    assert [job.parameters for job in stage.look()] == [
        JobParameters(expected_current=1, expected_sha256=sha256)
    ]
