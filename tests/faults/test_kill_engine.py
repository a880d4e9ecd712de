"""What survives kill -9 of the engine: what is deployed, its history, and the jobs."""

import contextlib
import os
import random
import signal
import time
from itertools import pairwise

import pytest

from storage import jobs, launch
from storage.database import Reader
from storage.promotion_records import Promotion
from storage.records import Job
from storage.tables import models, promotions
from storage.vocabulary import FINISHED, JobKind, JobState, Status
from storage.workspace import Workspace, engine_pid

MODEL = "mnist-onnx"
KILLS = 24
LONGEST_S = 0.12
"""A rollback takes some 20 ms from key to result: kills fall before, into and after it. A promotion loads the version
in a host that has to be started first; how long that takes here and now is measured."""


def job_of(workspace: Workspace, job_id: int) -> Job:
    """Return a job as it is recorded now."""
    with contextlib.closing(Reader(workspace.database)) as reader:
        return recorded_job(reader, job_id)


def recorded_job(reader: Reader, job_id: int) -> Job:
    """Return the same by a reader that is kept open: who waits looks often, and opening one takes a hundred times as long."""
    with reader.transaction() as connection:
        job = jobs.read_one(connection, job_id)
    assert job is not None
    return job


def state(workspace: Workspace) -> tuple[int | None, list[Promotion], dict[int, Status]]:
    """Return the recorded current version, the history, and every version's status."""
    reader = Reader(workspace.database)
    with reader.transaction() as connection:
        model = models.read_one(connection, MODEL)
        history = promotions.read(connection, MODEL)
        versions = models.versions(connection, MODEL)
    reader.close()
    assert model is not None
    return (
        model.current.number if model.current else None,
        history,
        {version.number: version.status for version in versions},
    )


def wait(workspace: Workspace, job_id: int, seconds: float = 60.0) -> Job:
    """Return a job when it is finished."""
    deadline = time.monotonic() + seconds
    with contextlib.closing(Reader(workspace.database)) as reader:
        while (job := recorded_job(reader, job_id)).state not in FINISHED:
            assert time.monotonic() < deadline, f"still {job.state} after {seconds} s"
            time.sleep(0.01)
    return job


def wait_until_begun(workspace: Workspace, job_id: int) -> None:
    """Wait until an engine has taken a job up."""
    with contextlib.closing(Reader(workspace.database)) as reader:
        while recorded_job(reader, job_id).state is JobState.QUEUED:
            time.sleep(0.001)


def kill(workspace: Workspace) -> None:
    """Kill -9 the engine, and wait until the kernel has let go of what it held."""
    pid = engine_pid(workspace)
    assert pid
    os.kill(pid, signal.SIGKILL)
    while engine_pid(workspace) is not None:
        time.sleep(0.005)


def two_versions(workspace: Workspace) -> None:
    """Add a second version with another content and wait until both are evaluated."""
    first = workspace.version_folder(MODEL, 1)
    second = workspace.version_folder(MODEL, 2)
    second.mkdir()
    for file in first.iterdir():
        # One more line of metadata (ModelProto.metadata_props): another content, the same model.
        (second / file.name).write_bytes(file.read_bytes() + b"\x72\x06\x0a\x01k\x12\x01v")
    for number in (1, 2):
        ready(workspace, number)
        job = jobs.submit(workspace, JobKind.EVALUATE, MODEL, number, requested_by="test")
        assert wait(workspace, job.id).state is JobState.SUCCEEDED


def ready(workspace: Workspace, number: int) -> None:
    """Wait until a version is ready."""
    deadline = time.monotonic() + 60
    while state(workspace)[2].get(number) is not Status.READY:
        assert time.monotonic() < deadline, state(workspace)
        time.sleep(0.02)


def cold_promotion_s(workspace: Workspace) -> float:
    """Return how long a promotion takes with an engine that has just started; what was deployed is deployed again."""
    kill(workspace)
    launch.start(workspace)
    began = time.monotonic()
    job = jobs.submit(workspace, JobKind.PROMOTE, MODEL, 2, requested_by="test")
    assert wait(workspace, job.id).state is JobState.SUCCEEDED
    took_s = time.monotonic() - began
    job = jobs.submit(workspace, JobKind.ROLLBACK, MODEL, requested_by="test")
    assert wait(workspace, job.id).state is JobState.SUCCEEDED
    return took_s


