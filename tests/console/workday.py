"""An operator's workspace with its engine at work: real models of digits, quick enough for a day's stories in seconds.

Each story has a model of its own, so that none waits for another or finds what it left behind.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from storage import launch, snapshot
from storage.database import Reader
from storage.records import Model
from storage.workspace import Workspace, create_workspace
from tests.tiny_models import digits, weights
from tests.ward import SETTINGS, save_digits

STEADY, ARRIVING, SHARED, DAMAGED, TRAINED = "steady", "arriving", "shared", "damaged", "trained"
"""One that stays as it is, and those to which a better version comes, two people, a fault and a training."""

NAMES = (STEADY, ARRIVING, SHARED, DAMAGED, TRAINED)

PATIENT_S = 90.0

BLIND_TO = 8
"""The digit that a poor version never answers: worse beyond chance on the 797 test examples."""

PROGRAM = """
import json, os, shutil, sys, time
for epoch in (1, 2):
    print(json.dumps({"epoch": epoch, "epochs": 2, "loss": 1 / epoch}), flush=True)
    while epoch == 1 and not os.path.exists("go-on"):
        time.sleep(0.05)
shutil.copy("better.onnx", os.path.join(os.environ["MODELTENDER_OUTPUT"], "model.onnx"))
"""
"""A training that is half-way until somebody says that it may go on."""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Return a workspace whose engine runs and has evaluated every model; one has a better version that waits for somebody."""
    import sys

    workspace = create_workspace(tmp_path_factory.mktemp("day") / "workspace")
    workspace.settings_file.write_text("[trust]\ncommands = true\n")
    (workspace.root / "train.py").write_text(PROGRAM)
    save_better(workspace.root / "better.onnx")
    for name in NAMES:
        _deploy(workspace, name)
    save_better(_made(workspace.version_folder(SHARED, 2)) / "model.onnx")
    with workspace.model_settings(TRAINED).open("a") as settings:
        settings.write(f'[train]\nepochs = 2\ncommand = ["{sys.executable}", "-P", "train.py"]\n')
    _save_data(_made(workspace.train / TRAINED) / "train.npz", slice(0, 1000))
    launch.start(workspace)
    try:
        _until_looked_over(workspace)
        yield workspace
    finally:
        launch.stop(workspace)


def save_better(file: Path) -> Path:
    """Save the better version, and return its file."""
    return save_digits()(file)


def models(workspace: Workspace) -> dict[str, Model]:
    """Return the models as they are recorded, by name."""
    reader = Reader(workspace.database)
    try:
        return {model.name: model for model in snapshot.read(reader).models}
    finally:
        reader.close()


def _deploy(workspace: Workspace, name: str) -> None:
    kernel, bias = weights()
    poor = bias.copy()
    poor[BLIND_TO] -= 1000
    save_digits(kernel, poor)(_made(workspace.version_folder(name, 1)) / "model.onnx")
    workspace.current_link(name).symlink_to("1")
    workspace.model_settings(name).write_text(SETTINGS)
    _save_data(_made(workspace.test / name) / "test.npz", slice(1000, None))


def _save_data(file: Path, rows: slice) -> None:
    images, classes = digits()
    np.savez(file, x=images[rows], y=classes[rows])


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _until_looked_over(workspace: Workspace) -> None:
    deadline = time.monotonic() + PATIENT_S
    while True:
        found = models(workspace)
        candidate = found[SHARED].candidate if SHARED in found else None
        evaluated = [model for model in found.values() if model.current and model.current.evaluation]
        if len(evaluated) == len(NAMES) and candidate and candidate.gate and candidate.gate.promotable:
            return
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
