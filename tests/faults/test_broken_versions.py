"""A model that never loads is started three times and no more, until its files change."""

import time
from collections.abc import Iterator

import pytest

from engine import jobs as kinds
from engine.jobs.context import Context
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from storage import jobs
from storage.errors import JobError
from storage.settings import WorkspaceSettings
from storage.vocabulary import JobKind, JobState, Status
from tests.faults.test_switch import Silent
from tests.handmade_models import onnx_bytes
from tests.watched import Watched


class CountingHosts(Hosts):
    """Real hosts, which count how often a model was to be started."""

    starts = 0

    def open(self, *arguments: object, **named: object) -> object:  # type: ignore[override]
        """Start a model process."""
        self.starts += 1
        return super().open(*arguments, **named)  # type: ignore[arg-type]


@pytest.fixture
def hosts(watched: Watched) -> Iterator[CountingHosts]:
    """Return hosts of the workspace."""
    held = CountingHosts(scratch=watched.workspace.scratch, limits=WorkspaceSettings().limits)
    yield held
    held.close()


def broken(name: str) -> bytes:
    """Return an ONNX file whose node is of a type that is not there."""
    return onnx_bytes(name).replace(b"Relu", b"Rely")


def work(watched: Watched, hosts: Hosts) -> None:
    """Do every job that waits, as a lane does."""
    context = Context(
        watched.workspace,
        watched.writer,
        WorkspaceSettings(),
        hosts,
        Pool(WorkspaceSettings().limits),
        watched.clock.now,
    )
    while True:
        with watched.writer.transaction() as connection:
            job = jobs.claim(connection, frozenset({JobKind.EVALUATE}), now=time.time())
        if job is None:
            return
        with pytest.raises(JobError):
            kinds.handler(job.kind)(context, job, Silent())
        with watched.writer.transaction() as connection:
            jobs.finish(connection, job.id, JobState.FAILED, now=time.time())


def test_three_starts_and_no_more_until_the_file_changes(watched: Watched, hosts: CountingHosts) -> None:
    """A day of looking and working starts a broken model exactly three times; new content is tried at once."""
    file = watched.put_version("mnist", 1)
    file.write_bytes(broken("some content"))
    watched.settle()
    for _ in range(200):
        work(watched, hosts)
        watched.scan(432)
    assert hosts.starts == 3
    version = watched.version("mnist", 1)
    assert version.status is Status.QUARANTINED
    assert version.reason
    assert len([event for event in watched.events() if event.code == "load-failed"]) == 3
    watched.restart()
    watched.settle()
    work(watched, hosts)
    assert hosts.starts == 3, "a restart is no reason to try again"
    file.write_bytes(broken("other content"))
    watched.settle()
    work(watched, hosts)
    assert hosts.starts == 4