@pytest.mark.timeout(400)
def test_kills_leave_a_valid_link_and_a_consistent_history(engine: Workspace) -> None:
    """However a promotion or rollback is cut off, `current` is a ready version and the history ends with it."""
    two_versions(engine)
    chance = random.Random(7)
    longest_s = {JobKind.PROMOTE: 1.2 * cold_promotion_s(engine), JobKind.ROLLBACK: LONGEST_S}
    for round_ in range(KILLS):
        current = state(engine)[0]
        kind, version = (JobKind.PROMOTE, 2) if current == 1 else (JobKind.ROLLBACK, None)
        job = jobs.submit(engine, kind, MODEL, version, requested_by=f"kill {round_}")
        time.sleep(chance.uniform(0, longest_s[kind]))
        kill(engine)
        link = engine.current_link(MODEL)
        assert link.readlink().name in {"1", "2"}
        assert link.is_dir()
        launch.start(engine)
        finished = wait(engine, job.id)
        recorded, history, statuses = state(engine)
        linked = int(link.readlink().name)
        assert recorded == linked, f"kill {round_}: the link says {linked}, the database {recorded}"
        assert statuses[linked] is Status.READY
        if history:
            assert history[0].to_version == linked
        for newer, older in pairwise(history):
            assert newer.from_version == older.to_version, "the history has a gap"
        if finished.state is JobState.SUCCEEDED:
            assert history[0].requested_by == f"kill {round_}"
    assert not list((engine.models / MODEL).glob(".current*")), "left-over links were not swept"


def test_an_evaluation_that_was_killed_is_done_after_the_restart(engine: Workspace) -> None:
    """A person's request outlives the engine: it is marked as interrupted and done again."""
    ready(engine, 1)
    job = jobs.submit(engine, JobKind.EVALUATE, MODEL, 1, requested_by="ann")
    wait_until_begun(engine, job.id)
    kill(engine)
    launch.start(engine)
    first = wait(engine, job.id)
    if first.state is JobState.INTERRUPTED:
        reader = Reader(engine.database)
        with reader.transaction() as connection:
            again = [
                found
                for found in jobs.read(connection, limit=50)
                if found.requested_by == "ann" and found.id != job.id
            ]
        reader.close()
        assert len(again) == 1
        assert wait(engine, again[0].id).state is JobState.SUCCEEDED
    else:
        assert first.state is JobState.SUCCEEDED


def test_a_repair_that_was_killed_is_done_after_the_restart(engine: Workspace) -> None:
    """The deployed files come back in any case, the version is checked again, and what was damaged is still there."""
    ready(engine, 1)
    file = engine.version_folder(MODEL, 1) / "model.onnx"
    whole = file.read_bytes()
    deadline = time.monotonic() + 60
    while not list(engine.objects.glob("*/model.onnx")) or state(engine)[0] != 1:
        assert time.monotonic() < deadline, "what is deployed must get its copy"
        time.sleep(0.02)
    # The copy is made before the content is on record as deployed; a repair needs either.
    file.write_bytes(whole[:100])
    job = jobs.submit(engine, JobKind.REPAIR, MODEL, requested_by="ann")
    wait_until_begun(engine, job.id)
    kill(engine)
    assert file.read_bytes() in {whole, whole[:100]}
    launch.start(engine)
    if wait(engine, job.id).state is JobState.INTERRUPTED:
        reader = Reader(engine.database)
        with reader.transaction() as connection:
            again = [found for found in jobs.read(connection, limit=50) if found.kind is JobKind.REPAIR]
        reader.close()
        assert all(wait(engine, found.id).state in FINISHED for found in again)
    assert file.read_bytes() == whole
    ready(engine, 1)
    assert [path.read_bytes() for path in engine.damaged.rglob("model.onnx")] == [whole[:100]]


def test_no_model_process_outlives_a_killed_engine(engine: Workspace) -> None:
    """Kill -9 of the engine takes its hosts and model processes with it."""
    import psutil

    ready(engine, 1)
    pid = engine_pid(engine)
    assert pid
    family = psutil.Process(pid).children(recursive=True)
    assert family, "the engine should have a host by now"
    os.kill(pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=60)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
