"""What looks into strangers' files may be ended by them, and nothing else is: not the engine, not a neighbour."""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import psutil
import pytest

from engine import examiner as examiner_module
from engine.examiner import Examiner, Round
from engine.processes import wire
from engine.processes.client import Hosts, ModelProcessError
from engine.processes.examiner_process import ExaminerProcess, Suspect
from engine.processes.lockdown import probe
from engine.processes.protocol import Told
from engine.repository.examine import Examined
from engine.repository.scanner import read_item
from storage import launch
from storage.database import Reader, Writer
from storage.settings import LimitSettings
from storage.tables import inbox, quarantine
from storage.vocabulary import Custody, Format, Status
from storage.workspace import Workspace
from tests.handmade_models import onnx_bytes, save_onnx, save_onnx_with_weights
from tests.watched import ANSWER_S, Awaited, Watched

PLANTED = Path(__file__).parent / "planted"

HURRIED = (Round(64, 2.0), Round(1, 2.0), Round(1, 3.0))
"""Deadlines that a test can wait for, and that an honest file keeps on a busy machine."""


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Return hosts whose examiners do what a file says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(PLANTED))
        held = Hosts(scratch=tmp_path_factory.mktemp("scratch"), limits=LimitSettings(memory_gib=0.25))
        held.warm("examiner")
        yield held
        held.close()


@pytest.fixture
def examiner(workspace: Workspace, hosts: Hosts) -> Iterator[Examiner]:
    """Return an examiner of the workspace."""
    held = Examiner(hosts.open_examiner, (workspace.train, workspace.models), idle_s=60)
    held.start()
    yield held
    held.stop()


@pytest.fixture
def watched(workspace: Workspace, writer: Writer, examiner: Examiner) -> Watched:
    """Return a workspace that is watched with that examiner."""
    return Watched(workspace, writer, Awaited(examiner))


def suspect(file: Path) -> Suspect:
    """Return a file as something that may be a model."""
    return Suspect(file.parent, read_item(file.parent, file.name), frozenset({file.name}))


