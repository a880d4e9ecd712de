"""What is loaded is what was recorded, whatever happens to the files meanwhile; and what is deployed can be restored.

Somebody swaps the files in a loop, kills the engine at any moment, damages copies and fills the disk.
"""

import hashlib
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import pytest

from engine.jobs import loading, repair
from engine.jobs.context import Context
from engine.processes.client import Hosts, ModelProcess
from engine.processes.pool import Pool
from engine.repository import restore
from engine.repository.integrity import ChangedError
from engine.repository.keeper import Keeper
from engine.repository.objects import Objects
from engine.runtimes import runtime_for
from storage import interrupted, jobs
from storage.database import Writer
from storage.errors import JobError
from storage.records import Metric, Version
from storage.settings import WorkspaceSettings
from storage.tables import models
from storage.vocabulary import Format, JobKind, JobState, Status
from storage.workspace import Workspace, create_workspace
from tests.artefacts import artefact_sha256, keep_known
from tests.handmade_models import onnx_bytes, save_onnx_with_weights
from tests.nursery import killing, nursery
from tests.tiny_models import onnx_model
from tests.watched import HostsAtHand, Watched

ROUNDS = 300
FIRST_LOADS = 60
"""Rounds in which each copy is made anew, which takes the disk's time."""

LOADS = 30
"""Loads by real processes: some 50 ms each."""

KILLS = 40
LONGEST_S = 0.3
"""From the start of the child's work to the kill: a repair takes some 50 ms, most of it the disk's."""

SEED = 20261126
PROJECT = str(Path(__file__).parents[2])

GOOD, EVIL = "probabilities", "swapped"
"""What the only output is called in the model that was recorded, and in the other one."""


def model(output: str) -> bytes:
    """Return a real ONNX model whose output has this name; all are equally long."""
    made = onnx_model()
    made.graph.output[0].name = made.graph.node[-1].output[0] = output.ljust(len(GOOD), "_")
    return bytes(made.SerializeToString())


@contextmanager
def swapper(file: Path, contents: tuple[bytes, bytes]) -> Iterator[None]:
    """Replace and overwrite a file by the one and the other content without end."""
    over = threading.Event()
    chance = random.Random(SEED)
    spare = file.with_name(".spare")

    def swap() -> None:
        turn = 0
        while not over.is_set():
            turn += 1
            content = contents[turn % 2]
            if chance.random() < 0.5:
                spare.write_bytes(content)
                spare.replace(file)
            else:
                with file.open("r+b") as stream:
                    stream.write(content)
            # Mostly the recorded content lies there: both outcomes must be frequent.
            over.wait(chance.random() * (0.002 if turn % 2 else 0.006))

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def naive(artefact: Path, sha256: str) -> bytes | None:
    """Hash a path and open it again: what this project did before, and many do."""
    if artefact_sha256(artefact) != sha256:
        return None
    return artefact.read_bytes()


def careful(objects: Objects, artefact: Path, sha256: str) -> bytes | None:
    """Read what the engine would give to a process."""
    with keep_known(objects, artefact, sha256) as kept:
        return kept.artefact.read_bytes()


@pytest.mark.parametrize("fresh", [True, False], ids=["first load", "later load"])
def test_a_swapper_catches_whoever_opens_twice_and_never_a_kept_copy(tmp_path: Path, *, fresh: bool) -> None:
    """Hundreds of rounds against the same swapper: the naive way delivers other bytes than it has checked, ours never."""
    # As large as it takes for somebody to come in between.
    contents = (onnx_bytes("g" * 100_000), onnx_bytes("e" * 100_000))
    artefact = tmp_path / "model.onnx"
    artefact.write_bytes(contents[0])
    sha256 = hashlib.sha256(contents[0]).hexdigest()
    objects = Objects(tmp_path / "objects")
    delivered = {"naive": 0, "careful": 0}
    fooled = dict(delivered)
    with swapper(artefact, contents):
        deadline = time.monotonic() + 60
        rounds = 0
        # A busy machine may need more rounds until the naive way is caught; ours must stand them all.
        while rounds < (FIRST_LOADS if fresh else ROUNDS) or not fooled["naive"] or not delivered["careful"]:
            rounds += 1
            assert time.monotonic() < deadline, (rounds, delivered, fooled)
            for way in ("naive", "careful"):
                if fresh and way == "careful":
                    shutil.rmtree(objects.folder, ignore_errors=True)
                with suppress(ChangedError, OSError):
                    found = naive(artefact, sha256) if way == "naive" else careful(objects, artefact, sha256)
                    if found is not None:
                        delivered[way] += 1
                        fooled[way] += hashlib.sha256(found).hexdigest() != sha256
    assert fooled["naive"] > 0, "the swapper must be able to come between a check and an opening"
    assert fooled["careful"] == 0


