"""An export on a real engine with a real model: from the command to a version that the gate has judged."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from storage.vocabulary import ExitCode
from storage.workspace import Workspace
from tests.digits_engine import MODEL, digits_engine
from tests.tiny_models import ROWS, digits

__all__ = ["digits_engine"]

MODELTENDER = Path(sys.executable).with_name("modeltender")


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


def test_an_export_becomes_a_candidate_with_its_parentage(digits_engine: Workspace) -> None:
    """It is evaluated on the test data like every version, and asked for again it is the version that there is."""
    images, classes = digits()
    np.savez(digits_engine.test / MODEL / "validation.npz", x=images[:300], y=classes[:300])
    status, made = modeltender(digits_engine, "export", MODEL, "--to", "onnx", "--quantize", "int8")
    assert (status, made["from"], made["to"], made["status"]) == (ExitCode.DONE, 1, 2, "ready")
    assert made["metrics"]["accuracy"]["n"] == ROWS
    assert made["parity"]["dataset"] == "validation.npz"
    _, shown = modeltender(digits_engine, "show", MODEL)
    new, old = shown["versions"]
    assert (new["format"], new["exported"]["from"], new["exported"]["quantize"]) == ("onnx", 1, "int8")
    assert old["exported"] is None
    status, again = modeltender(digits_engine, "export", f"{MODEL}@1", "--to", "onnx", "--quantize", "int8")
    assert (status, again["to"], again["file"]) == (ExitCode.DONE, 2, made["file"])
    status, error = modeltender(digits_engine, "export", MODEL, "--to", "litert")
    assert (status, error["error"]["code"]) == (ExitCode.USAGE, "unknown")
