"""Promises about commands: a clean environment, an end, and their last line."""

import os
from pathlib import Path

import pytest

from engine.repository.targets import opened
from engine.repository.targets.target import News, Target, TargetError
from storage.target_settings import Command
from storage.vocabulary import TargetKind
from storage.workspace import Workspace
from tests.serving import until


def target(workspace: Workspace, *command: str, timeout_s: float = 60) -> Target:
    """Return the target that runs a command."""
    settings = Command(kind=TargetKind.COMMAND, name="hook", command=command, timeout_s=timeout_s)
    return opened(workspace, settings)


def test_a_command_knows_what_is_deployed_and_no_secret(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its environment names model, versions and folder; what else the engine's holds stays there."""
    monkeypatch.setenv("SECRET_TOKEN", "hidden")
    said = target(workspace, "sh", "-c", "env | sort > env.txt; pwd").tell(News(workspace, "mnist", 3, 2))
    assert said == str(workspace.root)
    lines = (workspace.root / "env.txt").read_text().splitlines()
    assert [line for line in lines if line.startswith("MODELTENDER")] == [
        "MODELTENDER_MODEL=mnist",
        f"MODELTENDER_PATH={workspace.models}/mnist/3",
        "MODELTENDER_PREVIOUS=2",
        "MODELTENDER_VERSION=3",
    ]
    assert not [line for line in lines if "SECRET" in line]


def test_words_are_no_shell(workspace: Workspace) -> None:
    """What a shell would act on is handed over as it is written."""
    assert (
        target(workspace, "echo", "$HOME; rm -rf *").tell(News(workspace, "mnist", 3, 2)) == "$HOME; rm -rf *"
    )


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo first; echo it is full >&2; exit 3", "ended with exit status 3: it is full"),
        ("kill -9 $$", "ended with signal 9"),
        ("yes noise | head -c 3000000; echo; echo last; exit 1", "ended with exit status 1: last"),
    ],
)
def test_a_failure_is_told_with_the_last_line(workspace: Workspace, script: str, said: str) -> None:
    """However much was printed, the sentence has the ending and the last line."""
    with pytest.raises(TargetError, match=said):
        target(workspace, "sh", "-c", script).tell(News(workspace, "mnist", 3, 2))


def test_a_command_that_does_not_end_is_ended_with_its_children(workspace: Workspace) -> None:
    """After its time nothing of it runs any more, and the sentence says what it said last."""
    script = "sleep 600 & echo $! > child; echo waiting; wait"
    with pytest.raises(TargetError, match=r"took longer than 2 s: waiting"):
        target(workspace, "sh", "-c", script, timeout_s=2).tell(News(workspace, "mnist", 3, 2))
    child = int((workspace.root / "child").read_text())
    assert until(lambda: not running(child))


def test_a_child_that_keeps_the_output_open_is_not_waited_for(workspace: Workspace) -> None:
    """A command that starts a service ends when it ends itself."""
    script = "sleep 600 & echo $! > child; echo started"
    assert (
        target(workspace, "sh", "-c", script, timeout_s=500).tell(News(workspace, "mnist", 3, 2)) == "started"
    )
    os.kill(int((workspace.root / "child").read_text()), 9)


def test_a_program_that_is_missing_is_told_before(workspace: Workspace) -> None:
    """The check finds no program by name, by path below the workspace, or one that cannot be run."""
    script = workspace.root / "tell.sh"
    script.write_text("#!/bin/sh\necho ok\n")
    for program in ("no-such-program", "./absent.sh", "./tell.sh"):
        with pytest.raises(TargetError, match="is not there, or cannot be run"):
            target(workspace, program).check(News(workspace, "mnist", 3, 2))
    script.chmod(0o755)
    told = target(workspace, "./tell.sh")
    told.check(News(workspace, "mnist", 3, 2))
    assert told.tell(News(workspace, "mnist", 3, 2)) == "ok"


def running(pid: int) -> bool:
    """Whether a process runs; one that ended and waits for its parent does not."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"
