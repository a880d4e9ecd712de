"""What is loaded is what was recorded, whatever happens to the files meanwhile: somebody swaps them in a loop, or damages copies."""

import hashlib
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from engine.jobs.context import Context
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from engine.repository.integrity import ChangedError
from engine.repository.objects import Objects
from engine.runtimes import runtime_for
from storage.database import Writer
from storage.errors import JobError
from storage.settings import WorkspaceSettings
from storage.vocabulary import Format
from storage.workspace import Workspace
from tests.artefacts import artefact_sha256, keep_known
from tests.faults.loading_bench import EVIL, GOOD, Bench, model
from tests.handmade_models import onnx_bytes

ROUNDS = 300

FIRST_LOADS = 60
"""Rounds in which each copy is made anew, which takes the disk's time."""

LOADS = 30
"""Loads by real processes: some 50 ms each."""

SEED = 20261126


@contextmanager
def swapper(file: Path, contents: tuple[bytes, bytes]) -> Iterator[Callable[[], None]]:
    """Replace and overwrite a file by the one and the other content without end; yield what waits until it is done again."""
    over, swapped = threading.Event(), threading.Event()
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
            swapped.set()
            # Mostly the recorded content lies there: both outcomes must be frequent.
            over.wait(chance.random() * (0.002 if turn % 2 else 0.006))

    def again() -> None:
        swapped.clear()
        assert swapped.wait(60)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield again
    finally:
        over.set()
        thread.join()


def naive(artefact: Path, sha256: str, meanwhile: Callable[[], None]) -> bytes | None:
    """Hash a path and open it again, when something has happened meanwhile: what this project did before, and many do."""
    if artefact_sha256(artefact) != sha256:
        return None
    meanwhile()
    return artefact.read_bytes()


def careful(objects: Objects, artefact: Path, sha256: str) -> bytes:
    """Read what the engine would give to a process."""
    with keep_known(objects, artefact, sha256) as kept:
        return kept.artefact.read_bytes()


@pytest.mark.parametrize("fresh", [True, False], ids=["first load", "later load"])
def test_a_swapper_catches_whoever_opens_twice_and_never_a_kept_copy(tmp_path: Path, *, fresh: bool) -> None:
    """Hundreds of rounds against the same swapper: ours never delivers other bytes than it has checked, the naive way soon."""
    # As large as it takes for somebody to come in between.
    contents = (onnx_bytes("g" * 100_000), onnx_bytes("e" * 100_000))
    artefact = tmp_path / "model.onnx"
    artefact.write_bytes(contents[0])
    sha256 = hashlib.sha256(contents[0]).hexdigest()
    objects = Objects(tmp_path / "objects")
    delivered, rounds, caught = 0, 0, False
    with swapper(artefact, contents) as again:
        deadline = time.monotonic() + 90
        # A busy machine may need more rounds until the naive way is caught, and until ours comes to something.
        while rounds < (FIRST_LOADS if fresh else ROUNDS) or not caught or not delivered:
            rounds += 1
            assert time.monotonic() < deadline, (rounds, delivered, caught)
            with suppress(ChangedError, OSError):
                theirs = None if caught else naive(artefact, sha256, again)
                caught = caught or (theirs is not None and hashlib.sha256(theirs).hexdigest() != sha256)
            if fresh:
                shutil.rmtree(objects.folder, ignore_errors=True)
            with suppress(ChangedError, OSError):
                ours = careful(objects, artefact, sha256)
                delivered += 1
                assert hashlib.sha256(ours).hexdigest() == sha256


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
