"""A running engine notices what happens to test data, whatever their format."""

import os
import time
from collections.abc import Callable, Iterator

import pytest

from storage import launch
from storage.database import Reader
from storage.records import Evaluation, Version
from storage.tables import models
from storage.vocabulary import Status
from storage.workspace import Workspace
from tests.data_files import as_csv, image_folder
from tests.tiny_models import digits, save_onnx

PATIENCE_S = 60.0

SETTINGS = """
labels = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
[preprocess]
reshape = [1, 8, 8]
dtype = "float32"
scale = 0.0625
"""


@pytest.fixture
def running(workspace: Workspace) -> Iterator[Workspace]:
    """Return a workspace with one deployed model and no data, whose engine runs."""
    folder = workspace.version_folder("digits", 1)
    folder.mkdir(parents=True)
    save_onnx(folder / "model.onnx")
    workspace.model_settings("digits").write_text(SETTINGS)
    workspace.current_link("digits").symlink_to("1")
    (workspace.test / "digits").mkdir()
    launch.start(workspace)
    yield workspace
    launch.stop(workspace)


def until(workspace: Workspace, true: Callable[[Version], bool]) -> Version:
    """Wait until something is true of the deployed version."""
    reader = Reader(workspace.database)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with reader.transaction() as connection:
                model = models.read_one(connection, "digits")
            if model is not None and model.current is not None and true(model.current):
                return model.current
            time.sleep(0.02)
    finally:
        reader.close()
    raise AssertionError("it never became true")


def evaluated(workspace: Workspace, *, rows: int) -> Evaluation:
    """Wait for an evaluation of the deployed version on so many rows."""
    found = until(
        workspace, lambda now: now.evaluation is not None and now.evaluation.dataset_rows == rows
    ).evaluation
    assert found is not None
    return found


def test_data_that_come_change_and_change_their_format_are_evaluated_by_themselves(
    running: Workspace,
) -> None:
    """Nobody has to ask: a first file, another content, and a folder of images in its place."""
    until(running, lambda now: now.status is Status.READY)
    images, classes = digits()
    folder = running.test / "digits"
    as_csv(folder, images[1000:1100], classes[1000:1100])
    first = evaluated(running, rows=100)
    assert (first.dataset_name, first.requested_by) == ("test", "new data")
    as_csv(folder, images[1000:1200], classes[1000:1200])
    evaluated(running, rows=200)
    (folder / "test.csv").unlink()
    image_folder(folder, images[1000:1050], classes[1000:1050])
    evaluated(running, rows=50)
    deadline = time.monotonic() + PATIENCE_S
    while len(os.listdir(running.prepared / "digits")) > 1 and time.monotonic() < deadline:  # noqa: PTH208 - names only
        time.sleep(0.05)
    assert len(list(running.prepared.glob("digits/*"))) == 1
