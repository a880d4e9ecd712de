"""What a switch of the deployed version survives: any call that fails, and kill -9 at any moment."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest

from engine.jobs import promote, rollback
from engine.jobs.context import Context
from engine.processes.pool import Pool
from engine.repository.switch import recover
from storage import interrupted, jobs
from storage.database import Writer
from storage.errors import JobError, RefusedError
from storage.records import JobParameters, Metric
from storage.settings import WorkspaceSettings
from storage.tables import models
from storage.vocabulary import JobKind, JobState, PromotionOutcome
from storage.workspace import Workspace, create_workspace
from tests.failing import failing_at
from tests.handmade_models import onnx_bytes
from tests.name_spaces import python, small_disk
from tests.nursery import killing, nursery
from tests.warm import Warm
from tests.watched import Watched

CALLS = ("open", "symlink", "fsync", "replace", "readlink", "stat", "lstat", "close", "read")
"""What a promotion asks of the system."""

KILLS = 50
LONGEST_S = 0.1
"""From the start of the child's work to the kill: dozens of switches, or none."""

SEEDS = (20240607, 20250131, 20261126, 20270815)
"""One a test: 200 kills in all, and no test takes long on a busy machine."""

AT = "kill-at"
"""The file that tells a worker at which of its steps it kills itself."""


