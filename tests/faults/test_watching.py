"""What the watching survives: bursts, folders that go and come, and a system without watches or events."""

import ctypes
import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from watchdog.observers import inotify_c

from engine.repository import observer as observing
from engine.repository.observer import Observer
from storage.workspace import Workspace
from tests.handmade_models import save_onnx
from tests.name_spaces import ALONE, python
from tests.watched import Watched


class Ears:
    """Everything that an observer tells."""

    def __init__(self) -> None:
        self.woken = threading.Event()
        self.wakes = 0
        self.renamed: list[Path] = []
        self.notices: list[tuple[str, str]] = []

    def wake(self) -> None:
        """Hear that something may be new."""
        self.wakes += 1
        self.woken.set()

    def notice(self, code: str, message: str) -> None:
        """Hear what people should read."""
        self.notices.append((code, message))

    def hears(self, seconds: float = 30.0) -> bool:
        """Return whether a wake-up comes within some seconds, and forget it."""
        heard = self.woken.wait(seconds)
        self.woken.clear()
        return heard

    def rest(self, seconds: float = 0.15) -> None:
        """Wait until nothing more is heard, and forget what was."""
        while self.hears(seconds):
            pass


@pytest.fixture
def ears() -> Ears:
    """Return somebody who listens."""
    return Ears()


@pytest.fixture
def observer(workspace: Workspace, ears: Ears, monkeypatch: pytest.MonkeyPatch) -> Iterator[Observer]:
    """Return a running observer of an empty workspace that checks its folders ten times a second."""
    monkeypatch.setattr(observing, "CHECK_S", 0.1)
    monkeypatch.setattr(observing, "COVERAGE_S", 0.0)
    watching = Observer(workspace, ears.wake, renamed=ears.renamed.append, notice=ears.notice)
    watching.start()
    ears.rest(0.3)
    yield watching
    watching.stop()