class Bench:
    """A version on record, ready to be loaded by real processes."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.artefact = context.workspace.version_folder("mnist", 1) / "model.onnx"
        self.artefact.parent.mkdir(parents=True)
        self.artefact.write_bytes(model(GOOD))
        with context.writer.transaction() as connection:
            model_id = models.ensure(connection, "mnist", now=1.0)
            version_id = models.add_version(connection, model_id, 1, status=Status.READY, found_at=1.0)
            models.set_artefact(
                connection,
                version_id,
                artefact="model.onnx",
                kind=Format.ONNX,
                sha256=artefact_sha256(self.artefact),
                size=self.artefact.stat().st_size,
            )
            models.set_current(connection, model_id, current_id=version_id, previous_id=None)

    @property
    def version(self) -> Version:
        """The version as it is on record."""
        with self.context.writer.transaction() as connection:
            return models.versions(connection, "mnist")[0]

    def load(self) -> str:
        """Load the version as a job does, and return what its process says of its output."""
        with self.process() as process:
            return process.loaded.outputs[0].name.rstrip("_")

    def process(self) -> AbstractContextManager[ModelProcess]:
        """Return a process of its own with the version in it."""
        return loading.fresh(self.context, self.version, "cpu", (), lambda: False)

    def objects(self) -> list[str]:
        """Return the copies that there are."""
        return sorted(path.name for path in self.context.workspace.objects.iterdir())


@pytest.fixture
def bench(workspace: Workspace, writer: Writer, warm_hosts: Hosts) -> Iterator[Bench]:
    """Return a version in a workspace of its own."""
    settings = WorkspaceSettings()
    pool = Pool(settings.limits)
    yield Bench(Context(workspace, writer, settings, warm_hosts, pool, time.time))
    pool.close()


def test_real_processes_load_the_recorded_model_under_a_swapper(bench: Bench) -> None:
    """Whatever is loaded answers as the model that was recorded; the same swapper gets its own model past a naive check."""
    sha256 = bench.version.sha256
    assert sha256 is not None
    loads: list[str] = []
    fooled: list[str] = []
    runtime = runtime_for(Format.ONNX)
    deadline = time.monotonic() + 90
    with swapper(bench.artefact, (model(GOOD), model(EVIL))):
        while len(loads) < LOADS or EVIL not in fooled:
            assert time.monotonic() < deadline, (len(loads), fooled)
            with suppress(JobError):
                loads.append(bench.load())
            if EVIL not in fooled:
                with suppress(JobError, ChangedError, OSError):
                    if artefact_sha256(bench.artefact) == sha256:
                        process = bench.context.hosts.open(
                            bench.artefact, runtime, "cpu", [bench.artefact.parent]
                        )
                        fooled.append(process.loaded.outputs[0].name.rstrip("_"))
                        process.close()
    assert set(loads) == {GOOD}


def test_a_process_may_not_even_read_the_folder_that_may_change(bench: Bench) -> None:
    """What a process is let to is its copy and its data, and not the version's folder."""
    with bench.process() as process:
        granted = [Path(path) for path in process.readable]
    assert bench.version.sha256 in {path.name for path in granted}
    assert not [path for path in granted if path.is_relative_to(bench.context.workspace.models)]


def test_a_copy_stays_while_its_process_lives_and_no_descriptor_is_left(bench: Bench) -> None:
    """A process may open its files late; when it has ended, its copy can go, and nothing of it stays open."""
    objects = Objects(bench.context.workspace.objects)
    bench.load()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with bench.process():
        objects.tidy(set)
        assert bench.objects() == [bench.version.sha256]
    objects.tidy(set)
    assert bench.objects() == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_damaged_copy_is_never_loaded_and_is_made_anew(bench: Bench) -> None:
    """Bit rot in what was kept is noticed at the next load, told, and mended from the version's folder."""
    assert bench.load() == GOOD
    kept = bench.context.workspace.objects / (bench.version.sha256 or "") / "model.onnx"
    kept.chmod(0o600)
    kept.write_bytes(model(EVIL))
    assert bench.load() == GOOD
    assert artefact_sha256(kept) == bench.version.sha256
    with bench.context.writer.transaction() as connection:
        rows = connection.execute("SELECT message FROM events WHERE code = 'copy-mended'").fetchall()
    assert [row[0] for row in rows] == [
        "the kept copy of version 1 was damaged; it was made again from models/mnist/1"
    ]


