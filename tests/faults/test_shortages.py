"""The machine lacks something before a model is opened: each job says what, and nothing is held against the version."""

import errno
import os
import tempfile
from collections.abc import Callable
from typing import Any

import pytest

from engine.data.prepared import PreparedData
from engine.jobs import latency
from engine.processes import client, endings, scratch
from engine.processes.client import Hosts
from engine.processes.data_process import DataProcess
from engine.processes.model_process import ModelProcess
from storage import jobs
from storage.errors import JobError
from storage.records import Refusal, Version
from storage.tables import events, faults, models, probations
from storage.vocabulary import JobKind, Status
from tests.data_files import image_folder, npz
from tests.unit.engine.jobs.conftest import context
from tests.unit.engine.jobs.test_evaluate_data import Bench, accuracy, bench, expected

__all__ = ["bench", "context"]


def refused(number: int) -> Callable[..., Any]:
    """Return a call that fails as the kernel fails it."""

    def fail(*_given: object, **_named: object) -> Any:
        raise OSError(number, os.strerror(number))

    return fail


def no_folder(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no room for a process' own folder."""
    monkeypatch.setattr(scratch, "make", refused(errno.ENOSPC))


def no_place_for_data(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have something else lie where prepared data would."""
    (bench.context.workspace.prepared / "digits").write_text("in the way")


def no_host(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no host be started."""
    hosts = Hosts(scratch=bench.context.workspace.scratch, limits=bench.context.settings.limits)
    bench.context = bench.context._replace(hosts=hosts)
    monkeypatch.setattr(tempfile, "TemporaryFile", refused(errno.ENOSPC))


def no_time(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be so busy that a process is not ready in time."""
    monkeypatch.setattr(client, "CONFINE_S", 0.0)


def no_threads(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a framework start none."""

    def load(_process: ModelProcess, *_given: Any, **_named: Any) -> None:
        raise endings.crowded(endings.Activity.LOADING)

    monkeypatch.setattr(ModelProcess, "load", load)


SHORTAGES = {
    "folder": (no_folder, "No folder for a model process can be made in "),
    "data": (no_place_for_data, "The folder for prepared data of digits cannot be kept (File exists)."),
    "host": (no_host, "The onnxruntime host cannot be started (No space left on device)."),
    "threads": (no_threads, "The model failed while it was loaded: no more processes or threads may be"),
    "time": (no_time, "The model did not answer within 0 s before it was ready; it was stopped."),
}
"""How each is brought about, and what is said."""

STATUSES = {
    Status.READY: Status.READY,
    Status.QUARANTINED: Status.QUARANTINED,
    Status.CHECKING: Status.FAILED,
    Status.FAILED: Status.FAILED,
}
"""What becomes of a version that could not be tried: what is known stays, what is not yet waits for another try."""


def version(bench: Bench) -> Version:
    """Return the version as it is on record."""
    with bench.context.writer.transaction() as connection:
        return models.versions(connection, "digits")[0]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        *((name, Status.READY) for name in SHORTAGES),
        *(("time", status) for status in STATUSES if status is not Status.READY),
    ],
)
def test_a_version_that_could_not_be_tried_is_not_to_blame(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str, status: Status
) -> None:
    """What is deployed stays ready, what is refused stays refused, and what is new is tried again as often as before."""
    shortage, said = SHORTAGES[name]
    bench.put(npz)
    refusal = Refusal(at=1.0, evidence=("it asks for code",), liftable=True)
    with bench.context.writer.transaction() as connection:
        number = models.versions(connection, "digits")[0].id
        models.set_version(connection, number, status=status, failures=2, refusal=refusal)
    hosts = bench.context.hosts
    with monkeypatch.context() as patch:
        shortage(bench, patch)
        with pytest.raises(JobError) as caught:
            bench.evaluate()
    if bench.context.hosts is not hosts:
        bench.context.hosts.close()
    assert caught.value.message.startswith(said)
    assert caught.value.hint
    found = version(bench)
    assert found.status is STATUSES[status]
    with bench.context.writer.transaction() as connection:
        assert models.failures(connection, found.id) == 2
        told = [event.code for event in events.read(connection, limit=10)]
        assert faults.all_open(connection) == []
    untouched = status in {Status.READY, Status.QUARANTINED}
    assert (found.refusal == refusal) is untouched
    assert told == ([] if untouched else ["load-failed"])


def looks(bench: Bench) -> int:
    """Return how many looks at the version on probation are counted."""
    with bench.context.writer.transaction() as connection:
        [probation] = probations.all_open(connection)
    return probation.looks


def test_a_look_at_a_version_on_probation_counts_when_it_has_worked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not without data, not without a host, and not where somebody else asked; with figures it does."""
    with bench.context.writer.transaction() as connection:
        [model] = models.read(connection)
        probations.begin(connection, model.id, number=1, sha256="", now=1.0, length_s=60.0, every_s=10.0)
    bench.do(by=jobs.PROBATION)
    assert looks(bench) == 0
    bench.put(npz)
    bench.context.pool.discard("digits")
    hosts = bench.context.hosts
    with monkeypatch.context() as patch:
        no_host(bench, patch)
        with pytest.raises(JobError, match="host cannot be started"):
            bench.do(by=jobs.PROBATION)
    bench.context.hosts.close()
    bench.context = bench.context._replace(hosts=hosts)
    assert looks(bench) == 0
    bench.evaluate()
    assert looks(bench) == 0
    bench.do(by=jobs.PROBATION)
    assert looks(bench) == 1


def test_cores_that_went_say_nothing_about_a_version(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A latency is measured on cores that were there a moment ago; the version stays ready, and the sentence names them."""
    bench.put(npz)
    monkeypatch.setattr(os, "sched_setaffinity", refused(errno.EINVAL))
    with bench.context.writer.transaction() as connection:
        job = jobs.add(connection, JobKind.LATENCY, "digits", 1, requested_by="ann", now=1.0)
    with pytest.raises(JobError, match="could not be pinned to the cores"):
        latency.run(bench.context, job, bench.listener)
    assert version(bench).status is Status.READY


@pytest.mark.parametrize("full", ["take", "source"])
def test_a_copy_of_the_data_that_cannot_be_kept_is_a_sentence(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    """Whichever write of it fails: the evaluation says why, and with room it is made."""
    bench.put(image_folder)
    with monkeypatch.context() as patch:
        if full == "take":
            patch.setattr(DataProcess, "take", refused(errno.ENOSPC))
        else:
            patch.setattr(PreparedData, "keep", refused(errno.ENOSPC))
        with pytest.raises(JobError) as caught:
            bench.evaluate()
    assert caught.value.message == "The prepared copy of test cannot be kept (No space left on device)."
    with bench.context.writer.transaction() as connection:
        assert [fault.code for fault in faults.all_open(connection)] == ["evaluation-failed"]
    assert version(bench).status is Status.READY
    assert accuracy(bench.evaluate()) == pytest.approx(expected(), abs=1e-9)
    with bench.context.writer.transaction() as connection:
        assert faults.all_open(connection) == []
