"""Promises about promoting: what is asked before, what is answered, and what is on record after."""

import errno
import os
from typing import Any

import pytest

from storage import jobs
from storage.errors import JobError, UnknownError
from storage.records import JobParameters
from storage.tables import models
from storage.vocabulary import JobKind, JobState, PromotionOutcome, Status
from tests.unit.engine.jobs.asking import ask, deployed
from tests.watched import Watched


def test_the_candidate_is_promoted_when_nothing_is_deployed(three: Watched) -> None:
    """The newest ready version is deployed, on record and in the answer."""
    outcome, answer = ask(three)
    assert outcome.state is JobState.SUCCEEDED
    assert deployed(three) == ("3", 3, None)
    assert (answer["model"], answer["from"], answer["to"], answer["promoted"]) == ("mnist", None, 3, True)
    assert [check["verdict"] for check in answer["checks"]] == ["pass", "pass"]
    assert three.messages()[-1] == "promoted 3 by ann: accuracy 0.9700"


def test_a_better_version_replaces_the_current_one(three: Watched) -> None:
    """A promotion says from what to what, by whom, and with which figures."""
    ask(three, version=1)
    outcome, answer = ask(three, version=2)
    assert outcome.state is JobState.SUCCEEDED
    assert deployed(three) == ("2", 2, 1)
    assert (answer["from"], answer["to"], answer["verdict"]) == (1, 2, "superior")
    assert three.messages()[-1] == "promoted 1 > 2 by ann: accuracy 0.9000 -> 0.9300"
    entry = three.promotions("mnist")[0]
    assert (entry.from_version, entry.to_version, entry.verdict, entry.forced) == (1, 2, "superior", False)
    assert [check.name for check in entry.checks] == [
        "evaluated",
        "same-data",
        "accuracy",
        "faults",
        "test-set",
    ]


def test_the_answer_has_the_agreed_fields_and_no_other(three: Watched) -> None:
    """Scripts rely on the form of the answer, whatever it is."""
    fields = {"model", "from", "to", "verdict", "promoted", "checks"}
    ask(three)
    for _, answer in (
        ask(three, version=1, force=True, reason="test"),
        ask(three, version=1),
        ask(three, JobKind.ROLLBACK),
    ):
        assert set(answer) == fields
        assert all(set(check) == {"name", "verdict", "detail"} for check in answer["checks"])


def test_a_worse_version_is_refused_with_its_figures(three: Watched) -> None:
    """The refusal is one sentence with the figures, a hint how to insist, and nothing is touched."""
    ask(three)
    outcome, answer = ask(three, version=1)
    assert (outcome.state, outcome.code) == (JobState.FAILED, "refused")
    assert outcome.error.startswith(
        "mnist@1 does not pass the gate: accuracy 0.9700 -> 0.9000: -0.0700 [-0.0864, -0.0565]"
    )
    assert outcome.hint == "To promote it anyway: modeltender promote mnist@1 --force --reason TEXT"
    assert (answer["verdict"], answer["promoted"]) == ("inferior", False)
    assert deployed(three) == ("3", 3, None)
    assert len(three.promotions("mnist")) == 1


def test_figures_that_do_not_decide_are_inconclusive(three: Watched) -> None:
    """Evaluations on different data refuse with the code of their own that commands turn into an exit status."""
    ask(three, version=2)
    three.evaluated("mnist", 3, 0.99, dataset="e" * 64)
    outcome, answer = ask(three, waited={2: (JobState.SUCCEEDED, "")})
    assert (outcome.state, outcome.code, answer["verdict"]) == (
        JobState.FAILED,
        "inconclusive",
        "inconclusive",
    )
    told = "The gate cannot decide about mnist@3: version 2 was evaluated with other data than version 3"
    assert outcome.error.startswith(told)
    assert deployed(three)[1] == 2


def test_who_insists_needs_a_reason_and_is_recorded(three: Watched) -> None:
    """Force without a reason is refused; with one it is done, and the reason stands in history and log."""
    ask(three)
    outcome, _ = ask(three, version=1, force=True, reason="  ")
    assert (outcome.code, outcome.error) == ("refused", "A forced promotion needs a reason.")
    outcome, answer = ask(three, version=1, force=True, reason="known labels are wrong")
    assert outcome.state is JobState.SUCCEEDED
    assert (answer["verdict"], answer["promoted"]) == ("inferior", True)
    entry = three.promotions("mnist")[0]
    assert (entry.forced, entry.reason) == (True, "known labels are wrong")
    assert three.messages()[-1].endswith("forced: known labels are wrong")


def test_force_that_was_not_needed_is_not_held_against_anybody(three: Watched) -> None:
    """A promotion that the gate passes is not on record as forced."""
    ask(three, force=True, reason="just to be sure")
    assert three.promotions("mnist")[0].forced is False


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"expected_current": 1}, "mnist changed since you looked: version 2 is deployed, not version 1."),
        ({"expected_sha256": "0" * 64}, "mnist@3 changed since you looked: its content is another."),
    ],
)
def test_nothing_is_promoted_when_things_changed_since_the_person_looked(
    three: Watched, parameters: dict[str, Any], sentence: str
) -> None:
    """What the person saw is compared with what is; a difference refuses."""
    ask(three, version=2)
    outcome, answer = ask(three, **parameters)
    assert (outcome.state, outcome.code, outcome.error) == (JobState.FAILED, "refused", sentence)
    assert answer["promoted"] is False
    assert deployed(three)[1] == 2