class Silent:
    """A report to nobody."""

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Tell nobody."""

    def figure(self, figure: Metric) -> None:
        """Take no interest in it."""

    def cancelled(self) -> bool:
        """Return that nobody wants the end."""
        return False


def act(workspace: Workspace, writer: Writer, kind: JobKind, version: int | None = None) -> None:
    """Do one job as a lane of the engine does: claim it, run it, record its end."""
    with writer.transaction() as connection:
        jobs.add(
            connection,
            kind,
            "mnist",
            version,
            requested_by="ann",
            now=time.time(),
            parameters=JobParameters(force=True, reason="fault test"),
        )
        job = jobs.claim(connection, frozenset({kind}), now=time.time())
    assert job is not None
    context = Context(
        workspace, writer, WorkspaceSettings(), cast("Any", None), cast("Pool", Warm()), time.time
    )
    state = JobState.FAILED
    try:
        outcome = (promote if kind is JobKind.PROMOTE else rollback).run(context, job, Silent())
        state = outcome.state
    finally:
        with writer.transaction() as connection:
            jobs.finish(connection, job.id, state, now=time.time())


def check_consistent(workspace: Workspace, writer: Writer) -> int | None:
    """Assert that link, record and history agree, and return what is deployed."""
    link = workspace.current_link("mnist")
    number = int(str(link.readlink())) if link.is_symlink() else None
    if number is not None:
        assert (link / "model.onnx").read_bytes(), "the link must lead to a model"
    with writer.transaction() as connection:
        model = models.read_one(connection, "mnist")
        rows = connection.execute(
            "SELECT from_number, to_number, outcome FROM promotions ORDER BY id"
        ).fetchall()
    assert model is not None
    assert (model.current.number if model.current else None) == number
    done = [row for row in rows if row["outcome"] == PromotionOutcome.DONE]
    assert (done[-1]["to_number"] if done else None) == number
    assert all(row["outcome"] != PromotionOutcome.INTENDED for row in rows)
    # Every change begins where the one before it ended: no step of the history is missing.
    assert [row["from_number"] for row in done[1:]] == [row["to_number"] for row in done[:-1]]
    left = [path.name for path in (workspace.models / "mnist").iterdir() if "tmp" in path.name]
    assert left == []
    return number


@pytest.mark.parametrize("kind", [JobKind.PROMOTE, JobKind.ROLLBACK])
def test_whatever_call_fails_the_old_or_the_new_version_is_deployed(watched: Watched, kind: JobKind) -> None:
    """For every n: the n-th call fails, and link, record and history agree afterwards."""
    watched.ready("mnist", {1: 0.90, 2: 0.93, 3: 0.95})
    workspace, writer = watched.workspace, watched.writer
    for number in (1, 2):
        act(workspace, writer, JobKind.PROMOTE, number)
    seen = set()
    for n in range(1, 500):
        with failing_at(n, CALLS) as reached:
            # The job may fail in any of these ways; what matters is what it leaves behind.
            with suppress(JobError, RefusedError, OSError):
                act(workspace, writer, kind, 3 if kind is JobKind.PROMOTE else None)
            hit = reached()
        recover(workspace, writer, time.time())
        deployed = check_consistent(workspace, writer)
        seen.add(deployed)
        if not hit:
            break
        if deployed != 2:
            act(
                workspace,
                writer,
                *((JobKind.ROLLBACK, None) if kind is JobKind.PROMOTE else (JobKind.PROMOTE, 2)),
            )
            assert check_consistent(workspace, writer) == 2
    assert not hit, "there must be an end to the calls"
    assert n > 10
    assert seen == {2, 3 if kind is JobKind.PROMOTE else 1}


def work(root: str) -> None:
    """Promote and roll back without end, as the engine does; the test kills the process that runs this."""
    workspace = Workspace(Path(root))
    writer = Writer(workspace.database)
    recover(workspace, writer, time.time())
    with writer.transaction() as connection:
        interrupted.recover(connection, now=time.time())
    print(os.getpid(), flush=True)
    while True:
        act(workspace, writer, JobKind.PROMOTE, 2)
        act(workspace, writer, JobKind.PROMOTE, 3)
        act(workspace, writer, JobKind.ROLLBACK)
        act(workspace, writer, JobKind.ROLLBACK)


def step_by_step(root: str) -> None:
    """Do one job, and be killed before a step: before any call of `CALLS`, any commit, any load, or after the last one."""
    workspace = Workspace(Path(root))
    kind, at = (workspace.root / AT).read_text().split()
    writer = Writer(workspace.database)
    print(os.getpid(), flush=True)
    left = int(at)

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def taken(*arguments: Any, **keywords: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*arguments, **keywords)

        return taken

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))
    for owner, name in ((Writer, "transaction"), (Warm, "holds")):
        setattr(owner, name, counted(getattr(owner, name)))
    act(workspace, writer, JobKind(kind), 3 if kind == JobKind.PROMOTE else None)
    (workspace.root / AT).write_text("done")
    os.kill(os.getpid(), signal.SIGKILL)


def grow(root: str) -> None:
    """Be the nursery of such processes."""
    # A gate is imported when it is first asked, which is longer than a worker lives.
    for name in ("engine.evaluation.comparison", "engine.evaluation.gate", "engine.repository.gate_facts"):
        import_module(name)
    single = (Path(root) / AT).exists
    nursery(lambda: step_by_step(root) if single() else work(root))


@pytest.fixture
def workers(watched: Watched) -> Iterator[Callable[[float | None], None]]:
    """Return what runs a worker for some seconds and then kills it."""
    root = str(watched.workspace.root)
    with killing(f"from tests.faults.test_switch import grow; grow({root!r})") as run_and_kill:
        yield run_and_kill


@pytest.mark.parametrize("seed", SEEDS)
def test_kill_9_at_any_moment_leaves_a_valid_link_and_a_consistent_history(
    watched: Watched, workers: Callable[[float | None], None], seed: int
) -> None:
    """Again and again a real process that promotes and rolls back is killed; recovery finds link and history agreeing."""
    watched.ready("mnist", {1: 0.90, 2: 0.93, 3: 0.95})
    workspace = watched.workspace
    act(workspace, watched.writer, JobKind.PROMOTE, 1)
    chance = random.Random(seed)
    interrupted = kills = 0
    deadline = time.monotonic() + 100
    # A busy machine may need more kills until the workers have worked and some have fallen into a switch.
    while kills < KILLS or not interrupted or len(watched.promotions("mnist")) <= KILLS:
        kills += 1
        assert time.monotonic() < deadline, (kills, interrupted)
        workers(chance.random() * LONGEST_S)
        link = workspace.current_link("mnist")
        assert (link / "model.onnx").read_bytes(), "before any recovery the link must lead to a model"
        writer = Writer(workspace.database)
        with writer.transaction() as connection:
            query = "SELECT count(*) FROM promotions WHERE outcome = 'intended'"
            interrupted += connection.execute(query).fetchone()[0]
        recover(workspace, writer, time.time())
        assert check_consistent(workspace, writer) in {1, 2, 3}
        writer.close()


@pytest.mark.parametrize("kind", [JobKind.PROMOTE, JobKind.ROLLBACK])
def test_kill_9_before_any_step_leaves_the_old_or_the_new_version(
    watched: Watched, workers: Callable[[float | None], None], kind: JobKind
) -> None:
    """For every n: a real process is killed before its n-th step; recovery tells from the link what became of it."""
    watched.ready("mnist", {1: 0.90, 2: 0.93, 3: 0.95})
    workspace = watched.workspace
    for number in (1, 2):
        act(workspace, watched.writer, JobKind.PROMOTE, number)
    new, seen, outcomes = (3 if kind is JobKind.PROMOTE else 1), set(), set()
    for n in range(1, 500):
        (workspace.root / AT).write_text(f"{kind} {n}")
        workers(None)
        with watched.writer.transaction() as connection:
            [last] = connection.execute("SELECT outcome FROM promotions ORDER BY id DESC LIMIT 1").fetchall()
            interrupted.recover(connection, now=time.time())
        outcomes.add(last["outcome"])
        recover(workspace, watched.writer, time.time())
        deployed = check_consistent(workspace, watched.writer)
        seen.add(deployed)
        if deployed != 2:
            back = (JobKind.ROLLBACK, None) if kind is JobKind.PROMOTE else (JobKind.PROMOTE, 2)
            act(workspace, watched.writer, *back)
        if (workspace.root / AT).read_text() == "done":
            break
    assert deployed == new, "the last one got to the end"
    assert seen == {2, new}
    assert outcomes == {PromotionOutcome.INTENDED, PromotionOutcome.DONE}
    assert n > 15


TINY_DISK = """
import sys, time
from pathlib import Path
from engine.repository.repository import Repository
from storage.database import Writer
from storage.settings import WorkspaceSettings
from storage.workspace import Workspace
from tests.watched import AtOnce, Clock

