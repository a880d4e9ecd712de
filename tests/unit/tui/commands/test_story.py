"""The commands on a real engine with a real model: the main job, and each bad input of it in one sentence."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from storage import launch
from storage.vocabulary import ExitCode
from storage.workspace import Workspace, create_workspace

MODELTENDER = Path(sys.executable).with_name("modeltender")
MODEL = "mnist-onnx"


class Said(NamedTuple):
    """How a command ended, and its document."""

    status: int
    document: Any


def modeltender(workspace: Workspace, *words: str) -> Said:
    """Run a command with --json."""
    said = subprocess.run(
        [MODELTENDER, *words, "-w", str(workspace.root), "--json"],
        check=False,
        text=True,
        capture_output=True,
        timeout=60,
    )
    return Said(said.returncode, json.loads(said.stdout))


@pytest.fixture
def two(samples: Path, tmp_path: Path) -> Iterator[Workspace]:
    """Return a workspace with two versions of one real model, the first deployed, whose engine never ran."""
    workspace = create_workspace(tmp_path / "two")
    for folder in ("models", "test"):
        shutil.copytree(samples / folder / MODEL, workspace.root / folder / MODEL, symlinks=True)
    shutil.copytree(workspace.version_folder(MODEL, 1), workspace.version_folder(MODEL, 2))
    yield workspace
    launch.stop(workspace)


def test_evaluate_promote_and_roll_back(two: Workspace) -> None:
    """The command starts the engine; what promote and rollback say is where the link points, also at once after the start."""
    link = two.current_link(MODEL)
    evaluated = modeltender(two, "evaluate", MODEL)
    assert evaluated.status == ExitCode.DONE
    assert evaluated.document["dataset"]["rows"] == evaluated.document["metrics"]["accuracy"]["n"] == 2000
    assert evaluated.document["metrics"]["accuracy"]["value"] > 0.9
    promoted = modeltender(two, "promote", MODEL)
    assert (promoted.status, promoted.document["verdict"], promoted.document["to"]) == (
        ExitCode.DONE,
        "non-inferior",
        2,
    )
    assert link.readlink() == Path("2")
    back = modeltender(two, "rollback", MODEL)
    assert (back.status, back.document["from"], back.document["to"]) == (ExitCode.DONE, 2, 1)
    assert link.readlink() == Path("1")
    shown = modeltender(two, "show", MODEL).document
    assert (shown["current"], shown["candidate"]) == (1, 2)
    assert modeltender(two, "promote", f"{MODEL}@1").status == ExitCode.NO


def test_each_bad_input_has_its_sentence(two: Workspace) -> None:
    """What is wrong with a model, its data or its settings is told by the command that needs it, and harms no other."""
    _artefact(two, 3).write_bytes(_artefact(two, 1).read_bytes()[:5000])
    _artefact(two, 4).write_bytes(b"")
    _artefact(two, 5).write_text("this is not a model, whatever its name says\n")
    for number in (3, 4, 5):
        said = modeltender(two, "evaluate", f"{MODEL}@{number}")
        assert said.status == ExitCode.FAILED
        assert said.document["error"]["message"].count("\n") == 0
    assert modeltender(two, "evaluate", f"{MODEL}@9").document["error"]["code"] == "unknown"
    assert modeltender(two, "evaluate", MODEL, "--data", "nothing").status == ExitCode.FAILED
    settings = two.model_settings(MODEL)
    kept = settings.read_text()
    settings.write_text(kept.replace("margin", "margni"))
    broken = modeltender(two, "evaluate", MODEL)
    assert (broken.status, broken.document["error"]["code"]) == (ExitCode.USAGE, "settings")
    assert "gate.margni: unknown key; did you mean 'margin'?" in broken.document["error"]["message"]
    settings.write_text(kept)
    assert modeltender(two, "evaluate", MODEL).status == ExitCode.DONE
    shutil.rmtree(two.test / MODEL)
    missing = modeltender(two, "evaluate", MODEL)
    assert missing.status == ExitCode.FAILED
    assert missing.document["error"]["hint"]


def _artefact(workspace: Workspace, number: int) -> Path:
    """Return the file of a version, whose folder is made where it is missing."""
    folder = workspace.version_folder(MODEL, number)
    folder.mkdir(exist_ok=True)
    return folder / "model.onnx"
