"""What ``promote`` and ``rollback`` ask, and how they report the answer."""

import threading
import time

import pytest

from storage import jobs
from storage.database import Writer
from storage.records import Job
from storage.tables import models
from storage.vocabulary import ExitCode, JobKind, JobState, Status
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import add_version, answered, evaluated, failed

PROMOTED = {"model": "mnist", "from": 1, "to": 2, "verdict": "superior", "promoted": True, "checks": []}
CHECKS = [{"name": "accuracy", "verdict": "fail", "detail": "0.9000 against 0.9500"}]


def test_the_candidate_is_promoted_by_default(ask: Run, working: Begin) -> None:
    """Without a version the candidate is meant, and the job carries what the person saw."""
    done = working(answered(PROMOTED))
    said = ask("promote", "mnist")
    assert said.status == ExitCode.DONE
    assert "mnist: version 2 is deployed now; it was version 1." in said.out
    assert (done[0].kind, done[0].version) == (JobKind.PROMOTE, 2)
    assert done[0].parameters.expected_current == 1
    assert done[0].parameters.expected_sha256 == f"{2:064x}"


@pytest.mark.parametrize(
    ("verdict", "code", "status"),
    [
        ("inferior", "refused", ExitCode.NO),
        ("inconclusive", "inconclusive", ExitCode.INCONCLUSIVE),
        (None, "refused", ExitCode.NO),
    ],
)
def test_a_refusal_is_an_answer(
    verdict: str | None, code: str, status: int, ask: Run, working: Begin
) -> None:
    """A gate that says no, or cannot say, gives the document with its checks and its own exit status."""
    refusal = PROMOTED | {"verdict": verdict, "promoted": False, "checks": CHECKS}
    working(answered(refusal, code=code, error="It is worse.", hint="Insist with --force."))
    said = ask("promote", "mnist", "--json")
    assert (said.status, said.json) == (status, refusal)
    assert said.err == "It is worse.\n"


def test_a_refusal_is_told_with_its_checks(ask: Run, working: Begin) -> None:
    """A person reads that nothing changed, which check failed with which figures, and what can be done."""
    refusal = PROMOTED | {"verdict": "inferior", "promoted": False, "checks": CHECKS}
    working(answered(refusal, code="refused", error="It is worse.", hint="Insist with --force."))
    text = ask("promote", "mnist").out
    assert "mnist: nothing changed (inferior); version 1 stays deployed." in text
    assert "0.9000 against 0.9500" in text
    assert "Insist with --force." in text


def test_work_that_fails_is_an_error(ask: Run, working: Begin) -> None:
    """A switch that could not be done, without a result, ends with exit status 3 and its sentence."""
    working(failed)
    said = ask("promote", "mnist", "--json")
    assert (said.status, said.json["error"]["message"]) == (ExitCode.FAILED, "It does not load.")


def test_force_needs_a_reason(ask: Run, working: Begin) -> None:
    """--force without --reason is a usage error and asks nothing; with one both reach the engine."""
    done = working(answered(PROMOTED))
    assert ask("promote", "mnist", "--force").status == ExitCode.USAGE
    assert ask("promote", "mnist", "--force", "--reason", "  ").status == ExitCode.USAGE
    assert done == []
    ask("promote", "mnist", "--force", "--reason", "the old one is broken")
    assert (done[0].parameters.force, done[0].parameters.reason) == (True, "the old one is broken")


def test_a_candidate_that_is_being_evaluated_is_waited_for(ask: Run, writer: Writer, working: Begin) -> None:
    """The gate is asked only when the candidate's own evaluation has ended."""
    with writer.transaction() as connection:
        arrival = jobs.add(connection, JobKind.EVALUATE, "mnist", 2, requested_by="arrival", now=time.time())

    def answer(writer: Writer, job: Job) -> None:
        if job.kind is JobKind.EVALUATE:
            time.sleep(0.1)
            evaluated(writer, job)
        else:
            answered(PROMOTED)(writer, job)

    done = working(answer)
    ask("promote", "mnist")
    assert done[0].id == arrival.id
    assert done[1].requested_at > (done[0].started_at or 0) + 0.09


