"""From degraded to promoted in a real terminal, by keys alone: see the fault, have it retrained, promote what came of it."""

import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from storage import launch
from storage.workspace import Workspace
from tests.terminal import Terminal
from tests.tiny_models import digits

torch = pytest.importorskip("torch")

COMMAND = str(Path(sys.executable).with_name("modeltender"))

MODEL = "digits"

SETTINGS = """
[preprocess]
dtype = "float32"
scale = 0.0625
layout = "NCHW"
[objectives]
accuracy = ">= 0.8"
[gate]
margin = 0.02
[train]
learning_rate = 0.05
epochs = 6
"""

PATIENCE_S = 100.0
"""How long is waited for what takes seconds: the machine may be busy."""


@pytest.fixture
def degraded(workspace: Workspace) -> Iterator[Workspace]:
    """Return a workspace whose engine runs, with a deployed module that has learned nothing, and data to learn from."""
    images, classes = digits()
    for part, rows in ((workspace.train, slice(0, 1000)), (workspace.test, slice(1000, None))):
        (part / MODEL).mkdir()
        name = "train.npz" if part == workspace.train else "test.npz"
        np.savez(part / MODEL / name, x=images[rows], y=classes[rows])
    folder = workspace.version_folder(MODEL, 1)
    folder.mkdir(parents=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, yet the files are everywhere
        torch.manual_seed(0)
        module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
        torch.jit.script(module).save(str(folder / "model.pt"))
    workspace.model_settings(MODEL).write_text(SETTINGS)
    workspace.current_link(MODEL).symlink_to("1")
    launch.start(workspace)
    yield workspace
    launch.stop(workspace)


def row(screen: str) -> str:
    """Return the model's row in the table, or nothing."""
    found = re.search(rf"^│> \S {MODEL} .*$", screen, re.MULTILINE)
    return found.group() if found else ""


def say_yes(terminal: Terminal, words: str) -> None:
    """Press y once the question takes it: a person has had the time to read it, and the answer stands out."""

    def taken(screen: str) -> bool:
        places = [(y, line.find(words)) for y, line in enumerate(screen.splitlines())]
        return any(x >= 0 and terminal.screen.buffer[y][x].bold for y, x in places)

    terminal.wait_for(taken, PATIENCE_S)
    terminal.send("y")


@pytest.mark.timeout(400)
def test_a_degraded_model_is_retrained_and_promoted_by_keys_alone(degraded: Workspace) -> None:
    """In 80 columns each screen says what is wrong and which key comes next, until nothing is wrong any more."""
    link = degraded.current_link(MODEL)
    with Terminal([COMMAND, str(degraded.root)], columns=80, rows=24) as terminal:
        terminal.wait_for(lambda screen: "v1" in row(screen) and "0.1" in row(screen), PATIENCE_S)
        terminal.send("v")
        terminal.wait_for(lambda screen: "FAULT" in row(screen), PATIENCE_S)
        terminal.wait_for("f mends it (retrain): Version 1: accuracy 0.1", PATIENCE_S)
        terminal.wait_for(lambda screen: "f mend" in screen.splitlines()[-1], PATIENCE_S)

        terminal.send("f")
        terminal.wait_for("Retrain digits?", PATIENCE_S)
        terminal.wait_for("nothing is deployed", PATIENCE_S)
        say_yes(terminal, "y  retrain")

        terminal.send("4")
        terminal.wait_for(lambda screen: re.search(r"J\d+ +train +digits", screen) is not None, PATIENCE_S)
        terminal.wait_for(
            lambda screen: re.search(r"train +digits +done warm start: 6 epochs", screen) is not None,
            PATIENCE_S,
        )

        terminal.send("1")
        terminal.wait_for("v2 passed the gate (superior): p promotes it", PATIENCE_S)
        assert link.readlink() == Path("1"), "a training deploys nothing"
        terminal.send("p")
        terminal.wait_for("Promote digits v2?", PATIENCE_S)
        terminal.wait_for("gate  superior", PATIENCE_S)
        say_yes(terminal, "y  promote")
        terminal.wait_for(lambda screen: " v2 " in row(screen) and "FAULT" not in screen, PATIENCE_S)
        assert link.readlink() == Path("2")

        terminal.send("5")
        terminal.wait_for("no open faults", PATIENCE_S)
        terminal.wait_for("repair 'retrain' ended fault", PATIENCE_S)
        terminal.send("q")
        assert terminal.wait_closed(PATIENCE_S) == 0