class Silent:
    """A report to nobody."""

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Tell nobody."""

    def figure(self, figure: Metric) -> None:
        """Take no interest in it."""

    def cancelled(self) -> bool:
        """Return that nobody wants the end."""
        return False


def mend(workspace: Workspace, writer: Writer) -> JobState:
    """Do one repair as a lane of the engine does."""
    with writer.transaction() as connection:
        jobs.add(connection, JobKind.REPAIR, "mnist", 1, requested_by="ann", now=time.time())
        job = jobs.claim(connection, frozenset({JobKind.REPAIR}), now=time.time())
    assert job is not None
    hosts = cast("Any", HostsAtHand())
    context = Context(workspace, writer, WorkspaceSettings(), hosts, cast("Any", None), time.time)
    state = repair.run(context, job, Silent()).state
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
    with killing(f"from tests.faults.test_loaded_bytes import grow; grow({root!r})") as run_and_kill:
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


FULL_DISK = """
import sys, time
from pathlib import Path
from engine.jobs import loading, promote
from engine.jobs.context import Context
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from storage import interrupted, jobs
from storage.database import Writer
from storage.errors import JobError
from storage.records import JobParameters
from storage.settings import WorkspaceSettings
from storage.tables import models
from storage.vocabulary import JobKind
from storage.workspace import Workspace
from tests.faults.test_loaded_bytes import Silent

workspace, scratch = Workspace(Path(sys.argv[1])), Path(sys.argv[2])
writer, settings = Writer(workspace.database), WorkspaceSettings()
hosts, pool = Hosts(scratch=scratch, limits=settings.limits), Pool(settings.limits)
context = Context(workspace, writer, settings, hosts, pool, time.time)

def version():
    with writer.transaction() as connection:
        return models.versions(connection, "mnist")[0]

def load():
    try:
        with loading.borrow(context, version(), "cpu", lambda: False) as process:
            print(process.loaded.outputs[0].name)
    except JobError as error:
        print(error.message)

def deploy():
    with writer.transaction() as connection:
        force = JobParameters(force=True, reason="test")
        jobs.add(connection, JobKind.PROMOTE, "mnist", 1, requested_by="ann", now=time.time(), parameters=force)
        job = jobs.claim(connection, frozenset({JobKind.PROMOTE}), now=time.time())
    print(promote.run(context, job, Silent()).error)
    with writer.transaction() as connection:
        jobs.finish(connection, job.id, "succeeded", now=time.time())

load()
deploy()
print(version().status, workspace.current_link("mnist").is_symlink(), sorted(workspace.objects.iterdir()))
(workspace.objects / "ballast").unlink()
load()
deploy()
print(version().status, workspace.current_link("mnist").is_symlink(), len(list(workspace.objects.iterdir())))
pool.close()
hosts.close()
"""


def test_a_full_disk_fails_a_load_and_refuses_a_promotion_and_harms_nothing(tmp_path: Path) -> None:
    """On a real file system without room both say so in one sentence, the version stays ready; with room both work."""
    workspace = create_workspace(tmp_path / "w")
    writer = Writer(workspace.database)
    made = Bench(
        Context(workspace, writer, WorkspaceSettings(), cast("Any", None), cast("Any", None), time.time)
    )
    grown = onnx_model()
    grown.metadata_props.add(key="k", value="x" * 600_000)
    made.artefact.write_bytes(grown.SerializeToString())
    with writer.transaction() as connection:
        connection.execute(
            "UPDATE versions SET sha256 = ?, bytes = ?",
            (artefact_sha256(made.artefact), made.artefact.stat().st_size),
        )
        connection.execute("UPDATE models SET current_id = NULL")
    writer.close()
    workspace.objects.mkdir()
    script = (
        f"mount -t tmpfs -o size=1m none {workspace.objects} && head -c 700000 /dev/zero > {workspace.objects}/ballast && "
        f'exec {sys.executable} -P -c "$0" {workspace.root} {tmp_path}/scratch'
    )
    found = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script, FULL_DISK],
        env={**os.environ, "PYTHONPATH": PROJECT},
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in found.stderr and "Operation not permitted" in found.stderr:
        pytest.skip("this system allows no user namespaces, so no small disk can be made without root")
    assert found.returncode == 0, found.stderr
    full, refused, state, loaded, promoted, after = found.stdout.splitlines()
    assert full == (
        "mnist@1 cannot be loaded: the copy to load it from cannot be kept (No space left on device)."
    )
    assert refused == (
        "No copy of models/mnist/1 can be kept, and without one it could not be restored: No space left on device."
    )
    assert (state.split()[:2], state.count("ballast"), state.count("Path")) == (["ready", "False"], 1, 1)
    assert loaded == GOOD
    assert promoted == ""
    assert after == "ready True 1"
