"""A main loop with one lane, whose jobs are done by a handler that a test makes."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from engine import jobs as kinds
from engine.doorbell import Doorbell
from engine.jobs.context import Context, Handler
from engine.lanes import Lane
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from engine.service import Service
from storage import jobs
from storage.database import Reader, Writer
from storage.records import Job
from storage.settings import WorkspaceSettings
from storage.vocabulary import FINISHED, JobKind
from storage.workspace import Workspace

ALL = frozenset(JobKind)

Serve = Callable[..., Lane]


@pytest.fixture
def context(workspace: Workspace, writer: Writer) -> Iterator[Context]:
    """Return what handlers work with; no host is started."""
    settings = WorkspaceSettings()
    hosts = Hosts(scratch=workspace.scratch, limits=settings.limits)
    yield Context(workspace, writer, settings, hosts, Pool(settings.limits), time.time)
    hosts.close()


@pytest.fixture
def bell(writer: Writer) -> Iterator[Doorbell]:
    """Return what the main loop waits at."""
    with writer.transaction():
        # Whoever is the first to read or write makes the log.
        pass
    bell = Doorbell()
    bell.listen(writer.log_file)
    yield bell
    bell.close()


@pytest.fixture
def serve(context: Context, bell: Doorbell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Return a function that starts a service with one lane whose jobs are done by a handler."""
    stopping = threading.Event()
    started: list[threading.Thread] = []

    def start(
        handler: Handler, within: Context = context, outdated: Callable[[], bool] = lambda: False
    ) -> Lane:
        monkeypatch.setattr(kinds, "handler", lambda _kind: handler)
        lane = Lane("test", ALL, within)
        service = Service(within, (lane,), (), stopping, bell, time.monotonic, outdated=outdated)
        thread = threading.Thread(target=service.run)
        thread.start()
        started.append(thread)
        return lane

    yield start
    stopping.set()
    bell.ring()
    for thread in started:
        thread.join(60)
        assert not thread.is_alive()


def finished(reader: Reader, job: Job, seconds: float = 60.0) -> Job:
    """Return a job when it has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with reader.transaction() as connection:
            found = jobs.read_one(connection, job.id)
        if found is not None and found.state in FINISHED:
            return found
        time.sleep(0.005)
    raise AssertionError(f"job {job.id} is still {found.state if found else 'gone'}")


def ask(workspace: Workspace, model: str = "m", *, by: str = "ann") -> Job:
    """Ask for an evaluation."""
    return jobs.submit(workspace, JobKind.EVALUATE, model, requested_by=by)
