"""An export on a real engine with a real model: from the command to a version that the gate has judged."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage import launch
from storage.vocabulary import ExitCode
from storage.workspace import Workspace, create_workspace

MODELTENDER = Path(sys.executable).with_name("modeltender")
MODEL = "mnist-onnx"


def modeltender(workspace: Workspace, *words: str) -> tuple[int, Any]:
    """Run a command with --json; return its exit status and its document."""
    said = subprocess.run(
        [MODELTENDER, *words, "-w", str(workspace.root), "--json"],
        check=False,
        text=True,
        capture_output=True,
        timeout=100,
    )
    return said.returncode, json.loads(said.stdout)


@pytest.fixture
def one(samples: Path, tmp_path: Path) -> Iterator[Workspace]:
    """Return a workspace with one real model that is deployed, whose engine never ran."""
    workspace = create_workspace(tmp_path / "one")
    for folder in ("models", "test"):
        shutil.copytree(samples / folder / MODEL, workspace.root / folder / MODEL, symlinks=True)
    yield workspace
    launch.stop(workspace)


def test_an_export_becomes_a_candidate_with_its_parentage(one: Workspace) -> None:
    """It is evaluated on the test data like every version, is the candidate, and its parent stays deployed."""
    status, made = modeltender(one, "export", MODEL, "--to", "onnx", "--quantize", "int8")
    assert (status, made["from"], made["to"], made["status"]) == (ExitCode.DONE, 1, 2, "ready")
    assert made["metrics"]["accuracy"]["n"] == 2000
    assert made["parity"]["dataset"] == "validation.npz"
    assert made["bytes"] < made["source_bytes"] / 2
    _, shown = modeltender(one, "show", MODEL)
    assert (shown["current"], shown["candidate"]) == (1, 2)
    new, old = shown["versions"]
    assert (new["exported"]["from"], new["exported"]["quantize"], old["exported"]) == (1, "int8", None)
    # Asked again, it is the version that there is.
    status, again = modeltender(one, "export", MODEL, "--to", "onnx", "--quantize", "int8")
    assert (status, again["to"], again["file"]) == (ExitCode.DONE, 2, made["file"])
    status, error = modeltender(one, "export", MODEL, "--to", "litert")
    assert (status, error["error"]["code"]) == (ExitCode.USAGE, "unknown")