def test_a_version_that_is_being_checked_is_waited_for(ask: Run, writer: Writer, working: Begin) -> None:
    """Where there is no candidate yet but a version is being checked, that one is promoted when it is ready."""
    with writer.transaction() as connection:
        checking = models.versions(connection, "digits")[0].id
        models.set_version(connection, checking, status=Status.CHECKING)

    def ready() -> None:
        with writer.transaction() as connection:
            models.set_version(connection, checking, status=Status.READY)

    timer = threading.Timer(0.1, ready)
    timer.start()
    done = working(answered(PROMOTED | {"model": "digits", "from": None, "to": 1}))
    assert ask("promote", "digits").status == ExitCode.DONE
    timer.join()
    assert (done[0].model, done[0].version, done[0].parameters.expected_current) == ("digits", 1, None)


def test_a_newer_version_that_is_being_checked_is_the_candidate_that_is_meant(
    ask: Run, writer: Writer, working: Begin
) -> None:
    """A build that hands in a model and asks at once is not answered about the one of the build before."""
    with writer.transaction() as connection:
        arrived = add_version(connection, "mnist", 4, Status.CHECKING)

    def ready() -> None:
        with writer.transaction() as connection:
            models.set_version(connection, arrived, status=Status.READY)

    timer = threading.Timer(0.1, ready)
    timer.start()
    done = working(answered(PROMOTED | {"to": 4}))
    assert ask("promote", "mnist@candidate").status == ExitCode.DONE
    timer.join()
    assert [job.version for job in done] == [4]


def test_a_model_without_a_candidate_says_so(ask: Run, writer: Writer) -> None:
    """With nothing above the deployed version there is nothing to promote: a no, told in a sentence."""
    with writer.transaction() as connection:
        second = next(version for version in models.versions(connection, "mnist") if version.number == 2)
        models.set_version(connection, second.id, status=Status.MISSING)
    said = ask("promote", "mnist")
    assert said.status == ExitCode.NO
    assert "mnist has no candidate: there is no ready version above version 1" in said.err
    assert ask("promote", "mnist@7").status == ExitCode.USAGE
    assert ask("promote", "mnits").status == ExitCode.USAGE


def test_rollback_names_what_the_person_saw(ask: Run, writer: Writer, working: Begin) -> None:
    """A rollback carries the current version that the person saw and goes to the one before it."""
    with writer.transaction() as connection:
        numbered = {version.number: version.id for version in models.versions(connection, "mnist")}
        model_id = models.ensure(connection, "mnist", now=0)
        models.set_current(connection, model_id, current_id=numbered[2], previous_id=numbered[1])
    done = working(answered(PROMOTED | {"from": 2, "to": 1, "verdict": None}))
    said = ask("rollback", "mnist", "--json")
    assert (said.status, said.json["to"]) == (ExitCode.DONE, 1)
    assert (done[0].kind, done[0].version, done[0].parameters.expected_current) == (JobKind.ROLLBACK, 1, 2)


def test_a_rollback_that_went_ahead_without_a_target_names_it(
    ask: Run, writer: Writer, working: Begin
) -> None:
    """What was asked for happened; who does not know yet, and what is done about it, is said as well."""
    with writer.transaction() as connection:
        numbered = {version.number: version.id for version in models.versions(connection, "mnist")}
        model_id = models.ensure(connection, "mnist", now=0)
        models.set_current(connection, model_id, current_id=numbered[2], previous_id=numbered[1])
    answer = PROMOTED | {"from": 2, "to": 1, "verdict": None, "untold": ["balancer (command): it is down"]}
    working(answered(answer))
    said = ask("rollback", "mnist")
    assert said.status == ExitCode.DONE
    assert said.out.splitlines() == [
        "mnist: version 1 is deployed now; it was version 2.",
        "Not told: balancer (command): it is down",
        "They are told again by themselves, and at once with: modeltender tell mnist",
    ]


def test_rollback_without_a_previous_version_is_refused(ask: Run) -> None:
    """There is nothing to go back to: a no, without asking the engine."""
    said = ask("rollback", "mnist", "--json")
    assert (said.status, said.json["error"]["code"]) == (ExitCode.NO, "refused")


def test_a_cancelled_promotion_is_a_failure(ask: Run, working: Begin) -> None:
    """A job that somebody cancelled gave no answer: exit status 3, not a no."""

    def answer(writer: Writer, job: Job) -> None:
        with writer.transaction() as connection:
            jobs.finish(
                connection,
                job.id,
                JobState.CANCELLED,
                now=time.time(),
                code="cancelled",
                error="Cancelled.",
                result="{}",
            )

    working(answer)
    said = ask("promote", "mnist", "--json")
    assert (said.status, said.json["error"]["code"]) == (ExitCode.FAILED, "cancelled")
