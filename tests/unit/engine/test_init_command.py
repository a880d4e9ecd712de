"""``init`` makes a workspace where there is none, and touches nothing that is there."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage.database import Reader
from storage.errors import WorkspaceError
from storage.vocabulary import ExitCode
from storage.workspace import Workspace, find_workspace

MODELTENDER = Path(sys.executable).with_name("modeltender")


def init(*words: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run the command."""
    return subprocess.run(
        [MODELTENDER, "init", *words], check=False, text=True, capture_output=True, timeout=110, cwd=cwd
    )


def test_a_new_workspace_can_be_opened_at_once(tmp_path: Path) -> None:
    """The folders and the database are there, private to their owner, and the next step is told."""
    root = tmp_path / "deep" / "new"
    said = init(str(root))
    assert (said.returncode, said.stderr) == (ExitCode.DONE, "")
    assert f"modeltender {root}" in said.stdout
    workspace = find_workspace(root)
    assert all(folder.is_dir() for folder in (workspace.train, workspace.test, workspace.models))
    assert workspace.state.stat().st_mode & 0o777 == 0o700
    assert workspace.database.stat().st_mode & 0o777 == 0o600
    Reader(workspace.database).close()


def test_json_names_the_workspace(tmp_path: Path) -> None:
    """A script gets the absolute path and the names of the models."""
    said = init(str(tmp_path / "new"), "--json")
    assert json.loads(said.stdout) == {"workspace": str(tmp_path / "new"), "sample": False, "models": []}


def test_the_next_step_is_what_a_person_would_type(tmp_path: Path) -> None:
    """A folder below the current one is told by its short name, which cannot be taken for a command."""
    said = init("models", cwd=tmp_path)
    assert said.stdout.splitlines()[0] == "Made a workspace in ./models."
    assert said.stdout.splitlines()[-1] == "  modeltender ./models"


def test_the_current_folder_is_told_by_its_name(tmp_path: Path) -> None:
    """A dot would be put together to `./.` and `././train`."""
    said = init(".", cwd=tmp_path)
    assert said.stdout.splitlines()[0] == f"Made a workspace in {tmp_path}."
    assert f"in {tmp_path}/train/NAME/ " in said.stdout
    assert said.stdout.splitlines()[-1] == f"  modeltender {tmp_path}"


def test_the_next_step_can_be_copied_whatever_the_folder_is_called(tmp_path: Path) -> None:
    """A space in a folder's name does not make two words of it, there and where it is missing."""
    said = init("our models", cwd=tmp_path)
    assert said.stdout.splitlines()[-1] == "  modeltender './our models'"
    with pytest.raises(WorkspaceError) as caught:
        find_workspace(tmp_path / "no models")
    assert caught.value.hint == f"Make it with: modeltender init '{tmp_path}/no models'"


def test_a_workspace_is_never_made_twice(workspace: Workspace) -> None:
    """An existing workspace is refused and stays as it is."""
    (workspace.models / "mine").mkdir()
    said = init(str(workspace.root), "--json")
    assert said.returncode == ExitCode.USAGE
    assert json.loads(said.stdout)["error"]["code"] == "workspace-exists"
    assert (workspace.models / "mine").is_dir()


def test_a_folder_with_models_becomes_a_workspace(tmp_path: Path) -> None:
    """What is in a folder already is kept, and found by the new workspace."""
    model = tmp_path / "models" / "mine" / "1" / "model.onnx"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"a model")
    said = init(str(tmp_path), "--json")
    assert json.loads(said.stdout)["models"] == ["mine"]
    assert model.read_bytes() == b"a model"


def test_samples_are_put_into_an_empty_folder_only(tmp_path: Path) -> None:
    """--sample is refused where anything lies that it might overwrite."""
    (tmp_path / "notes.txt").write_text("keep")
    said = init(str(tmp_path), "--sample", "--json")
    assert said.returncode == ExitCode.USAGE
    assert json.loads(said.stdout)["error"]["code"] == "folder-not-empty"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_workspace_that_was_begun_and_failed_is_taken_away(tmp_path: Path) -> None:
    """Where a folder cannot be made, nothing of the attempt stays, and what was there does."""
    (tmp_path / "test").write_text("a file where a folder is needed")
    said = init(str(tmp_path), "--json")
    assert said.returncode == ExitCode.USAGE
    assert f"{tmp_path / 'test'} is a file" in json.loads(said.stdout)["error"]["message"]
    assert [path.name for path in tmp_path.iterdir()] == ["test"]


def test_ctrl_c_leaves_nothing_half_made(tmp_path: Path) -> None:
    """A build of samples that was interrupted can be begun again in the same place."""
    root = tmp_path / "new"
    process = subprocess.Popen(
        [MODELTENDER, "init", str(root), "--sample"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # An empty cache: training takes much longer than the moment that is waited for here.
        env=os.environ | {"MODELTENDER_SAMPLE_CACHE": str(tmp_path / "cache")},
    )
    while not (root / ".modeltender" / "modeltender.db").exists():
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert not root.exists()
