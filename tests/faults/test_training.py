"""A training outlives its engine: kill -9 in the middle, and the next engine goes on and delivers a version."""

import os
import signal
import time
from importlib.util import find_spec

import numpy as np
import pytest

from storage import jobs, launch
from storage.database import Reader
from storage.records import JobParameters
from storage.tables import models, training
from storage.training_records import TrainingRun
from storage.vocabulary import JobKind, TrainingState
from storage.workspace import Workspace, engine_pid
from tests.tiny_models import digits

pytestmark = pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")

MODEL = "built"
EPOCHS = 80
PATIENT_S = 100.0


def latest(workspace: Workspace) -> TrainingRun | None:
    """Return the training as it is recorded now."""
    reader = Reader(workspace.database)
    with reader.transaction() as connection:
        found = training.read(connection, MODEL, limit=1)
    reader.close()
    return found[0] if found else None


def test_kill_9_of_the_engine_costs_an_epoch_at_most(workspace: Workspace) -> None:
    """The training goes on where it was, ends as it was asked to, and becomes a version that is evaluated."""
    images, classes = digits()
    for folder, rows in (
        (workspace.train / MODEL, slice(0, 200)),
        (workspace.test / MODEL, slice(1000, 1100)),
    ):
        folder.mkdir(parents=True)
        name = "train.npz" if folder.parent == workspace.train else "test.npz"
        np.savez(folder / name, x=images[rows], y=classes[rows])
    (workspace.models / MODEL).mkdir()
    workspace.model_settings(MODEL).write_text("[train]\nearly_stopping = 0\n")
    launch.start(workspace)
    try:
        parameters = JobParameters(build=True, epochs=EPOCHS)
        jobs.submit(workspace, JobKind.TRAIN, MODEL, requested_by="ann", parameters=parameters)
        deadline = time.monotonic() + PATIENT_S
        while (run := latest(workspace)) is None or len(run.curve) < 2:
            assert time.monotonic() < deadline, run
            time.sleep(0.01)
        pid = engine_pid(workspace)
        assert pid
        os.kill(pid, signal.SIGKILL)
        while engine_pid(workspace) is not None:
            time.sleep(0.01)
        before = latest(workspace)
        assert before is not None
        launch.start(workspace)
        while (run := latest(workspace)) is None or run.version is None:
            assert time.monotonic() < deadline, run
            time.sleep(0.05)
    finally:
        launch.stop(workspace)
    assert (run.id, run.state) == (before.id, TrainingState.SUCCEEDED)
    # What was done before is as it was, but for the last epoch, which may have been cut before its checkpoint was kept.
    assert run.curve[: len(before.curve) - 1] == before.curve[:-1]
    assert [epoch.number for epoch in run.curve] == list(range(1, EPOCHS + 1))
    reader = Reader(workspace.database)
    with reader.transaction() as connection:
        assert [version.number for version in models.versions(connection, MODEL)] == [1]
        assert training.origins(connection, MODEL)[1].id == run.id
    reader.close()
