"""The machine and the interpreter: tried on this one, and on facts of others."""

import os
import resource
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.doctor import machine
from storage.device_details import Obstacle
from storage.records import Device
from storage.vocabulary import Condition, DeviceKind

GIB = 1 << 30


def processor(total: int | None, used: int | None) -> Device:
    """Return a processor with so much memory."""
    return Device(
        id="cpu",
        kind=DeviceKind.CPU,
        name="Processor",
        usable_by=("onnxruntime",),
        note="2 cores",
        memory_total_bytes=total,
        memory_used_bytes=used,
    )


def disk_of(monkeypatch: pytest.MonkeyPatch, *, free: int, files: int = 1000) -> None:
    """Let the disk have so much room."""
    state = SimpleNamespace(f_bavail=free // 4096, f_frsize=4096, f_files=2000, f_favail=files)
    monkeypatch.setattr(os, "statvfs", lambda _folder: state)


def test_this_interpreter_will_do() -> None:
    """The interpreter that runs the tests is one that modeltender runs on."""
    assert machine.python().status is Condition.OK


def test_old_interpreter_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that is too old is a problem that names the version to install."""
    monkeypatch.setattr("sys.version_info", (3, 10, 12))
    check = machine.python()
    assert check.status is Condition.PROBLEM
    assert "3.11" in check.fix


def test_packages_of_this_program_lie_together() -> None:
    """The program's own packages come from one folder."""
    assert machine.layout().status is Condition.OK


def test_shadowed_package_is_a_problem() -> None:
    """A package of the same name from elsewhere is a problem that names both places."""
    check = machine.layout({"storage": "/opt/program", "engine": "/home/ada/project", "tui": "/opt/program"})
    assert check.status is Condition.PROBLEM
    assert "engine is in /home/ada/project" in check.detail


def test_sqlite_of_this_machine(tmp_path: Path) -> None:
    """SQLite is tried out, and the trial leaves nothing behind."""
    assert machine.sqlite(tmp_path).status is Condition.OK
    assert list(tmp_path.iterdir()) == []


def test_old_sqlite_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite without STRICT tables is a problem."""
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 36, 0))
    assert machine.sqlite(tmp_path).status is Condition.PROBLEM


def test_folder_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    """Where SQLite cannot write, the check says where and why instead of failing."""
    check = machine.sqlite(tmp_path / "gone")
    assert check.status is Condition.PROBLEM
    assert "gone" in check.detail


@pytest.mark.parametrize(
    ("free", "files", "status"),
    [
        (100 * GIB, 1000, Condition.OK),
        (GIB, 1000, Condition.WARNING),
        (GIB // 16, 1000, Condition.PROBLEM),
        (100 * GIB, 0, Condition.PROBLEM),
    ],
    ids=["roomy", "low", "full", "no-inodes"],
)
def test_room_on_the_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, files: int, status: Condition
) -> None:
    """Little room is a warning, no room a problem, and so is room without a free inode."""
    disk_of(monkeypatch, free=free, files=files)
    assert machine.disk(tmp_path).status is status


@pytest.mark.parametrize(
    ("total", "used", "status"),
    [
        (16 * GIB, 4 * GIB, Condition.OK),
        (16 * GIB, 15 * GIB, Condition.WARNING),
        (4 * GIB, 4 * GIB - GIB // 4, Condition.PROBLEM),
        (16 * GIB, None, Condition.WARNING),
    ],
    ids=["roomy", "low", "none", "not-exposed"],
)
def test_memory(total: int, used: int | None, status: Condition) -> None:
    """Little memory is a warning, too little for one framework a problem, and unknown is not fine."""
    assert machine.memory(processor(total, used)).status is status


def test_folders_can_be_watched_here() -> None:
    """The kernel is asked for a watch, and the answer is in words."""
    assert machine.inotify().status in {Condition.OK, Condition.WARNING}


def test_few_watches_are_a_warning(tmp_path: Path) -> None:
    """A limit that a hundred models would reach is a warning with the command that raises it."""
    (tmp_path / "max_user_watches").write_text("8192\n")
    check = machine.inotify(tmp_path)
    assert check.status is Condition.WARNING
    assert check.fix.startswith("sudo sysctl fs.inotify.max_user_watches=")


def test_refused_watch_is_a_warning() -> None:
    """When the process may open nothing more, the real refusal of the kernel is seen and explained."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        check = machine.inotify()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert check.status is Condition.WARNING
    assert "new files show late" in check.detail


def test_device_that_a_runtime_can_use() -> None:
    """A device says its name, its memory and the runtimes that it is for."""
    check = machine.device(processor(16 * GIB, None))
    assert (check.name, check.status) == ("cpu", Condition.OK)
    assert check.detail == "Processor, 16.0 GiB, for onnxruntime; 2 cores"


def card(*obstacles: Obstacle, usable_by: tuple[str, ...] = ()) -> Device:
    """Return a GPU."""
    return Device(
        id="cuda:0",
        kind=DeviceKind.GPU,
        name="NVIDIA H100",
        usable_by=usable_by,
        note="",
        memory_total_bytes=None,
        obstacles=obstacles,
    )


ONNX = Obstacle("onnxruntime", "onnxruntime has no CUDA provider", "pip install onnxruntime-gpu")
LITERT = Obstacle("litert", "its models are run on cpu only")
ABSENT = Obstacle("keras", "keras not installed", "pip install 'modeltender[tensorflow]'")


def test_device_that_nothing_can_use() -> None:
    """A device that no installed runtime can use is a warning, with the reason and what to install."""
    check = machine.device(card(ONNX, LITERT, ABSENT))
    assert check.status is Condition.WARNING
    assert check.detail == "NVIDIA H100: no runtime can use it; onnxruntime has no CUDA provider"
    assert check.fix == "pip install onnxruntime-gpu"


def test_device_that_some_can_use() -> None:
    """A device that one runtime can use and another could is a warning that says how; what cannot be helped is left out."""
    check = machine.device(card(ONNX, LITERT, usable_by=("torchscript",)))
    assert check.status is Condition.WARNING
    assert check.detail == "NVIDIA H100, for torchscript; onnxruntime has no CUDA provider"
    assert check.fix == "pip install onnxruntime-gpu"


def test_device_that_nothing_will_use() -> None:
    """A device that no loader knows is told without a warning: nothing that could be installed would help."""
    check = machine.device(card(LITERT))
    assert (check.status, check.fix) == (Condition.OK, "")
    assert check.detail == "NVIDIA H100: no runtime here can use it"