def test_what_is_as_the_person_saw_it_is_promoted(three: Watched) -> None:
    """Expectations that hold stand in nobody's way."""
    ask(three, version=2)
    outcome, _ = ask(three, expected_current=2, expected_sha256=three.version("mnist", 3).sha256)
    assert outcome.state is JobState.SUCCEEDED


def test_the_current_version_is_not_promoted_again(three: Watched) -> None:
    """Promoting what is deployed already is refused in so many words."""
    ask(three)
    outcome, _ = ask(three, version=3)
    assert (outcome.code, outcome.error) == ("refused", "mnist@3 is the current version already.")
    outcome, _ = ask(three)
    assert outcome.error == "mnist has no candidate: there is no ready version above the current one, 3."


def test_a_version_that_is_not_ready_is_refused_with_its_reason(three: Watched) -> None:
    """Status and reason stand in the refusal, and force does not help."""
    third = three.version("mnist", 3).id
    with three.writer.transaction() as connection:
        models.set_version(connection, third, status=Status.FAILED, reason="truncated archive.")
    outcome, _ = ask(three, version=3, force=True, reason="please")
    assert (outcome.code, outcome.error) == ("refused", "mnist@3 failed: truncated archive.")


def test_unknown_names_are_told(three: Watched) -> None:
    """A model or version that does not exist is an error of its own kind."""
    with pytest.raises(UnknownError, match=r"There is no version mnist@9\."):
        ask(three, version=9)
    with pytest.raises(UnknownError, match=r"There is no model other\."):
        ask(three, model="other")
    with pytest.raises(UnknownError, match=r"There is no model other\."):
        ask(three, JobKind.ROLLBACK, model="other")


def test_content_that_changed_on_disk_is_never_deployed(three: Watched) -> None:
    """The bytes are hashed once more right before the switch; others than those evaluated are refused."""
    three.put_version("mnist", 3, "swapped")
    outcome, _ = ask(three)
    assert outcome.code == "refused"
    assert outcome.error == "models/mnist/3 is not what was evaluated: its content changed on disk."
    assert deployed(three) == (None, None, None)
    assert three.promotions("mnist") == []


def test_a_cancelled_promotion_changes_nothing(three: Watched) -> None:
    """Who cancels in time finds everything as it was."""
    outcome, answer = ask(three, stopping=True)
    assert (outcome.state, answer["promoted"]) == (JobState.CANCELLED, False)
    assert deployed(three) == (None, None, None)


def test_a_link_that_was_moved_by_hand_meanwhile_stops_the_promotion(three: Watched) -> None:
    """Where the link is not what is on record, somebody else is at work; nothing is overwritten."""
    ask(three, version=1)
    three.deploy("mnist", 2)
    outcome, _ = ask(three)
    assert outcome.code == "refused"
    assert (
        outcome.error
        == "What is deployed of mnist changed since you looked: it was version 1, now it is version 2."
    )
    assert three.workspace.current_link("mnist").readlink().name == "2"


def test_promoting_ends_the_fault_of_a_changed_version(three: Watched) -> None:
    """Once a version is deployed with its content verified, its old fault is over."""
    ask(three, version=1)
    three.put_version("mnist", 1, "changed by somebody")
    three.settle()
    three.evaluated("mnist", 1)
    three.scan(1.0)
    assert [fault.code for fault in three.faults()] == ["artefact-changed"]
    ask(three, version=2)
    assert three.faults() == []


@pytest.mark.parametrize("call", ["symlink", "replace"])
def test_a_switch_that_fails_leaves_what_was_deployed(
    three: Watched, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """A full or broken disk fails the job with its reason, and the intent is on record as abandoned."""
    ask(three, version=1)

    def failing(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing)
        with pytest.raises(
            JobError, match=r"could not be replaced: No space left on device\. Deployed is still version 1"
        ):
            ask(three, version=2)
    assert deployed(three) == ("1", 1, None)
    with three.writer.transaction() as connection:
        last = connection.execute("SELECT outcome FROM promotions ORDER BY id DESC LIMIT 1").fetchone()
    assert last["outcome"] == PromotionOutcome.ABANDONED
    assert ask(three, version=2)[0].state is JobState.SUCCEEDED


def test_two_switches_of_one_model_do_not_mix(three: Watched) -> None:
    """While one switch is under way another one of the same model is refused."""
    ask(three, version=1)
    with three.writer.transaction() as connection:
        other = jobs.add(
            connection,
            JobKind.PROMOTE,
            "mnist",
            3,
            requested_by="bob",
            now=three.clock.now(),
            parameters=JobParameters(reason="x"),
        )
        jobs.claim(connection, frozenset({JobKind.PROMOTE}), now=three.clock.now())
        connection.execute(
            "INSERT INTO promotions (model_id, job_id, at, requested_by, kind, from_number, to_number, outcome) "
            "VALUES (1, ?, ?, 'bob', 'promote', 1, 3, 'intended')",
            (other.id, three.clock.now()),
        )
    outcome, _ = ask(three, version=2)
    assert (outcome.code, outcome.error) == ("refused", "Another switch of mnist is under way.")
