"""What a workspace promises: its folders, its errors, one engine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage.errors import EngineError, WorkspaceError
from storage.workspace import (
    NOT_KNOWN,
    Workspace,
    create_workspace,
    engine_lock,
    engine_pid,
    find_workspace,
    valid_model_name,
    version_number,
)
from tests.shortage import no_more_files


def test_a_workspace_is_found_from_inside(workspace: Workspace) -> None:
    """Commands work from any folder below, as git's do."""
    inside = workspace.models / "mnist" / "1"
    inside.mkdir(parents=True)
    assert find_workspace(inside) == workspace
    assert find_workspace(workspace.root) == workspace


def test_what_is_no_workspace_is_told_with_the_way_to_make_one(tmp_path: Path) -> None:
    """The hint is the command to type."""
    with pytest.raises(WorkspaceError) as caught:
        find_workspace(tmp_path)
    assert "is not a workspace" in caught.value.message
    assert caught.value.hint == f"Make one with: modeltender init {tmp_path}"


@pytest.mark.parametrize(("make", "expected"), [(False, "does not exist"), (True, "is a file, not a folder")])
def test_a_missing_folder_and_a_file_are_told_apart(tmp_path: Path, *, make: bool, expected: str) -> None:
    """Each has its own sentence."""
    path = tmp_path / "there"
    if make:
        path.write_text("x")
    with pytest.raises(WorkspaceError, match=expected):
        find_workspace(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (os.fsdecode(b"gar\xe7on"), "its path has bytes that are no UTF-8 text"),
        ("/".join(3 * ["x" * 200]), "and SQLite opens a database only where that is 470 or less"),
    ],
)
def test_a_folder_in_which_no_workspace_can_work_is_refused(tmp_path: Path, path: str, expected: str) -> None:
    """It is told before anything is made there, and again where a folder got such a name later."""
    folder = tmp_path / path
    with pytest.raises(WorkspaceError, match=expected):
        create_workspace(folder)
    assert not list(tmp_path.iterdir())
    (folder / ".modeltender").mkdir(parents=True)
    with pytest.raises(WorkspaceError, match=expected):
        find_workspace(folder)


def test_creating_over_a_file_says_what_is_in_the_way(tmp_path: Path) -> None:
    """Nothing is overwritten to make a workspace."""
    (tmp_path / "models").write_text("mine")
    with pytest.raises(WorkspaceError, match="models is a file"):
        create_workspace(tmp_path)
    assert (tmp_path / "models").read_text() == "mine"


def test_creating_twice_keeps_what_is_there(workspace: Workspace) -> None:
    """Making a workspace where one is harms nothing."""
    (workspace.models / "mnist").mkdir()
    assert create_workspace(workspace.root) == workspace
    assert (workspace.models / "mnist").is_dir()


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("1", 1),
        ("42", 42),
        ("0", None),
        ("01", None),
        ("latest", None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("", None),
        ("9" * 12, None),
    ],
)
def test_a_version_is_a_positive_integer_without_leading_zero(name: str, number: int | None) -> None:
    """The rule of TensorFlow Serving and Triton."""
    assert version_number(name) == number


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("mnist", True),
        ("naïve model", True),
        (".hidden", False),
        ("a@b", False),
        ("-rf", False),
        ("a\x1b[2J", False),
        ("", False),
        ("x" * 200, False),
        ("\udcff", False),
    ],
)
def test_names_that_cannot_be_shown_or_typed_are_no_models(name: str, *, valid: bool) -> None:
    """A model's name is printable, short, not hidden and has no @."""
    assert valid_model_name(name) is valid


def test_there_is_one_engine(workspace: Workspace) -> None:
    """The second engine is told the first one's process id; when the first one ends the lock is free."""
    assert engine_pid(workspace) is None
    with engine_lock(workspace):
        assert engine_pid(workspace) == os.getpid()
        with pytest.raises(EngineError, match=f"process {os.getpid()}"), engine_lock(workspace):
            pass
    assert engine_pid(workspace) is None


def test_a_lock_that_cannot_be_looked_at_is_no_sign_that_no_engine_runs(workspace: Workspace) -> None:
    """Out of descriptors, or in a circle of links: nobody knows, which is said in a sentence; a file that is not there is a no."""
    assert engine_pid(workspace) is None
    with engine_lock(workspace):
        with no_more_files(), pytest.raises(EngineError) as caught:
            engine_pid(workspace)
        assert caught.value.code == NOT_KNOWN
        assert caught.value.message == (
            f"Whether an engine works on {workspace.root} cannot be told: "
            "engine.lock cannot be opened (Too many open files)."
        )
        assert "ulimit -n" in caught.value.hint
        assert engine_pid(workspace) == os.getpid()
    workspace.lock.unlink()
    workspace.lock.symlink_to(workspace.lock)
    with pytest.raises(EngineError, match="Too many levels of symbolic links"):
        engine_pid(workspace)
    with pytest.raises(EngineError, match="Too many levels of symbolic links"), engine_lock(workspace):
        pass


def test_a_killed_engine_frees_the_lock(workspace: Workspace) -> None:
    """The kernel frees the lock however the engine ends; a stale number in the file does not matter."""
    code = "import sys, time; from pathlib import Path; from storage.workspace import *\nwith engine_lock(Workspace(Path(sys.argv[1]))): print('held', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-P", "-c", code, str(workspace.root)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert engine_pid(workspace) == process.pid
        process.kill()
    assert engine_pid(workspace) is None
    with engine_lock(workspace):
        pass