def until(true: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Return whether something becomes true within some seconds."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_the_start_wakes(workspace: Workspace, ears: Ears) -> None:
    """What came before the first watch is not missed."""
    watching = Observer(workspace, ears.wake, renamed=ears.renamed.append, notice=ears.notice)
    watching.start()
    assert ears.hears()
    watching.stop()


@pytest.mark.usefixtures("observer")
def test_every_kind_of_arrival_wakes(workspace: Workspace, ears: Ears) -> None:
    """A new file, its end, a new folder and what is in it, a removal, and new test data: each is heard."""
    inbox = workspace.train / "mnist"
    version = workspace.models / "mnist" / "1"
    file = inbox / "a.onnx"
    steps: list[Callable[[], object]] = [
        inbox.mkdir,
        lambda: file.write_bytes(b"x"),
        lambda: file.write_bytes(b"overwritten"),
        file.unlink,
        lambda: version.mkdir(parents=True),
        lambda: (version / "model.onnx").write_bytes(b"x"),
        lambda: (workspace.models / "mnist" / "current").symlink_to("1"),
        (workspace.test / "mnist").mkdir,
        lambda: shutil.rmtree(workspace.models / "mnist"),
    ]
    for number, step in enumerate(steps):
        step()
        assert ears.hears(), f"step {number} was not heard"
        ears.rest()


@pytest.mark.usefixtures("observer")
def test_looking_and_reading_wake_nobody(workspace: Workspace, ears: Ears) -> None:
    """A pass over the folders does not cause the next one."""
    file = save_onnx(workspace.train / "mnist" / "a.onnx")
    ears.rest(0.3)
    for _ in range(5):
        list(os.walk(workspace.root))
        file.read_bytes()
    assert not ears.hears(0.4)


@pytest.mark.usefixtures("observer")
@pytest.mark.parametrize("source", ["train/mnist/.a.onnx.tmp", "elsewhere"])
def test_a_rename_into_place_is_told_with_its_path(workspace: Workspace, ears: Ears, source: str) -> None:
    """A file that is renamed within the inbox, or into it, is complete, and the repository hears of it."""
    (workspace.train / "mnist").mkdir()
    ears.rest()
    (workspace.root / source).write_bytes(b"x")
    (workspace.root / source).rename(workspace.train / "mnist" / "a.onnx")
    assert until(lambda: ears.renamed == [workspace.train / "mnist" / "a.onnx"])
    assert ears.hears()


@pytest.mark.usefixtures("observer")
def test_a_growing_file_wakes_at_its_end_and_not_at_every_write(workspace: Workspace, ears: Ears) -> None:
    """A long copy does not keep the engine busy."""
    (workspace.train / "mnist").mkdir()
    ears.rest()
    before = ears.wakes
    with (workspace.train / "mnist" / "large.onnx").open("wb", buffering=0) as stream:
        for _ in range(200):
            stream.write(b"x" * 1000)
            time.sleep(0.001)
    ears.rest()
    assert 1 <= ears.wakes - before <= 4


@pytest.mark.usefixtures("observer")
def test_a_folder_that_is_replaced_fifty_times_is_watched_again(workspace: Workspace, ears: Ears) -> None:
    """Moved away, made anew, moved back, linked elsewhere: what has the name is what is watched."""
    other = workspace.root / "other"
    for _ in range(50):
        workspace.train.rename(other)
        workspace.train.mkdir()
        workspace.train.rmdir()
        other.rename(workspace.train)
    workspace.train.rename(other)
    ears.rest(0.5)
    workspace.train.mkdir()
    assert ears.hears(), "its return is heard"
    ears.rest(0.5)
    save_onnx(workspace.train / "mnist" / "a.onnx")
    assert ears.hears(), "what arrives in the new folder is heard"
    ears.rest(0.5)
    save_onnx(other / "mnist" / "b.onnx")
    assert not ears.hears(0.3), "what arrives in the old one is not"
    workspace.train.rename(workspace.root / "third")
    workspace.train.symlink_to(other)
    ears.rest(0.5)
    save_onnx(workspace.train / "mnist" / "c.onnx")
    assert ears.hears(), "a folder behind a link is watched, too"


LARGEST_QUEUE = 50_000
"""Events; the burst makes at least 80 000."""


def stall_reading(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Keep the thread that reads the kernel's events busy, as a loaded machine does, until the event is set."""
    over = threading.Event()
    handle = inotify_c.InotifyFD.handle_event

    def late(reader: inotify_c.InotifyFD, event: inotify_c.InotifyEvent) -> None:
        over.wait()
        handle(reader, event)

    monkeypatch.setattr(inotify_c.InotifyFD, "handle_event", late)
    return over


BURST = """
import sys
from pathlib import Path
folder = Path(sys.argv[1])
for number in range(20_000):
    (folder / f"{number}.log").touch()
"""


def test_a_burst_of_forty_thousand_files_loses_no_model(
    watched: Watched, ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events get lost, that is told and counted, and every model among the files becomes a version."""
    if int(Path("/proc/sys/fs/inotify/max_queued_events").read_text()) > LARGEST_QUEUE:
        pytest.skip("this kernel queues more events than this burst makes")
    monkeypatch.setattr(observing, "CHECK_S", 0.1)
    busy = stall_reading(monkeypatch)
    workspace = watched.workspace
    inbox = workspace.train / "mnist"
    inbox.mkdir()
    watching = Observer(workspace, ears.wake, renamed=ears.renamed.append, notice=watched.repository.notice)
    watching.start()
    writers = [
        subprocess.Popen([sys.executable, "-c", BURST, str(folder)])
        for folder in (workspace.test, workspace.train)
    ]
    for number in range(20):
        save_onnx(inbox / f"model{number}.onnx", str(number))
    assert [writer.wait() for writer in writers] == [0, 0]
    busy.set()
    assert until(lambda: watching.overflows > 0), "the kernel's queue is expected to overflow"
    assert ears.hears()
    watching.stop()
    watched.settle()
    assert len(watched.versions("mnist")) == 20
    assert len(watched.messages()) < 50, "neither the burst nor its junk may bury the log"
    assert (
        "too many files changed at once and events were lost; all folders were listed again"
        in watched.messages()
    )


def test_an_overflow_of_the_kernel_s_queue_is_heard(observer: Observer, ears: Ears) -> None:
    """The kernel's own word for lost events becomes a wake-up, a notice and a count."""
    inner = observer._observer
    assert inner is not None
    reader = inner._inotify_fd  # type: ignore[attr-defined]
    lost = inotify_c.InotifyConstants.IN_Q_OVERFLOW
    reader.handle_event(inotify_c.InotifyEvent(inotify_c.WatchDescriptor(-1), lost, 0, b""))
    assert ears.hears()
    assert observer.overflows == 1
    assert [code for code, _ in ears.notices] == ["events-lost"]


def refuse_watches(monkeypatch: pytest.MonkeyPatch, *, after: int) -> None:
    """Let the kernel grant only so many more watches."""
    granted = 0
    add_watch = inotify_c.inotify_add_watch

    def limited(descriptor: int, path: bytes, mask: int) -> int:
        nonlocal granted
        granted += 1
        if granted > after:
            ctypes.set_errno(errno.ENOSPC)
            return -1
        return add_watch(descriptor, path, mask)

    monkeypatch.setattr(inotify_c, "inotify_add_watch", limited)


@pytest.mark.parametrize("after", [0, 1, 2, 4])
def test_without_watches_the_folders_are_listed_every_second(
    workspace: Workspace, ears: Ears, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Whether the first watch is refused or one for a folder deep below: people are told, and nothing is missed."""
    monkeypatch.setattr(observing, "CHECK_S", 0.05)
    monkeypatch.setattr(observing, "POLL_S", 0.05)
    monkeypatch.setattr(observing, "COVERAGE_S", 0.0)
    for number in range(5):
        workspace.version_folder("mnist", number + 1).mkdir(parents=True)
    refuse_watches(monkeypatch, after=after)
    watching = Observer(workspace, ears.wake, renamed=ears.renamed.append, notice=ears.notice)
    watching.start()
    assert until(lambda: bool(watching.polling))
    assert len(ears.notices) == 1
    assert ears.notices[0][1].startswith("the folders are listed every second: ")
    for _ in range(3):
        assert ears.hears()
    watching.stop()


SCARCE = """
import sys, time
from pathlib import Path
from engine.repository import observer
from storage.workspace import Workspace

Path("/proc/sys/user/max_inotify_watches").write_text("4")
observer.CHECK_S = 0.05
observer.COVERAGE_S = 0.0
notices = []
watching = observer.Observer(
    Workspace(Path(sys.argv[1])), lambda: None, renamed=lambda path: None, notice=lambda *told: notices.append(told)
)
watching.start()
deadline = time.monotonic() + 60
while not notices and time.monotonic() < deadline:
    time.sleep(0.01)
watching.stop()
print(notices)
"""


def test_a_kernel_that_is_really_out_of_watches_is_noticed(workspace: Workspace) -> None:
    """With four watches for eight folders, the real kernel's refusal leads to polling, in words."""
    for number in range(5):
        workspace.version_folder("mnist", number + 1).mkdir(parents=True)
    found = python(ALONE, SCARCE, str(workspace.root))
    assert "the folders are listed every second: " in found.stdout
    assert "file watches" in found.stdout or "inotify watch limit reached" in found.stdout


def test_a_network_folder_is_polled_from_the_start(
    workspace: Workspace, ears: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where other machines write, no event is waited for."""
    monkeypatch.setattr(observing, "POLL_S", 0.05)
    monkeypatch.setattr(observing, "is_remote", lambda folder: folder == workspace.models)
    watching = Observer(workspace, ears.wake, renamed=ears.renamed.append, notice=ears.notice)
    watching.start()
    for _ in range(3):
        assert ears.hears()
    watching.stop()
    assert ears.notices == [
        (
            "polling",
            "the folders are listed every second: models/ lies on a network file system, which tells nobody about changes",
        )
    ]


def test_a_file_that_is_renamed_into_the_inbox_need_not_settle(watched: Watched) -> None:
    """It becomes a version through real events while not a moment of the time passes for which others must be still."""
    woken = threading.Event()
    (watched.workspace.train / "mnist").mkdir()
    source = save_onnx(watched.workspace.root / "outside.onnx")
    watching = Observer(
        watched.workspace, woken.set, renamed=watched.repository.renamed, notice=watched.repository.notice
    )
    watching.start()
    # The first wake-up is of the start: what it watches is watched by then.
    assert woken.wait(60)
    woken.clear()
    source.rename(watched.workspace.train / "mnist" / "better.onnx")
    while not watched.versions("mnist"):
        assert woken.wait(60)
        woken.clear()
        watched.scan()
    watching.stop()
    assert list(watched.versions("mnist")) == [1]


def test_it_ends_whole_after_folders_left_and_came_under_the_same_name(
    workspace: Workspace, ears: Ears, tmp_path: Path
) -> None:
    """A version that was moved away, made again and renamed leaves no thread and no watch of the kernel behind."""
    threads = set(threading.enumerate())
    watching = Observer(workspace, ears.wake, renamed=ears.renamed.append, notice=ears.notice)
    watching.start()
    version = workspace.version_folder("mnist", 1)
    steps: list[Callable[[], object]] = [
        lambda: version.mkdir(parents=True),
        lambda: version.rename(tmp_path / "taken away"),
        version.mkdir,
        lambda: version.rename(version.with_name("2")),
    ]
    for step in steps:
        ears.rest()
        step()
        assert ears.hears()
    ears.rest()
    watching.stop()
    assert until(lambda: set(threading.enumerate()) <= threads)
    assert workspace.models.stat().st_ino not in observing._watched_inodes()
