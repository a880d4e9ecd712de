"""A running engine looks after what is deployed: it checks by itself, and mends what its owner lets it mend."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from storage import jobs, launch
from storage.database import Reader
from storage.records import Event, Job
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
