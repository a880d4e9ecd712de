"""Fixtures that every test may use: workspaces, empty or of real sample models, and running engines."""

import contextlib
import fcntl
import gc
import math
import os
import shutil
import signal
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import coverage
import pytest
from hypothesis import settings

from storage import launch, snapshot
from storage.database import Reader, Writer
from storage.settings import LimitSettings
from storage.workspace import Workspace, create_workspace

if TYPE_CHECKING:
    from engine.processes.client import Hosts

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Run in the background of a script, pytest ignores Ctrl-C, and so would every program that a test interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
"""Generated examples are run without a clock: a busy machine is no defect. A folder may have a profile of its own."""


SAMPLES_S = 300
"""The limit of a test on the samples: the first one of a run waits until they are trained, on a busy machine for a while."""


WAITING = 1.5
"""Workers for each core: a test that waits for a process, a disk or a screen, as they do a third of the time, needs none."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Start more workers than there are cores where as many as suit the machine were asked for; a person's number holds."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return math.ceil(WAITING * len(os.sched_getaffinity(0)))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while tests are found, and never again among them: they stay to the end, half a million objects."""
    gc.disable()
    try:
        with _rewritten_once():
            return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@contextlib.contextmanager
def _rewritten_once() -> Iterator[None]:
    """Let one worker of a run find the tests before the others do, who read what pytest made of their assertions.

    On a fresh clone each would make it anew, half of the processor time that finding takes.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ or sys.dont_write_bytecode:
        yield
        return
    folder = os.open(Path(__file__).parent, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Another one was quicker. Those who waited for it go on together.
            fcntl.flock(folder, fcntl.LOCK_SH)
        yield
    finally:
        os.close(folder)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Write down what was counted while somebody still waits for this process: one that takes long to exit is killed.

    On a busy machine that was one worker of two, and half of what the tests had gone through passed for untested.
    """
    counting = coverage.Coverage.current()
    if counting is not None:
        counting.save()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests on the samples the time that the making of them may take, unless they ask for another one."""
    for item in items:
        fixtures = item.fixturenames if isinstance(item, pytest.Function) else ()
        if "samples" in fixtures and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SAMPLES_S))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return an empty workspace."""
    return create_workspace(tmp_path / "workspace")


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database as an engine makes it, made once: twenty migrations take ten times as long as a copy."""
    file = tmp_path_factory.mktemp("database") / "modeltender.db"
    Writer(file).close()
    return file


@pytest.fixture
def writer(workspace: Workspace, new_database: Path) -> Iterator[Writer]:
    """Return the engine's hold on the workspace's new database."""
    if not workspace.database.exists():
        shutil.copy(new_database, workspace.database)
    held = Writer(workspace.database)
    yield held
    held.close()


@pytest.fixture
def reader(workspace: Workspace, writer: Writer) -> Iterator[Reader]:
    """Return a viewer's hold on the same database."""
    del writer
    held = Reader(workspace.database)
    yield held
    held.close()


@pytest.fixture(scope="session")
def warm_hosts(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Hosts]":
    """Return hosts that stay warm for all tests of a run: each imports its framework once; close what you open with them."""
    from engine.processes.client import Hosts

    held = Hosts(scratch=tmp_path_factory.mktemp("scratch"), limits=LimitSettings())
    yield held
    held.close()


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace folder of real sample models, made once a run for all workers; copy it, do not change it."""
    from sample_models.build import build

    # All workers of a run share the folder above their own; the builder's lock lets one of them build.
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    os.environ.setdefault("MODELTENDER_SAMPLE_CACHE", str(shared / "samples"))
    root = tmp_path_factory.mktemp("samples") / "workspace"
    create_workspace(root)
    build(root)
    return root


@pytest.fixture
def sampled(samples: Path, tmp_path: Path) -> Workspace:
    """Return a workspace of real sample models of the test's own."""
    root = tmp_path / "sampled"
    shutil.copytree(samples, root, symlinks=True)
    return Workspace(root)


@pytest.fixture
def engine(sampled: Workspace) -> Iterator[Workspace]:
    """Return a workspace of real sample models whose engine runs and has listed the folders."""
    launch.start(sampled)
    held = Reader(sampled.database)
    while (state := snapshot.read(held).engine) is None or state.scanned_at is None:
        time.sleep(0.01)
    held.close()
    yield sampled
    launch.stop(sampled)
