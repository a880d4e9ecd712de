"""The machine starts no more processes or threads, or opens no more files: models are not to blame, and the engine lives on."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from engine.jobs.loading_record import OF_THE_MACHINE
from engine.processes import room
from engine.processes.client import ModelProcessError
from engine.repository import observer as observing
from engine.repository.integrity import digest
from engine.repository.objects import Objects
from engine.repository.observer import Observer
from engine.repository.scanner import read_item
from storage import jobs
from storage.database import Reader
from storage.tables import events, faults, models
from storage.vocabulary import ExitCode, JobKind, JobState, Status
from storage.workspace import Workspace, create_workspace, engine_pid
from tests.digits_engine import MODEL
from tests.faults.test_kill_engine import wait
from tests.faults.test_model_processes import eventually, open_files
from tests.faults.test_watching import Ears, ears, observer
from tests.hostile.workbench import MODULES, Bench, bench, runtime
from tests.shortage import no_more_files
from tests.users import OWNER, as_user, needs_root

__all__ = ["bench", "ears", "observer"]

ENOUGH = 20
"""Files that starting a host and a process takes at most."""


def crowded(processes: int) -> Callable[[], int]:
    """Return what tells whether it is crowded for a user who may have so many processes and threads."""

    def act() -> int:
        resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
        return int(room.is_crowded())

    return act


@needs_root
def test_it_is_crowded_where_the_system_starts_no_more_threads() -> None:
    """It is tried, whatever the limit is called; the threads that it is tried with are gone afterwards."""
    assert as_user(OWNER, crowded(4)).status == 1
    assert as_user(OWNER, crowded(4000)).status == 0


AS_OWNER = (
    "setpriv",
    *("--reuid", str(OWNER), "--regid", str(OWNER), "--clear-groups"),
    # The interpreter may lie where only root may read.
    *("--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"),
)
"""What a program is started with to have limits on processes, which root has not."""


@pytest.fixture
def owned() -> Iterator[Workspace]:
    """Return a workspace of the owner's, where that user may go."""
    root = Path(tempfile.mkdtemp(prefix="modeltender-owned-"))
    try:
        workspace = create_workspace(root)
        for place in (root, *root.rglob("*")):
            os.chown(place, OWNER, OWNER)
        yield workspace
    finally:
        shutil.rmtree(root)


