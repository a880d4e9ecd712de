"""A running engine looks after what is deployed: it checks by itself, and mends what its owner lets it mend."""

import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from storage import jobs, launch
from storage.database import Reader
from storage.fault_records import Event
from storage.records import Job
from storage.tables import events, models
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace
from tests.tiny_models import digits, save_onnx
from tests.ward import MODEL, SETTINGS

PATIENT_S = 100.0
"""How long a test waits for what takes seconds: the machine may be busy."""


@pytest.fixture
def looked_after(workspace: Workspace) -> Iterator[Workspace]:
    """Return a workspace whose deployed model is checked every ten seconds, and restored unasked."""
    folder = workspace.version_folder(MODEL, 1)
    folder.mkdir(parents=True)
    save_onnx(folder / "model.onnx")
    (workspace.test / MODEL).mkdir()
    images, classes = digits()
    np.savez(workspace.test / MODEL / "test.npz", x=images[1000:], y=classes[1000:])
    workspace.model_settings(MODEL).write_text(SETTINGS)
    workspace.current_link(MODEL).symlink_to("1")
    workspace.settings_file.write_text('[schedule]\ncheck = "10s"\n[repair]\nautomatic = ["restore"]\n')
    launch.start(workspace)
    yield workspace
    launch.stop(workspace)


def until(workspace: Workspace, true: Callable[[list[Job], list[Event]], bool]) -> None:
    """Wait until something is true of the jobs and of the log."""
    reader = Reader(workspace.database)
    deadline = time.monotonic() + PATIENT_S
    try:
        while True:
            with reader.transaction() as connection:
                found, told = jobs.read(connection, limit=1000), events.read(connection, limit=1000)
            if true(found, told):
                return
            assert time.monotonic() < deadline, (found, told)
            time.sleep(0.1)
    finally:
        reader.close()


def test_a_damaged_file_is_found_restored_and_checked_with_nobody_looking(looked_after: Workspace) -> None:
    """Scheduled checks of the model and the workspace pass; then a bit turns, and is turned back, which is on record."""

    def checked(found: list[Job], _told: list[Event]) -> bool:
        ended = {
            job.model
            for job in found
            if job.kind is JobKind.CHECK
            and job.requested_by == jobs.SCHEDULE
            and job.state is JobState.SUCCEEDED
        }
        return ended == {MODEL, ""}

    until(looked_after, checked)
    file = looked_after.version_folder(MODEL, 1) / "model.onnx"
    whole = file.read_bytes()
    damaged = bytearray(whole)
    damaged[-1] ^= 1
    file.write_bytes(damaged)
    until(looked_after, lambda _found, told: any(event.code == "repair-helped" for event in told))
    assert file.read_bytes() == whole
    reader = Reader(looked_after.database)
    with reader.transaction() as connection:
        current = models.read(connection)[0].current
        told = [event.message for event in events.read(connection, limit=1000)]
    reader.close()
    assert current is not None
    assert current.number == 1
    assert any("for automatic repair: version 1 is restored" in message for message in told)


PROGRAM = """
import os, onnx
model = onnx.load(os.environ["MODELTENDER_BASE"])
onnx.helper.set_model_props(model, {"trained": "anew"})
onnx.save(model, os.path.join(os.environ["MODELTENDER_OUTPUT"], "model.onnx"))
"""
"""What trains: with nothing to learn, so that what it makes is no better."""


@pytest.fixture
def trained(workspace: Workspace) -> Iterator[Workspace]:
    """Return a workspace whose deployed model misses its objective, and is trained by itself because of that."""
    folder = workspace.version_folder(MODEL, 1)
    folder.mkdir(parents=True)
    save_onnx(folder / "model.onnx")
    images, classes = digits()
    for part, rows in ((workspace.train, slice(0, 1000)), (workspace.test, slice(1000, None))):
        (part / MODEL).mkdir(exist_ok=True)
        name = "train.npz" if part == workspace.train else "test.npz"
        np.savez(part / MODEL / name, x=images[rows], y=classes[rows])
    (workspace.root / "train.py").write_text(PROGRAM)
    workspace.model_settings(MODEL).write_text(
        f'{SETTINGS}[objectives]\naccuracy = ">= 0.99"\n'
        f'[train]\ncommand = ["{sys.executable}", "train.py"]\nautomatic = ["objective-missed"]\n'
    )
    workspace.current_link(MODEL).symlink_to("1")
    workspace.settings_file.write_text('[schedule]\ncheck = "10s"\n[trust]\ncommands = true\n')
    launch.start(workspace)
    yield workspace
    launch.stop(workspace)


def test_a_model_that_misses_its_objective_is_trained_with_nobody_looking(trained: Workspace) -> None:
    """What comes of it is evaluated and judged, and is a candidate: nobody asked for more, and it is not done again."""

    def judged(found: list[Job], _told: list[Event]) -> bool:
        done = {(job.kind, job.version) for job in found if job.state is JobState.SUCCEEDED}
        return {(JobKind.EVALUATE, 2), (JobKind.TRAIN, None)} <= done

    until(trained, judged)
    reader = Reader(trained.database)
    with reader.transaction() as connection:
        [model] = models.read(connection)
        trainings = [job for job in jobs.read(connection, limit=1000) if job.kind is JobKind.TRAIN]
        told = [event.message for event in events.read(connection, limit=1000)]
    reader.close()
    assert model.current is not None
    assert model.current.number == 1
    assert model.candidate is not None
    assert model.candidate.number == 2
    assert [(job.requested_by, job.state) for job in trainings] == [(jobs.RETRAINING, JobState.SUCCEEDED)]
    assert any("version 1 is trained further automatically" in message for message in told)