workspace = Workspace(Path(sys.argv[1]))
writer = Writer(workspace.database)
clock = Clock()
repository = Repository(workspace, writer, WorkspaceSettings(), AtOnce(), now=clock.now, monotonic=clock.monotonic)

def look():
    for _ in range(3):
        repository.scan()
        clock.passed += 0.4

def shown():
    with writer.transaction() as connection:
        return [tuple(row) for row in connection.execute("SELECT name, status, reason FROM arrivals ORDER BY name")]

look()
print(shown())
print(sorted(path.name for path in (workspace.models / "mnist").iterdir()))
(workspace.models / "ballast").unlink()
clock.passed += 61
look()
print(shown())
print(sorted(path.name for path in (workspace.models / "mnist").iterdir()))
"""


def test_a_disk_that_is_really_full_is_told_and_used_again_when_it_is_not(tmp_path: Path) -> None:
    """On a file system without room an arrival has its reason; with room it becomes a version by itself."""
    workspace = create_workspace(tmp_path / "w")
    inbox = workspace.train / "mnist"
    inbox.mkdir()
    (inbox / "large.onnx").write_bytes(onnx_bytes("x" * 600_000))
    ballast = f"head -c 700000 /dev/zero > {workspace.models}/ballast"
    disk = small_disk(workspace.models, "1m", first=f"mkdir {workspace.models}/mnist && {ballast}")
    found = python(disk, TINY_DISK, str(workspace.root))
    before, folders, after, versions = found.stdout.splitlines()
    assert "could not be copied to models/mnist: No space left on device; it is tried again" in before
    assert folders == "[]"
    assert after == "[('large.onnx', 'ready', '')]"
    assert versions == "['1']"
