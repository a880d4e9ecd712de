"""A disk without room for a copy: loads and promotions say so, and harm nothing."""

import time
from pathlib import Path
from typing import Any, cast

from engine.jobs.context import Context
from storage.database import Writer
from storage.settings import WorkspaceSettings
from storage.workspace import create_workspace
from tests.artefacts import artefact_sha256
from tests.faults.loading_bench import GOOD, Bench
from tests.name_spaces import python, small_disk
from tests.tiny_models import onnx_model

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
from tests.unit.engine.jobs.asking import Quiet

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
    print(promote.run(context, job, Quiet()).error)
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
    ballast = f"head -c 700000 /dev/zero > {workspace.objects}/ballast"
    disk = small_disk(workspace.objects, "1m", first=ballast)
    found = python(disk, FULL_DISK, str(workspace.root), f"{tmp_path}/scratch")
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
