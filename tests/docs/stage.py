"""What a page's folder holds when its first command is typed, for pages that begin with ``<!-- starts with: NAME -->``."""

import shutil
from collections.abc import Callable
from pathlib import Path

from storage.workspace import create_workspace

MODEL = "mnist"


def serving(folder: Path, samples: Path) -> None:
    """Make a workspace ``serving`` with the model ``mnist``, one version of which is deployed."""
    workspace = create_workspace(folder / "serving")
    for part in ("test", "train", "models"):
        shutil.copytree(samples / part / "mnist-onnx", workspace.root / part / MODEL, symlinks=True)


def better(folder: Path, samples: Path) -> None:
    """Make the same, and a better version of it that has not arrived: ``better.onnx``."""
    from sample_models.candidates import CANDIDATES, artefacts

    serving(folder, samples)
    [wanted] = (candidate for candidate in CANDIDATES if candidate.file.endswith("digits-better.onnx"))
    shutil.copyfile(artefacts()[wanted], folder / "better.onnx")


def trained(folder: Path, samples: Path) -> None:
    """Put down what a training leaves: ``model.onnx`` and the ``test.npz`` that it did not see."""
    shutil.copyfile(samples / "models" / "breast-cancer" / "1" / "model.onnx", folder / "model.onnx")
    shutil.copyfile(samples / "test" / "breast-cancer" / "test.npz", folder / "test.npz")


STAGES: dict[str, Callable[[Path, Path], None]] = {"serving": serving, "better": better, "trained": trained}
