"""What survives kill -9 while something is taken out of the inbox, put back or removed: the thing, once, and its record."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.repository import quarantine as keeping
from storage.database import Writer
from storage.tables import quarantine
from storage.vocabulary import Custody
from storage.workspace import Workspace
from tests.attacks import keras_lambda
from tests.watched import AtOnce, Watched

ROOT = Path(__file__).parents[2]

SCRIPT = """
import os, signal, sys
from pathlib import Path
from engine.repository import quarantine
from storage.database import Writer
from storage.workspace import Workspace
from tests.watched import AtOnce, Watched
from tests.unit.engine.repository.test_quarantine import ask
from storage.vocabulary import JobKind

root, job, call, moment = sys.argv[1:]
workspace = Workspace(Path(root))
watched = Watched(workspace, Writer(workspace.database), AtOnce())
module = quarantine if hasattr(quarantine, call) else quarantine.shutil
real = getattr(module, call)

def cut(*arguments, **keywords):
    if moment == "after":
        real(*arguments, **keywords)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(module, call, cut)
if job:
    ask(watched, JobKind(job), entry=1, reason="x")
else:
    watched.settle()
"""


def killed(workspace: Workspace, job: str, call: str, moment: str) -> None:
    """Do a job, or a look at the folders, in a process that is killed before or after a call."""
    command = [sys.executable, "-P", "-c", SCRIPT, str(workspace.root), job, call, moment]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


def put(watched: Watched) -> Path:
    """Put a model that asks for code into the inbox."""
    folder = watched.workspace.train / "mnist"
    folder.mkdir(parents=True)
    return keras_lambda(folder, Path("/nowhere"))


def kept(watched: Watched) -> tuple[list[Custody], bool]:
    """Return the states of all entries, and whether the first one's file is in quarantine."""
    with watched.writer.transaction() as connection:
        states = [entry.state for entry in quarantine.read(connection)]
    return states, (watched.workspace.quarantine / "1" / "lambda.keras").exists()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_while_it_is_taken_leaves_it_in_one_place(
    workspace: Workspace, writer: Writer, moment: str
) -> None:
    """Between move and record as well as before the move: afterwards it is kept, once, on record, and told."""
    watched = Watched(workspace, writer, AtOnce())
    file = put(watched)
    killed(workspace, "", "_move", moment)
    assert kept(watched) == ([Custody.TAKING], moment == "after")
    watched.restart()
    watched.settle()
    assert kept(watched) == ([Custody.KEPT], True)
    assert not file.exists()
    assert len([event for event in watched.events() if event.code == keeping.CODE]) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_while_it_is_put_back_leaves_it_in_one_place(
    workspace: Workspace, writer: Writer, moment: str
) -> None:
    """It is either still kept or an arrival like any other, and the record says which."""
    watched = Watched(workspace, writer, AtOnce())
    file = put(watched)
    watched.settle()
    killed(workspace, "release", "_move", moment)
    watched.restart()
    watched.settle()
    if moment == "before":
        assert kept(watched) == ([Custody.KEPT], True)
        assert not file.exists()
    else:
        assert kept(watched) == ([Custody.RELEASED], False)
        assert file.exists()
        assert list(watched.versions("mnist")) == [1]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_removal_that_was_asked_for_is_finished_after_a_kill(
    workspace: Workspace, writer: Writer, moment: str
) -> None:
    """A person has confirmed it: the next engine ends it."""
    watched = Watched(workspace, writer, AtOnce())
    put(watched)
    watched.settle()
    killed(workspace, "delete", "rmtree", moment)
    watched.restart()
    watched.settle()
    assert kept(watched) == ([Custody.DELETED], False)
