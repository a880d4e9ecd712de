"""The workspace, in every state that a person may leave it in."""

import os
from pathlib import Path

import psutil
import pytest

from engine.doctor import place
from engine.doctor.report import Check
from storage.database import Writer
from storage.vocabulary import Condition
from storage.workspace import Workspace, engine_lock


def checks(workspace: Workspace) -> dict[str, Check]:
    """Return the checks of a workspace by name."""
    return {check.name: check for check in place.examine(workspace)}


def test_no_workspace_is_a_warning() -> None:
    """Without a workspace the machine may be fine; how to make one is said."""
    [check] = place.examine(None)
    assert check.status is Condition.WARNING
    assert check.fix.startswith("modeltender init")


def test_new_workspace_is_fine(workspace: Workspace) -> None:
    """A workspace that no engine has worked in yet is in order."""
    assert {name: check.status for name, check in checks(workspace).items()} == {
        "workspace": Condition.OK,
        "settings": Condition.OK,
        "database": Condition.OK,
        "engine": Condition.OK,
    }


def test_an_engine_that_cannot_be_seen_is_a_problem(workspace: Workspace) -> None:
    """It is not said that none runs."""
    workspace.lock.symlink_to(workspace.lock)
    check = checks(workspace)["engine"]
    assert check.status is Condition.PROBLEM
    assert "cannot be told" in check.detail


def test_database_is_read(workspace: Workspace, writer: Writer) -> None:
    """The database is opened and read, not only looked at."""
    del writer
    assert checks(workspace)["database"].detail.startswith("whole, 0 models")


def test_damage_within_the_database_is_a_problem(workspace: Workspace, writer: Writer) -> None:
    """A database that opens, and of which one page is spoilt, is found out, and what saves the rest is said."""
    with writer.transaction() as connection:
        [root] = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'events'").fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
    writer.close()
    with workspace.database.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    check = checks(workspace)["database"]
    assert check.status is Condition.PROBLEM
    assert "db verify --salvage" in check.fix


def test_damaged_database_is_a_problem(workspace: Workspace) -> None:
    """A file that is no database is a problem, and what to do is said."""
    workspace.database.write_bytes(b"not a database" * 100)
    check = checks(workspace)["database"]
    assert check.status is Condition.PROBLEM
    assert check.fix


def test_wrong_settings_are_a_problem(workspace: Workspace) -> None:
    """A mistake in the settings is told in the words of the settings, and asks for no sandbox by accident."""
    workspace.settings_file.write_text("[sampling]\ninterval_s = 0\n[trust]\nrequire_sandbox = true\n")
    check = checks(workspace)["settings"]
    assert check.status is Condition.PROBLEM
    assert "sampling.interval_s" in check.detail
    assert place.requires_sandbox(workspace) is False


def test_settings_may_require_the_sandbox(workspace: Workspace) -> None:
    """What the settings say about the sandbox is known to its check."""
    workspace.settings_file.write_text("[trust]\nrequire_sandbox = true\n")
    assert place.requires_sandbox(workspace) is True
    assert place.requires_sandbox(None) is False


def test_folder_without_rights_is_a_problem(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be written is a problem that names it. Root may write anywhere, so the answer is given."""
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != workspace.models)
    check = checks(workspace)["workspace"]
    assert check.status is Condition.PROBLEM
    assert str(workspace.models) in check.detail
    assert check.fix


def test_engine_that_holds_the_lock_but_is_silent(workspace: Workspace) -> None:
    """An engine that holds the workspace without a heartbeat is a warning with the commands that renew it."""
    with engine_lock(workspace):
        check = checks(workspace)["engine"]
    assert check.status is Condition.WARNING
    assert str(os.getpid()) in check.detail


def test_network_file_system_is_a_warning(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workspace on a file system of another machine is a warning, decided by the nearest mount."""
    mounts = [
        ("/", "ext4"),
        (str(workspace.root), "ext4"),
        (str(workspace.root), "nfs4"),
        ("/elsewhere", "xfs"),
    ]
    partitions = [psutil._ntuples.sdiskpart("device", point, kind, "rw") for point, kind in mounts]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_options: partitions)
    check = checks(workspace)["workspace"]
    assert check.status is Condition.WARNING
    assert "nfs4" in check.detail


def test_trials_write_beside_the_database(workspace: Workspace) -> None:
    """Trials are made where the database lies, and with no workspace where temporary files go."""
    assert place.writable_folder(workspace) == workspace.state
    assert place.writable_folder(None).is_dir()


def test_current_folder_may_be_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A current folder that was removed does not keep the machine from being examined."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert place.folder(None).is_dir()
    monkeypatch.chdir(tmp_path)
