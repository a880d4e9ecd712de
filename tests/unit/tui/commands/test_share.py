"""``share`` says who may look and changes it; a member of the group sees, and changes nothing."""

import grp
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from storage import launch, modes, sharing
from storage.database import prepare
from storage.vocabulary import ExitCode
from storage.workspace import Workspace, create_workspace, engine_pid
from tests.terminal import Terminal
from tests.unit.tui.commands.conftest import Run
from tests.users import GROUP, STRANGER, VIEWER, as_user, needs_root
from tui.command_line import main


@pytest.fixture
def group() -> str:
    """Return a group that this user may give to."""
    return grp.getgrgid(os.getegid()).gr_name


def test_a_workspace_is_opened_and_closed(run: Run, workspace: Workspace, group: str) -> None:
    """Every form of the command tells how things stand afterwards, as a sentence and as a document."""
    where = ("-w", str(workspace.root))
    owner = modes.user_name(os.geteuid())
    assert run("share", *where).out == f"Only {owner} may look at {workspace.root}.\n"
    assert f"{owner} acts on {workspace.root}; members of {group}" in run("share", group, *where).out
    said = run("share", *where, "--json").json
    assert (said["workspace"], said["owner"], said["group"]) == (str(workspace.root), owner, group)
    assert run("share", "--private", *where).out == f"Only {owner} may look at {workspace.root}.\n"
    assert run("share", *where, "--json").json["group"] is None


def test_group_and_nobody_is_no_order(run: Run, workspace: Workspace, group: str) -> None:
    """Two answers to one question are refused."""
    said = run("share", group, "--private", "-w", str(workspace.root))
    assert said.status == ExitCode.USAGE
    assert "exclude each other" in said.err


def test_a_folder_of_settings_alone_can_be_shared(run: Run, tmp_path: Path, group: str) -> None:
    """Who says who may look before the first engine works is understood."""
    (tmp_path / "modeltender.toml").touch()
    where = ("-w", str(tmp_path))
    assert run("share", *where).status == ExitCode.DONE
    assert run("share", group, *where, "--json").json["group"] == group


def test_a_workspace_is_made_for_a_group(run: Run, tmp_path: Path, group: str) -> None:
    """``init --group`` makes it open from the first moment; a group that is not there makes nothing."""
    assert run("init", str(tmp_path / "new"), "--group", group).status == ExitCode.DONE
    assert run("share", "-w", str(tmp_path / "new"), "--json").json["group"] == group
    said = run("init", str(tmp_path / "other"), "--group", "no-such-group")
    assert said.status == ExitCode.USAGE
    assert "There is no group 'no-such-group'" in said.err
    assert not (tmp_path / "other").exists()


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """Return a workspace at which members of the group may look, and on which nothing works."""
    place = Path(tempfile.mkdtemp(prefix="modeltender-shared-"))
    place.chmod(0o755)
    workspace = create_workspace(place / "serving")
    prepare(workspace.database)
    monkeypatch.setattr(sharing, "group_number", lambda _name: GROUP)
    sharing.open_to(workspace, "mlops")
    yield workspace
    shutil.rmtree(place)


@pytest.fixture
def served(closed: Workspace) -> Iterator[Workspace]:
    """Return the same with a running engine."""
    launch.start(closed)
    yield closed
    launch.stop(closed)


LOOKS = (("status",), ("models",), ("events",), ("jobs",), ("engine", "status"), ("engine", "logs"))


@needs_root
def test_a_member_looks_at_a_running_engine_and_at_one_that_was_killed(run: Run, served: Workspace) -> None:
    """Commands that look answer a member, those that act say whose it is, and a stranger gets a sentence."""
    where = ("-w", str(served.root))
    for words in LOOKS:
        # What a command imports is imported here: the interpreter may lie where others may not read.
        run(*words, *where)
    for words in LOOKS:
        told = as_user(VIEWER, lambda words=words: main((*words, *where)), groups=[GROUP])  # type: ignore[misc]
        assert told.status in {ExitCode.DONE, ExitCode.NO}, told
    told = as_user(VIEWER, lambda: main(("engine", "stop", *where)), groups=[GROUP])
    assert "belongs to another user" in told.text
    assert launch.works(served)
    told = as_user(STRANGER, lambda: main(("status", *where)))
    assert told.status == ExitCode.USAGE
    assert "only members of the group" in told.text
    os.kill(int(served.lock.read_text()), signal.SIGKILL)
    while engine_pid(served) is not None:
        time.sleep(0.01)
    told = as_user(VIEWER, lambda: main(("status", *where)), groups=[GROUP])
    assert "root can start it" in told.text
    told = as_user(VIEWER, lambda: main(("cancel", "1", *where)), groups=[GROUP])
    assert f"{served.root} belongs to root: you may look at it, and not act on it." in told.text


CONSOLE = """
import importlib, os, pkgutil, sys
import storage, textual.drivers.linux_driver, tui
from textual.widgets import *
for package in (storage, tui):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if "__main__" not in module.name and "serving" not in module.name:
            importlib.import_module(module.name)
user, group = int(sys.argv[1]), int(sys.argv[2])
os.setgroups([group])
os.setresgid(user, user, user)
os.setresuid(user, user, user)
from tui.command_line import main
sys.exit(main(sys.argv[3:]))
"""
"""A console as another user. All of it is imported before: the interpreter may lie where others may not read."""


@needs_root
def test_a_members_console_says_whose_it_is_and_ends_with_its_terminal(closed: Workspace) -> None:
    """It says in its first line that it is read-only and why, and leaves no process when the connection is lost."""
    argv = [sys.executable, "-P", "-c", CONSOLE, str(VIEWER), str(GROUP), str(closed.root)]
    environ = {"PYTHONPATH": str(Path(__file__).parents[4])}
    with Terminal(argv, columns=80, rows=24, environ=environ, cwd=closed.root.parent) as terminal:
        terminal.wait_for("read-only: root's", timeout=60)
        console = terminal.process()
        terminal.hang_up()
        while console.is_running() and console.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
    assert engine_pid(closed) is None
