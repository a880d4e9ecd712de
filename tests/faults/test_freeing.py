"""A disk that is nearly full, for real, and kills while it is freed: what the record calls intact is intact."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from storage.database import Writer
from storage.records import Version
from storage.vocabulary import Status
from storage.workspace import Workspace, create_workspace
from tests.name_spaces import python, small_disk
from tests.watched import AtOnce, Watched

PROJECT = str(Path(__file__).parents[2])

COMMON = """
import os, signal, sys, time
from pathlib import Path
from engine.freeing import removing
from engine.jobs import check, repair
from engine.jobs.context import Context
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from storage import jobs
from storage.database import Writer
from storage.maintenance_settings import WorkspaceChecks
from storage.records import JobParameters
from storage.settings import Retention, WorkspaceSettings
from storage.tables import events, models
from storage.tables import faults as fault_table
from storage.vocabulary import JobKind
from storage.workspace import Workspace
from tests.ward import Quiet

workspace = Workspace(Path(sys.argv[1]))
writer = Writer(workspace.database)
settings = WorkspaceSettings(retention=Retention(versions=1), checks=WorkspaceChecks(free_gib=float(sys.argv[2])))
context = Context(workspace, writer, settings, Hosts(scratch=workspace.scratch, limits=settings.limits), Pool(settings.limits), time.time)

def done(kind, handler, **parameters):
    with writer.transaction() as connection:
        jobs.add(connection, kind, "", None, requested_by="ann", now=time.time(), parameters=JobParameters(**parameters))
        job = jobs.claim(connection, frozenset({kind}), now=time.time())
    outcome = handler.run(context, job, Quiet())
    with writer.transaction() as connection:
        jobs.finish(connection, job.id, outcome.state, now=time.time())
    return outcome

def faults():
    with writer.transaction() as connection:
        return {fault.code: fault for fault in fault_table.all_open(connection)}
"""

KILLED = """
place, name = int(sys.argv[3]), sys.argv[4]
calls, whole = [0], getattr(removing, name)

def killed(*given):
    calls[0] += 1
    if calls[0] == place:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*given)

setattr(removing, name, killed)
with writer.transaction() as connection:
    fault_table.open_fault(connection, "disk-low", "It is.", at=1.0)
done(JobKind.REPAIR, repair, fault=faults()["disk-low"].id)
"""

FULL = """
import shutil
for number in (1, 2, 3):
    (workspace.version_folder("mnist", number) / "more.bin").write_bytes(bytes(4 << 20))
for _ in range(2):
    done(JobKind.CHECK, check)
print("found", sorted(faults()))
fault = faults()["disk-low"].id
before = shutil.disk_usage(workspace.root).free
told = done(JobKind.REPAIR, repair, fault=fault)
print("freed", shutil.disk_usage(workspace.root).free - before >= 7 << 20, workspace.version_folder("mnist", 3).exists())
done(JobKind.CHECK, check, verify=(fault,))
print("left", sorted(faults()))
with writer.transaction() as connection:
    print("helped", any("repair 'free-disk' ended fault" in event.message for event in events.read(connection, limit=50)))
"""


@pytest.fixture
def retiring(tmp_path: Path) -> Workspace:
    """Return a workspace with five versions, of which the last but one was deployed before the last."""
    return five_versions(create_workspace(tmp_path / "w"))


def five_versions(workspace: Workspace) -> Workspace:
    """Put five versions into a workspace and deploy the fourth, then the fifth."""
    writer = Writer(workspace.database)
    watched = Watched(workspace, writer, AtOnce())
    watched.ready("mnist", dict.fromkeys(range(1, 6), 0.9))
    for number in (4, 5):
        watched.deploy("mnist", number)
        watched.settle()
    with writer.transaction() as connection:
        # Those are done: what waits for a version keeps it.
        connection.execute("UPDATE jobs SET state = 'succeeded'")
    writer.close()
    return workspace


def run(workspace: Workspace, script: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a script beside the test."""
    return subprocess.run(
        [sys.executable, "-P", "-c", COMMON + script, str(workspace.root), *words],
        env={**os.environ, "PYTHONPATH": PROJECT},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("name", "place"), [("set_aside", 2), ("take_apart", 1)])
def test_a_kill_leaves_what_the_record_calls_intact(retiring: Workspace, name: str, place: int) -> None:
    """Before a folder loses its name, and before any is taken apart; the next start and look put it right."""
    ended = run(retiring, KILLED, "1e9", str(place), name)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    writer = Writer(retiring.database)
    try:
        watched = Watched(retiring, writer, AtOnce())
        intact(retiring, watched.versions("mnist"))
        watched.settle()
        versions = watched.versions("mnist")
        intact(retiring, versions)
        there = {number for number in versions if retiring.version_folder("mnist", number).exists()}
        assert {number for number, one in versions.items() if one.status is not Status.MISSING} == there
        assert watched.model("mnist").current is not None
    finally:
        writer.close()


def intact(workspace: Workspace, versions: dict[int, Version]) -> None:
    """Make sure that each version is there whole, unless the record says that it is gone."""
    for number, version in versions.items():
        file = workspace.version_folder("mnist", number) / "model.onnx"
        assert version.status is Status.MISSING or file.stat().st_size == version.bytes
    assert {versions[number].status for number in (4, 5)} == {Status.READY}


def test_a_disk_that_is_nearly_full_is_freed_and_the_fault_ends(tmp_path: Path) -> None:
    """On a file system of its own: the check finds it, the repair brings room, the check says that it helped."""
    root = tmp_path / "w"
    root.mkdir()
    prepared = (
        "import sys; from pathlib import Path; from tests.faults.test_freeing import five_versions; "
        "from storage.workspace import create_workspace; five_versions(create_workspace(Path(sys.argv[1])))"
    )
    disk = small_disk(root, "32m", first=f"{sys.executable} -P -c '{prepared}' {root}")
    found = python(disk, COMMON + FULL, str(root), str(20 / 1024))
    assert found.stdout.splitlines() == [
        "found ['disk-low']",
        "freed True True",
        "left []",
        "helped True",
    ]
