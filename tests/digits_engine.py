"""An engine at work on the classifier of digits, which it has evaluated once."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import launch, snapshot
from storage.database import Reader
from storage.workspace import Workspace
from tests.data_files import npz
from tests.tiny_models import digits, save_onnx

MODEL = "digits"


@pytest.fixture
def digits_engine(workspace: Workspace) -> Iterator[Workspace]:
    """Return a workspace with the classifier of digits whose engine runs and has evaluated it once."""
    images, classes = digits()
    save_onnx(made(workspace.version_folder(MODEL, 1)) / "model.onnx")
    npz(made(workspace.test / MODEL), images[1000:], classes[1000:])
    workspace.model_settings(MODEL).write_text(
        f"labels = {[str(number) for number in range(10)]}\n"
        '[preprocess]\ndtype = "float32"\nscale = 0.0625\nlayout = "NCHW"\n'
    )
    launch.start(workspace)
    try:
        _await_evaluation(workspace)
        yield workspace
    finally:
        launch.stop(workspace)


def made(folder: Path) -> Path:
    """Make a folder and return it."""
    folder.mkdir(parents=True)
    return folder


def _await_evaluation(workspace: Workspace) -> None:
    reader = Reader(workspace.database)
    deadline = time.monotonic() + 100
    while (
        not (found := snapshot.read(reader).models)
        or found[0].newest is None
        or found[0].newest.evaluation is None
    ):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    reader.close()