def until(true: Callable[[], bool]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + ANSWER_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


FORGED = wire.frame(Told((Examined("m", ("m", "../../../etc/passwd"), Format.ONNX),)))

ENDINGS = {
    "crash": (b"do crash", "a.onnx cannot be examined: the examiner crashed while it looked at it (SIGSEGV)"),
    "exit": (
        b"do exit",
        "a.onnx cannot be examined: the examiner process exited with status 0 while it looked at it, without an answer",
    ),
    "devour": (b"do devour", "a.onnx needs more memory to be examined than any model does (MemoryError)"),
    "speak": (
        b"do speak\n" + FORGED,
        "a.onnx cannot be examined: the examiner process answered nonsense while it looked at it (a file of another folder); its answer was dropped",
    ),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_what_ends_the_examiner_is_quarantined_and_its_neighbours_are_taken(
    watched: Watched, name: str
) -> None:
    """A file or version that ends the examiner has its reason; those before and behind it become versions."""
    content, reason = ENDINGS[name]
    inbox = watched.workspace.train / "mnist"
    for file in ("0.onnx", "b.onnx"):
        save_onnx(inbox / file, file)
    (inbox / "a.onnx").write_bytes(content)
    folder = watched.workspace.version_folder("mnist", 7)
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(content)
    watched.put_version("mnist", 8)
    watched.settle()
    with watched.writer.transaction() as connection:
        (kept,) = quarantine.read(connection)
    assert (kept.name, kept.reason, kept.state) == ("a.onnx", reason, Custody.KEPT)
    assert not (inbox / "a.onnx").exists()
    versions = watched.versions("mnist")
    assert versions.pop(7).status is Status.QUARANTINED
    assert {number: version.status for number, version in versions.items()} == dict.fromkeys(
        (8, 9, 10), Status.CHECKING
    )


def planted(file: Path) -> None:
    """Write a file that nothing ever comes back from."""
    file.write_bytes(b"do hang")


def costly(file: Path) -> None:
    """Write a real archive of a hundred kilobytes that takes a minute to look into: pickles inside an archive."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(60):
            archive.writestr(f"{number}.pkl", b"N" * 1_000_000)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("m/archive_format", "pt2")
        archive.writestr("m/models/model.json", "{}")
        archive.writestr("m/data/weights/w", inner.getvalue())


@pytest.mark.parametrize("write", [planted, costly])
def test_what_hangs_is_given_up_and_keeps_nobody_waiting(
    workspace: Workspace, examiner: Examiner, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]
) -> None:
    """A file that is never answered about is quarantined; a neighbour in the same question is told long before."""
    monkeypatch.setattr(examiner_module, "ROUNDS", HURRIED)
    inbox = workspace.train / "mnist"
    save_onnx(inbox / "b.onnx")
    write(inbox / "a.onnx")
    hanging = examiner.submit(suspect(inbox / "a.onnx"))
    neighbour = examiner.submit(suspect(inbox / "b.onnx"))
    assert neighbour.result(ANSWER_S).format is Format.ONNX
    assert not hanging.done()
    assert hanging.result(ANSWER_S) == Examined(
        reason="a.onnx cannot be examined: the examiner did not answer within 3 s while it looked at it; it was stopped",
        refused=True,
    )


def test_what_takes_long_makes_room_for_what_is_new(
    workspace: Workspace,
    examiner: Examiner,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """While a file is given its last chance, another one is told at once, and the chance is given again."""
    monkeypatch.setattr(examiner_module, "ROUNDS", (Round(64, 0.2), Round(1, 0.2), Round(1, 8.0)))
    inbox = workspace.train / "mnist"
    inbox.mkdir()
    planted(inbox / "a.onnx")
    (inbox / "b.txt").write_text("text")
    hanging = examiner.submit(suspect(inbox / "a.onnx"))
    until(lambda: caplog.text.count("an examiner ended") == 2)
    assert "text file" in examiner.submit(suspect(inbox / "b.txt")).result(ANSWER_S).reason
    assert not hanging.done()
    assert hanging.result(ANSWER_S).refused


def test_a_pass_waits_for_no_answer(workspace: Workspace, writer: Writer, examiner: Examiner) -> None:
    """While one file is not answered about, passes end, other models are taken, and its row says what is awaited."""
    watched = Watched(workspace, writer, examiner)
    woken: list[bool] = []
    watched.repository.when_known(lambda: woken.append(True))
    inbox = workspace.train / "evil"
    inbox.mkdir()
    (inbox / "a.onnx").write_bytes(b"do hang")
    began = time.monotonic()
    for _ in range(4):
        watched.scan(0.4)
    assert time.monotonic() - began < 20, "no pass may wait for a deadline"
    until(lambda: bool(watched.scan(0.4)) and "a.onnx" in watched.arrivals())
    assert watched.arrivals()["a.onnx"].reason == "is being examined"
    save_onnx(workspace.train / "good" / "b.onnx")
    until(lambda: bool(watched.scan(0.4)) and any(job.model == "good" for job in watched.jobs()))
    assert watched.version("good", 1).status is Status.CHECKING


class Later(Awaited):
    """Answers nothing about one file until it is told to."""

    def __init__(self, examiner: Examiner, name: str) -> None:
        super().__init__(examiner)
        self.name = name
        self.held: Future[Examined] = Future()
        self.asked: Suspect | None = None

    def submit(self, suspect: Suspect) -> "Future[Examined]":
        """Return what ``suspect`` is, or keep it back."""
        if suspect.item.name != self.name:
            return super().submit(suspect)
        self.asked = suspect
        return self.held


def test_what_may_belong_to_a_model_is_not_turned_down_before_it(
    workspace: Workspace, writer: Writer, examiner: Examiner
) -> None:
    """Weights are decided about with their model, also where the answer about the model comes last."""
    later = Later(examiner, "model.onnx")
    watched = Watched(workspace, writer, later)
    save_onnx_with_weights(workspace.train / "mnist" / "model.onnx")
    for _ in range(4):
        watched.scan(0.4)
    assert "weights.bin" not in watched.arrivals()
    assert later.asked is not None
    later.held.set_result(examiner.submit(later.asked).result(ANSWER_S))
    watched.settle()
    assert watched.version("mnist", 1).status is Status.CHECKING
    assert watched.arrivals() == {}
    assert not [message for message in watched.messages() if "no new version" in message]


def test_a_killed_examiner_comes_back(watched: Watched, examiner: Examiner) -> None:
    """An examiner that somebody kills costs nobody anything."""
    save_onnx(watched.workspace.train / "mnist" / "a.onnx", "a")
    watched.settle()
    for number in range(2):
        assert examiner.process is not None
        os.kill(examiner.process.pid, signal.SIGKILL)
        save_onnx(watched.workspace.train / "mnist" / f"{number}.onnx", str(number))
        watched.settle()
    assert {version.status for version in watched.versions("mnist").values()} == {Status.CHECKING}
    assert len(watched.versions("mnist")) == 3


def test_folders_that_were_replaced_are_seen(watched: Watched) -> None:
    """The walls stand around a folder and not around its path: a new folder of the same name gets a new process."""
    save_onnx(watched.workspace.train / "mnist" / "a.onnx", "a")
    watched.settle()
    shutil.rmtree(watched.workspace.train)
    save_onnx(watched.workspace.train / "mnist" / "b.onnx", "b")
    watched.settle()
    assert watched.version("mnist", 2).source == "train/mnist/b.onnx"


def test_the_examiner_sees_the_two_folders_alone(
    workspace: Workspace, hosts: Hosts, tmp_path: Path, examiner: Examiner
) -> None:
    """It stands behind every wall that this machine offers, and what lies beside the folders is out of reach."""
    outside = save_onnx(tmp_path / "outside" / "a.onnx")
    inside = save_onnx(workspace.train / "mnist" / "a.onnx")
    assert examiner.submit(suspect(inside)).result(ANSWER_S).format is Format.ONNX
    assert examiner.submit(suspect(outside)).result(ANSWER_S).reason == (
        "a.onnx cannot be read (Permission denied)"
    )
    assert examiner.process is not None
    assert examiner.process.layers == probe().layers
    assert not os.listdir(examiner.process.scratch)  # noqa: PTH208 - it wrote nothing


def test_the_examiner_holds_no_framework_and_no_numerical_library(hosts: Hosts, workspace: Workspace) -> None:
    """It holds what looks into bytes, and nothing that is worth taking over."""
    process = hosts.open_examiner([workspace.train])
    maps = Path(f"/proc/{process.pid}/maps").read_text()
    process.close()
    assert "python" in maps
    assert not [name for name in ("numpy", "scipy", "tensorflow", "torch", "onnx", "pyarrow") if name in maps]


def test_nothing_leaks_over_many_files(workspace: Workspace, examiner: Examiner) -> None:
    """After 500 files neither side holds more descriptors or noticeably more memory than after 100."""
    ours = psutil.Process()
    files = [save_onnx(workspace.train / "mnist" / f"{number}.onnx", str(number)) for number in range(50)]

    def held() -> tuple[int, int, int]:
        for file in files:
            assert examiner.submit(suspect(file)).result(ANSWER_S).format is Format.ONNX
        assert examiner.process is not None
        theirs = psutil.Process(examiner.process.pid)
        return ours.num_fds(), theirs.num_fds(), theirs.memory_info().rss

    held()
    before = held()
    pid = examiner.process.pid if examiner.process else None
    for _ in range(8):
        after = held()
    assert examiner.process is not None
    assert examiner.process.pid == pid
    assert after[:2] == before[:2]
    assert after[2] - before[2] < 4 * 1024 * 1024


def test_a_real_file_that_bloats_is_quarantined(tmp_path: Path, workspace: Workspace) -> None:
    """A configuration of a few megabytes that decodes to a hundred times as much ends at the limit, in words."""
    file = workspace.train / "mnist" / "a.keras"
    file.parent.mkdir()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr(
            "config.json", '{"class_name":"Sequential","config":[' + '{"a":{}},' * 600_000 + "0]}"
        )
        archive.writestr("model.weights.h5", b"")
    limited = Hosts(scratch=tmp_path / "scratch", limits=LimitSettings(memory_gib=0.06))
    process = limited.open_examiner([workspace.train])
    [found] = process.examine([suspect(file)], deadline_s=ANSWER_S)
    assert found.refused
    assert found.reason == "a.keras needs more memory to be examined than any model does (MemoryError)"
    assert process.alive
    limited.close()


def test_a_name_that_is_no_text_gets_its_reason(watched: Watched) -> None:
    """Names are bytes, and those of strangers are not always text."""
    inbox = watched.workspace.train / "mnist"
    inbox.mkdir()
    Path(os.fsdecode(os.fsencode(inbox) + b"/\xff.onnx")).write_bytes(onnx_bytes())
    watched.settle()
    [arrival] = watched.arrivals().values()
    assert "has characters in its name that cannot be shown" in arrival.reason


def test_an_examiner_that_does_not_start_is_told_and_tried_again(
    workspace: Workspace, writer: Writer, hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an examiner files wait, the log says why, and they are taken when there is one."""
    monkeypatch.setattr(examiner_module, "FIRST_RETRY_S", 0.05)
    monkeypatch.setattr(examiner_module, "LAST_RETRY_S", 0.1)
    broken = True

    def open_(folders: tuple[Path, ...]) -> ExaminerProcess:
        if broken:
            raise ModelProcessError("No folder for a process can be made.")
        return hosts.open_examiner(folders)

    held = Examiner(open_, (workspace.train, workspace.models), idle_s=60)
    watched = Watched(workspace, writer, held)
    save_onnx(workspace.train / "mnist" / "a.onnx")
    held.start()
    until(lambda: bool(watched.scan(0.4)) and "examiner" in {event.code for event in watched.events()})
    assert [event.message for event in watched.events() if event.code == "examiner"] == [
        "New files cannot be examined, which is tried again: No folder for a process can be made."
    ]
    broken = False
    until(lambda: bool(watched.scan(0.4)) and bool(watched.jobs()))
    held.stop()


LOOK = """
import sys
from pathlib import Path
from engine.runtimes import recognise
recognise(Path(sys.argv[1]))
"""


def test_the_engine_itself_looks_into_nothing(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files and versions are turned down by an engine whose own process never looked into one of them."""
    note = tmp_path / "looked"
    monkeypatch.setenv("PYTHONPATH", str(PLANTED))
    monkeypatch.setenv("MODELTENDER_TEST_LOOKED", str(note))
    for name, content in {"a.onnx": b"do crash", "b.onnx": b"text", "c.keras": b"PK\x03\x04"}.items():
        (workspace.train / "mnist").mkdir(exist_ok=True)
        (workspace.train / "mnist" / name).write_bytes(content)
        folder = workspace.version_folder("mnist", len(name))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model").write_bytes(content)
    launch.start(workspace)
    try:
        held = Reader(workspace.database)
        until(lambda: {"a.onnx", "b.onnx", "c.keras"} <= turned_down(held))
        held.close()
    finally:
        launch.stop(workspace)
    assert not note.exists(), note.read_text()
    subprocess.run(
        [sys.executable, "-P", "-c", LOOK, workspace.train / "mnist" / "b.onnx"], check=True, timeout=60
    )
    assert "b.onnx" in note.read_text(), "a process that does look must be noticed"


def turned_down(held: Reader) -> set[str]:
    """Return the names of what the engine has decided not to take."""
    with held.transaction() as connection:
        kept = {entry.name for entry in quarantine.read(connection)}
        return kept | {
            arrival.name
            for arrival in inbox.read(connection)
            if arrival.status in {Status.UNSUPPORTED, Status.FAILED}
        }
