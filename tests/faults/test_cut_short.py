"""A job is cut short at each of its steps, by who cancels it or by the death of its process: nothing half is left of it."""

from collections.abc import Callable

import pytest

from engine.jobs import check_endurance
from engine.jobs.context import Outcome
from engine.lanes import carry_out
from engine.processes import conversation
from storage import jobs
from storage.records import JobParameters, Metric
from storage.tables import models
from storage.vocabulary import Format, JobKind, JobState, Quantization, Status
from tests.ward import MODEL, Ward, good_data, ward, ward_hosts

__all__ = ["ward", "ward_hosts"]

KINDS: dict[JobKind, JobParameters] = {
    JobKind.EVALUATE: JobParameters(),
    JobKind.CHECK: JobParameters(),
    JobKind.EARLY: JobParameters(against=1, data="validation"),
    JobKind.EXPORT: JobParameters(to=Format.ONNX, quantize=Quantization.FLOAT16),
}

CUT = ("Cancelled", "as asked", "was killed", "it was not asked again and again")
"""How it reads; a check says of each thing that it was not told that it does not know it."""

QUICK = frozenset({JobKind.EVALUATE, JobKind.EARLY})
"""What may be done with so few examples before its first step is heard: it is cut for certain only before its first question."""

MOST_STEPS = 60
"""More than any of them tells."""


class Listener:
    """Hears how far a job is, and does something at the step that is wanted."""

    def __init__(self, step: int, cut: "Callable[[Listener], None]") -> None:
        self.heard = 0
        self.stop = False
        self._step, self._cut = step, cut

    def progress(self, _done: int, _total: int, _message: str = "") -> None:
        """Count it."""
        self.heard += 1
        if self.heard == self._step:
            self._cut(self)

    def figure(self, figure: Metric) -> None:
        """Take no interest in it."""

    def cancelled(self) -> bool:
        """Return whether the end was asked for."""
        return self.stop


def do(ward: Ward, kind: JobKind, listener: Listener) -> Outcome:
    """Do a job as a lane does, and record its end."""
    with ward.context.writer.transaction() as connection:
        version = None if kind is JobKind.CHECK else 2
        jobs.add(connection, kind, MODEL, version, requested_by="ann", now=ward.now(), parameters=KINDS[kind])
        job = jobs.claim(connection, frozenset({kind}), now=ward.now())
    assert job is not None
    outcome = carry_out(ward.context, job, listener)
    with ward.context.writer.transaction() as connection:
        jobs.finish(connection, job.id, outcome.state, now=ward.now(), error=outcome.error)
    return outcome


def handed_in(ward: Ward) -> list[str]:
    """Return what lies in the inbox, hidden things included."""
    inbox = ward.context.workspace.train / MODEL
    return sorted(path.name for path in inbox.iterdir()) if inbox.exists() else []


@pytest.fixture
def ready(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> Ward:
    """Return a ward with validation data, in which nothing takes long."""
    monkeypatch.setattr(check_endurance, "STRETCH_S", 0.001)
    images, classes = good_data(797)
    ward.data(images[:300], classes[:300], "validation")
    return ward


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_that_was_cut_short_leaves_nothing_half_done(
    ready: Ward, kind: JobKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whichever step: it says so in a sentence, no version is blamed, nothing is handed in, and the next one succeeds."""
    with monkeypatch.context() as patch:
        # Whoever waits for a process looks up before the question is sent, and after each thing that is heard, so that none is
        # done by then: what a quick machine does within a tenth of a second would be over before anybody looked.
        patch.setattr(conversation, "TICK_S", 0.0)
        cut_before_its_first_question(ready, kind)
        cut_at_each_step(ready, kind, "cancelled")
    cut_at_each_step(ready, kind, "killed")


def cut_before_its_first_question(ready: Ward, kind: JobKind) -> None:
    """Cancel a job when it begins."""
    listener = Listener(1, lambda _: None)
    listener.stop = True
    outcome = do(ready, kind, listener)
    assert outcome.state is JobState.CANCELLED, outcome
    assert outcome.error.endswith("as asked.")
    assert handed_in(ready) == []
    assert ready.faults() == {}


def cut_at_each_step(ready: Ward, kind: JobKind, how: str) -> None:
    """Do a job until it comes to its end, and cut it short one step later each time."""

    def cut(listener: Listener) -> None:
        if how == "cancelled":
            listener.stop = True
            return
        for process in list(ready.context.hosts._processes):
            process.end()

    ends: list[JobState] = []
    told: list[str] = []
    for step in range(1, MOST_STEPS):
        listener = Listener(step, cut)
        # What a check asks once a day is to be asked each time.
        ready.passed += check_endurance.EVERY_S + 1
        outcome = do(ready, kind, listener)
        ends.append(outcome.state)
        told.append(outcome.error + outcome.result)
        assert outcome.code != "internal", outcome.error
        assert handed_in(ready) == (
            ["digits-2-onnx-float16.onnx"]
            if kind is JobKind.EXPORT and outcome.state is JobState.SUCCEEDED
            else []
        )
        assert not any(ready.context.workspace.scratch.iterdir())
        with ready.context.writer.transaction() as connection:
            found = models.versions(connection, MODEL)
        assert [version.status for version in found] == [Status.READY] * 2
        blamed = {"evaluation-failed"} if (kind, how) == (JobKind.EVALUATE, "killed") else set()
        assert set(ready.faults()) <= blamed
        for name in handed_in(ready):
            (ready.context.workspace.train / MODEL / name).unlink()
        if listener.heard < step:
            break
        # One that succeeds was cut too late to matter, or says of what was lost that it is not known.
        if outcome.state is not JobState.SUCCEEDED:
            assert outcome.state is (JobState.CANCELLED if how == "cancelled" else JobState.FAILED)
            assert outcome.error.endswith(".")
    assert ends[-1] is JobState.SUCCEEDED, outcome.error
    assert kind in QUICK or any(words in one for one in told for words in CUT), "some steps were cut"
    assert ready.faults() == {}
