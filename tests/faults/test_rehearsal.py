"""A real engine rehearses upgrades: environments that are the same, lack a framework, or answer something else."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from storage.database import Reader
from storage.tables import evaluations, models
from storage.workspace import Workspace
from tests.digits_engine import MODEL
from tests.environments import environment
from tui.command_line import main

PATIENCE_S = 100.0

TURNED = """
import onnxruntime
run = onnxruntime.InferenceSession.run
onnxruntime.InferenceSession.run = lambda *given: [one[:, ::-1].copy() for one in run(*given)]
"""
"""An onnxruntime that gives the classes in the reverse order: what a new version with another layout might do."""


def rehearsed(workspace: Workspace, interpreter: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    """Return how a rehearsal ended, and its document."""
    capsys.readouterr()
    status = main(["rehearse", "--python", str(interpreter), "--json", "-w", str(workspace.root)])
    return status, json.loads(capsys.readouterr().out)


def deploy(workspace: Workspace) -> None:
    """Have the engine know that version 1 is deployed."""
    workspace.current_link(MODEL).symlink_to("1")
    deadline = time.monotonic() + PATIENCE_S
    while (found := known(workspace)) is None or found[0] is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def known(workspace: Workspace) -> tuple[Any, Any, Any] | None:
    """Return what is on record of the model: what is deployed, how its versions are, which evaluations there were."""
    reader = Reader(workspace.database)
    try:
        with reader.transaction() as connection:
            model = models.read_one(connection, MODEL)
            if model is None:
                return None
            found = evaluations.read(connection, MODEL, limit=100)
            versions = [(one.number, one.status, one.reason) for one in models.versions(connection, MODEL)]
            return model.current and model.current.number, versions, [one.id for one in found]
    finally:
        reader.close()


@pytest.mark.timeout(300)
def test_upgrades_are_rehearsed_and_nothing_of_them_is_recorded(
    digits_engine: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same environment moves nothing; one without onnxruntime, and one that answers otherwise, would break it."""
    deploy(digits_engine)
    before = known(digits_engine)
    status, answer = rehearsed(digits_engine, environment(tmp_path / "same"), capsys)
    [one] = answer["models"]
    assert (status, answer["breaks"], one["verdict"], one["reasons"]) == (0, False, "same", [])
    assert one["there"]["isolation"] == one["here"]["isolation"]
    assert one["there"]["versions"] == one["here"]["versions"] != {}
    assert one["outputs"]["alike"]
    assert one["figures"]
    assert not any(figure["moved"] for figure in one["figures"])
    status, answer = rehearsed(
        digits_engine, environment(tmp_path / "bare", without=("onnxruntime",)), capsys
    )
    [one] = answer["models"]
    assert (status, answer["breaks"], one["verdict"]) == (1, True, "breaks")
    [reason] = one["reasons"]
    assert reason.startswith(
        "it does not load there: onnxruntime cannot be imported: No module named 'onnxruntime'"
    )
    assert one["here"]["loads"]
    assert not one["there"]["loads"]
    status, answer = rehearsed(digits_engine, environment(tmp_path / "turned", at_start=TURNED), capsys)
    [one] = answer["models"]
    assert (status, one["verdict"]) == (1, "breaks")
    assert "its answers to 16 examples are apart by up to" in one["reasons"][0]
    assert "accuracy is worse there beyond chance" in one["reasons"][1]
    [accuracy] = [figure for figure in one["figures"] if figure["name"] == "accuracy"]
    assert accuracy["moved"]
    assert accuracy["there"] < accuracy["here"]
    assert accuracy["high"] < 0
    assert known(digits_engine) == before
    assert list(digits_engine.rehearsal.iterdir()) == []


def test_what_cannot_be_rehearsed_is_said(
    digits_engine: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is deployed; what is named is no interpreter."""
    arguments = ["rehearse", "-w", str(digits_engine.root), "--python"]
    assert main([*arguments, "/bin/sh"]) == 2
    assert "Nothing is deployed" in capsys.readouterr().err
    deploy(digits_engine)
    assert main([*arguments, "/bin/sh"]) == 2
    assert "/bin/sh cannot be used as a Python interpreter" in capsys.readouterr().err
    assert main([*arguments, str(tmp_path / "none")]) == 2
    assert main([*arguments, str(environment(tmp_path / "lacking", without=("psutil",)).parents[1])]) == 2
    assert "lacks psutil" in capsys.readouterr().err