@needs_root
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv of util-linux is not installed")
@pytest.mark.parametrize("processes", [5, 8, 12])
def test_an_engine_that_cannot_start_its_threads_is_not_said_to_run(owned: Workspace, processes: int) -> None:
    """However many it could start before: whoever starts it is told that it ended, and by what."""
    limited = ("prlimit", f"--nproc={processes}", sys.executable, "-P", "-m", "tui")
    told = subprocess.run(
        [*AS_OWNER, *limited, "--workspace", str(owned.root), "engine", "start"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == ExitCode.UNREACHABLE, told.stdout
    assert "ended with status 3: No more processes or threads may be started here." in told.stderr
    assert "ulimit -u" in told.stderr
    assert engine_pid(owned) is None


@pytest.mark.parametrize("loader", ["aborting", "exits_badly", "script"])
def test_what_fails_where_it_is_crowded_is_not_blamed_on_the_model(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, loader: str
) -> None:
    """One that crashes, ends, or says that it does not work fails by the machine; with room, by itself."""
    bench.artefact.write_text("raise ValueError('no')")
    with monkeypatch.context() as patch:
        patch.setattr(room, "is_crowded", lambda: True)
        with pytest.raises(ModelProcessError) as caught:
            bench.open(loader)
    assert caught.value.code in OF_THE_MACHINE
    assert caught.value.message == (
        "The model failed while it was loaded: no more processes or threads may be started here."
    )
    assert "ulimit -u" in caught.value.hint
    with pytest.raises(ModelProcessError) as caught:
        bench.open(loader)
    assert caught.value.code not in OF_THE_MACHINE


def test_a_framework_that_is_not_imported_where_it_is_crowded_is_not_blamed_either(
    tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Libraries end their process while they are imported, or raise what they like, where they get no threads."""
    (tmp_path / "ending_framework.py").write_text("import os; os.abort()")
    (tmp_path / "raising_framework.py").write_text("raise RuntimeError('no threads')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{MODULES}")
    monkeypatch.setattr(room, "is_crowded", lambda: True)
    for framework in ("ending_framework", "raising_framework"):
        spec = msgspec.structs.replace(runtime("good"), framework=framework)
        with pytest.raises(ModelProcessError) as caught:
            bench.hosts.open(bench.artefact, spec, "cpu", [])
        assert caught.value.code in OF_THE_MACHINE
        assert caught.value.message == (
            f"The {framework} host failed: no more processes or threads may be started here."
        )


def test_whichever_file_cannot_be_opened_while_a_process_is_started_the_model_is_not_to_blame(
    bench: Bench,
) -> None:
    """The first, the second, or the n-th: a sentence, nothing left behind, and with room it works."""
    bench.open().close()
    before, failures = open_files(), list[ModelProcessError]()
    for left in range(ENOUGH):
        with no_more_files(left):
            try:
                bench.open().close()
            except ModelProcessError as error:
                failures.append(error)
    assert 0 < len(failures) < ENOUGH
    assert [error.message for error in failures if error.code not in OF_THE_MACHINE] == []
    assert all(error.hint for error in failures)
    bench.open().close()
    assert eventually(lambda: open_files() <= before)


def test_what_cannot_be_read_for_want_of_files_is_not_taken_for_something_else(
    workspace: Workspace, tmp_path: Path
) -> None:
    """A folder is not called unreadable, nor a copy unsound: the look fails, and is repeated."""
    folder = tmp_path / "3"
    folder.mkdir()
    artefact = folder / "model.onnx"
    artefact.write_bytes(b"content")
    content = digest(folder, [artefact.name])
    objects = Objects(workspace.objects)
    objects.keep(artefact, (), content.sha256).close()
    with no_more_files():
        with pytest.raises(OSError, match="Too many open files"):
            read_item(tmp_path, "3")
        with pytest.raises(OSError, match="Too many open files"):
            objects.keep(artefact, (), content.sha256)
    with no_more_files(1), pytest.raises(OSError, match="Too many open files"):
        # The copy itself is held, and the file in it cannot be opened.
        objects.keep(artefact, (), content.sha256)
    with objects.keep(artefact, (), content.sha256) as kept:
        assert not kept.mended


def test_without_descriptors_nothing_is_concluded_about_watches(
    observer: Observer, ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel's list of watches cannot be read: the observer goes on, waits for events as before, and asks again."""
    refused = threading.Event()
    watched_inodes = observing._watched_inodes

    def asked() -> set[int]:
        try:
            return watched_inodes()
        except OSError:
            refused.set()
            raise

    monkeypatch.setattr(observing, "_watched_inodes", asked)
    with no_more_files():
        observer.stir()
        assert refused.wait(60)
    ears.rest(0.3)
    assert observer.polling == ""
    observer.stir()
    assert ears.hears()


def is_deployed(reader: Reader) -> bool:
    """Whether the model of the engine has a version that is deployed."""
    with reader.transaction() as connection:
        model = models.read_one(connection, MODEL)
    return model is not None and model.current is not None


def test_an_engine_that_may_open_no_more_files_lives_on_and_recovers_by_itself(
    digits_engine: Workspace,
) -> None:
    """Its jobs fail with a sentence, nothing is held against what is deployed, and with room the same engine works on."""
    pid = engine_pid(digits_engine)
    assert pid
    # A check of what is not deployed needs no file.
    digits_engine.current_link(MODEL).symlink_to("1")
    reader = Reader(digits_engine.database)
    assert eventually(lambda: is_deployed(reader))
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, hard))
    for kind in (JobKind.EVALUATE, JobKind.CHECK):
        failed = wait(digits_engine, jobs.submit(digits_engine, kind, MODEL, 1, requested_by="ann").id)
        assert failed.state is JobState.FAILED
        assert failed.code != "internal"
        assert "No more files may be opened" in failed.error or "Too many open files" in failed.error
    # The main loop and the thread that watches the folders have met it, too.
    log = digits_engine.log
    assert eventually(lambda: "what the engine knows of itself could not be written" in log.read_text())
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
    worked = wait(
        digits_engine, jobs.submit(digits_engine, JobKind.EVALUATE, MODEL, 1, requested_by="ann").id
    )
    assert worked.state is JobState.SUCCEEDED
    assert engine_pid(digits_engine) == pid
    with reader.transaction() as connection:
        assert [version.status for version in models.versions(connection, MODEL)] == [Status.READY]
        assert {event.code for event in events.read(connection, limit=100)} & {"load-failed", "gone"} == set()
        assert faults.all_open(connection, MODEL) == []
    reader.close()
