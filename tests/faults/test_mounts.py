"""Folders on disks that go, come back and refuse writing: real mounts, in a name space where they need no root."""

from pathlib import Path

from storage.workspace import create_workspace
from tests.name_spaces import MOUNTING, python

SCRIPT = """
import subprocess, sys
from pathlib import Path
from engine.repository.repository import Repository
from storage.database import Writer
from storage.settings import WorkspaceSettings
from storage.tables import events, models
from storage.errors import WorkspaceError
from storage.workspace import Workspace, check_writable
from tests.handmade_models import save_onnx
from tests.watched import AtOnce, Watched

workspace = Workspace(Path(sys.argv[1]))
watched = Watched(workspace, Writer(workspace.database), AtOnce())

def mount(*words):
    subprocess.run(["mount", *words], check=True)

def status():
    return [str(version.status) for version in watched.versions("mnist").values()]

mount("-t", "tmpfs", "-o", "size=4m", "none", str(workspace.models))
mount("-t", "tmpfs", "-o", "size=4m", "none", str(workspace.train))
watched.ready("mnist", {1: 0.9})
watched.deploy("mnist", 1)
watched.settle()
print("deployed", status(), watched.model("mnist").current.number)

kept = workspace.root / "kept"
kept.mkdir()
mount("--move", str(workspace.models), str(kept))
watched.settle()
print("away", status(), [fault.message for fault in watched.faults()])
workspace.models.rmdir()
watched.settle()
print("gone", status(), [fault.message for fault in watched.faults() if not fault.model])
workspace.models.mkdir()
mount("--move", str(kept), str(workspace.models))
watched.settle()
model = watched.model("mnist")
print("back", status(), [fault.message for fault in watched.faults()], model.current.number)
print("figures", model.current.evaluation.metrics[0].value)

mount("-o", "remount,ro", str(workspace.models))
save_onnx(workspace.train / "mnist" / "new.onnx", "new")
watched.settle()
print("read-only", status(), [arrival.reason for arrival in watched.arrivals().values()])
mount("-o", "remount,rw", str(workspace.models))
watched.clock.passed += 61
watched.settle()
print("writable", status(), len(watched.arrivals()))

mount("-o", "remount,ro", str(workspace.models))
try:
    check_writable(workspace)
except WorkspaceError as error:
    print("refused", error.message.removeprefix(str(workspace.root)))
"""


def test_a_disk_that_goes_comes_back_and_refuses_writing(tmp_path: Path) -> None:
    """Unmounted, removed, mounted again, read-only: each is told, no figure is lost, and what waited becomes a version."""
    workspace = create_workspace(tmp_path / "w")
    found = python(MOUNTING, SCRIPT, str(workspace.root))
    assert found.stdout.splitlines() == [
        "deployed ['ready'] 1",
        "away ['missing'] ['models/ is empty, and 1 deployed model is gone.']",
        "gone ['missing'] ['models/ cannot be listed: No such file or directory.']",
        "back ['checking'] [] 1",
        "figures 0.9",
        "read-only ['checking'] ['could not be copied to models/mnist: Read-only file system; it is tried again']",
        "writable ['checking', 'checking'] 0",
        "refused /models lies on a disk that is mounted for reading only.",
    ]
