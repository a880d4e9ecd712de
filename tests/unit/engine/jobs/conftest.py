"""Fixtures of the jobs: what they work with, and a workspace that is watched, empty or with versions that are ready."""

import time
from collections.abc import Iterator

import pytest

from engine.jobs.context import Context
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from storage.database import Writer
from storage.settings import WorkspaceSettings
from storage.workspace import Workspace
from tests.watched import Watched, examiner, examiner_hosts, watched

__all__ = ["examiner", "examiner_hosts", "watched"]


@pytest.fixture
def context(workspace: Workspace, writer: Writer, warm_hosts: Hosts) -> Iterator[Context]:
    """Return what jobs work with: a workspace of its own, and real hosts."""
    settings = WorkspaceSettings()
    pool = Pool(settings.limits)
    yield Context(workspace, writer, settings, warm_hosts, pool, time.time)
    pool.close()


@pytest.fixture
def three(watched: Watched) -> Watched:
    """Return a workspace with three good versions of mnist, each better than the last, and nothing deployed."""
    watched.ready("mnist", {1: 0.90, 2: 0.93, 3: 0.97})
    return watched
