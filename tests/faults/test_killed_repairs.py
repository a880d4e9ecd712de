"""What is deployed can be restored, although the engine that repairs it is killed at any moment."""

import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from engine.jobs import repair
from engine.jobs.context import Context
from engine.repository import restore
from engine.repository.keeper import Keeper
from engine.repository.objects import Objects
from storage import interrupted, jobs
from storage.database import Writer
from storage.settings import WorkspaceSettings
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace
from tests.artefacts import artefact_sha256, keep_known
from tests.handmade_models import save_onnx_with_weights
from tests.nursery import killing, nursery
from tests.unit.engine.jobs.asking import Quiet
from tests.watched import HostsAtHand, Watched

SEED = 20261126

KILLS = 40

LONGEST_S = 0.3
"""From the start of the child's work to the kill: a repair takes some 50 ms, most of it the disk's."""


def mend(workspace: Workspace, writer: Writer) -> JobState:
    """Do one repair as a lane of the engine does."""
    with writer.transaction() as connection:
        jobs.add(connection, JobKind.REPAIR, "mnist", 1, requested_by="ann", now=time.time())
        job = jobs.claim(connection, frozenset({JobKind.REPAIR}), now=time.time())
    assert job is not None
    hosts = cast("Any", HostsAtHand())
    context = Context(workspace, writer, WorkspaceSettings(), hosts, cast("Any", None), time.time)
    state = repair.run(context, job, Quiet()).state
    with writer.transaction() as connection:
        jobs.finish(connection, job.id, state, now=time.time())
    return state


def begin(workspace: Workspace, writer: Writer) -> None:
    """Settle what a killed worker left, as the engine does at its start."""
    restore.recover(workspace, writer, time.time())
    Objects(workspace.objects).sweep()
    for left in workspace.models.glob("*/*.partial"):
        shutil.rmtree(left)
    with writer.transaction() as connection:
        interrupted.recover(connection, now=time.time())


def work(root: str) -> None:
    """Damage a version, drop copies, make them again and repair without end; the test kills the process that runs this."""
    workspace = Workspace(Path(root))
    writer = Writer(workspace.database)
    begin(workspace, writer)
    print(os.getpid(), flush=True)
    weights = workspace.version_folder("mnist", 1) / "weights.bin"
    other = workspace.version_folder("mnist", 2) / "model.onnx"
    while True:
        weights.write_bytes(b"damaged")
        assert mend(workspace, writer) is JobState.SUCCEEDED
        objects = Objects(workspace.objects)
        with keep_known(objects, other, artefact_sha256(other)):
            pass
        objects.tidy(lambda: {artefact_sha256(weights.with_name("model.onnx"))})


def grow(root: str) -> None:
    """Be the nursery of such processes."""
    nursery(lambda: work(root))


@pytest.fixture
def workers(watched: Watched) -> Iterator[Callable[[float], None]]:
    """Return what runs a worker for some seconds and then kills it."""
    root = str(watched.workspace.root)
    with killing(f"from tests.faults.test_killed_repairs import grow; grow({root!r})") as run_and_kill:
        yield run_and_kill


def test_kill_9_at_any_moment_leaves_the_damaged_or_the_restored_version_and_sound_copies(
    watched: Watched, workers: Callable[[float], None]
) -> None:
    """Again and again a process that damages, repairs, keeps and tidies is killed: a version is never in between, no copy unsound."""
    workspace, writer = watched.workspace, watched.writer
    folder = workspace.version_folder("mnist", 1)
    save_onnx_with_weights(folder / "model.onnx")
    watched.put_version("mnist", 2)
    watched.settle()
    watched.evaluated("mnist", 1)
    watched.deploy("mnist", 1)
    watched.settle()
    Keeper(workspace, writer, now=time.time).look()
    sha256 = watched.version("mnist", 1).sha256 or ""
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    chance = random.Random(SEED)
    seen: set[bool] = set()
    interrupted = kills = 0
    deadline = time.monotonic() + 90
    # A busy machine may need more kills until they have fallen into every state.
    while kills < KILLS or len(seen) < 2 or not interrupted:
        kills += 1
        assert time.monotonic() < deadline, (kills, seen, interrupted)
        workers(chance.random() * LONGEST_S)
        found = {path.name: path.read_bytes() for path in folder.iterdir()}
        # The worker's own careless write can be cut off after it has emptied the file.
        assert found in ({**whole, "weights.bin": b""}, {**whole, "weights.bin": b"damaged"}, whole)
        seen.add(found == whole)
        interrupted += len(list(folder.parent.glob("*.partial"))) + len(list(folder.parent.glob(".1.*")))
        interrupted += len(list(workspace.objects.glob("*.*")))
        begin(workspace, writer)
        kept = Objects(workspace.objects).find("model.onnx", sha256)
        assert kept is not None, "the copy of what is deployed must survive"
        kept.close()
        assert {path.name for path in workspace.objects.iterdir()} - {sha256} <= {
            watched.version("mnist", 2).sha256
        }
        assert {path.name for path in folder.parent.iterdir()} == {"1", "2", "current"}
    for left in workspace.damaged.iterdir():
        assert (left / "weights.bin").read_bytes() in {b"damaged", b""}, "only what was damaged is set aside"
    assert mend(workspace, writer) is JobState.SUCCEEDED
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
