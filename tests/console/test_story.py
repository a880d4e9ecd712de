"""The whole story in a real terminal: look, evaluate, see a version arrive, promote it, undo it, leave."""

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sample_models.build import arrival
from storage.workspace import Workspace, engine_pid
from tests.terminal import Terminal

COMMAND = str(Path(sys.executable).with_name("modeltender"))


def command(workspace: Workspace, *arguments: str) -> object:
    """Run a command as a person's script would and return its JSON document."""
    done = subprocess.run(
        [COMMAND, *arguments, "--json", "-w", str(workspace.root)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def row(screen: str, model: str) -> str:
    """Return the row of a model in the table, or nothing."""
    found = re.search(rf"^.*[●◐▲△!✗○] {model} .*$", screen, re.MULTILINE)
    return found.group() if found else ""


def deployed(screen: str) -> str:
    """Return which version of mnist the table shows as deployed."""
    found = re.search(r" mnist +(v\d+) ", row(screen, "mnist"))
    return found.group(1) if found else ""


def select_first(terminal: Terminal) -> None:
    """Go to the first row, where the model is that needs somebody."""
    terminal.send("g")
    terminal.wait_for(lambda screen: row(screen, "mnist").lstrip("│").startswith(">"))


@pytest.mark.timeout(400)
def test_a_person_sees_evaluates_promotes_and_undoes(sampled: Workspace) -> None:
    """From the first look to leaving the console, everything is done by keys in a terminal of 80 by 24."""
    link = sampled.current_link("mnist")
    with Terminal([COMMAND, str(sampled.root)], columns=80, rows=24) as terminal:
        terminal.wait_for(
            lambda screen: "READY" in row(screen, "mnist") and "0.9" in row(screen, "mnist-torch"), 90
        )
        assert "engine" in terminal.text().splitlines()[0]
        assert "cpu" in terminal.text()
        select_first(terminal)

        terminal.send("r")
        terminal.wait_for(
            lambda screen: "evaluated" in screen or "eval" in row(screen, "mnist") or "done" in screen
        )

        inbox = sampled.train / "mnist"
        source = arrival(sampled.root)
        shutil.copyfile(source, inbox / source.name)
        appeared = time.perf_counter()
        terminal.wait_for(lambda screen: "v3" in screen, 10)
        assert time.perf_counter() - appeared < 3
        terminal.wait_for(lambda screen: "v3 READY" in row(screen, "mnist"), 30)

        terminal.send("p")
        terminal.wait_for(lambda screen: "Promote mnist v3?" in screen and "superior" in screen)
        assert link.readlink() == Path("1"), "nothing may change before it is confirmed"
        terminal.read(0.6)
        terminal.send("y")
        terminal.wait_for(lambda screen: deployed(screen) == "v3")
        assert link.readlink() == Path("3")

        terminal.send("u")
        terminal.wait_for("v3 -> v1")
        terminal.read(0.6)
        terminal.send("y")
        terminal.wait_for(lambda screen: deployed(screen) == "v1")
        assert link.readlink() == Path("1")

        terminal.send("q")
        assert terminal.wait_closed() == 0
    pid = engine_pid(sampled)
    assert pid, "the engine goes on without a console"
    history = command(sampled, "show", "mnist")
    assert isinstance(history, dict)
    assert history["current"] == 1
    command(sampled, "engine", "stop")
    assert engine_pid(sampled) is None


def test_keys_typed_ahead_promote_nothing(engine: Workspace) -> None:
    """`py` in one burst, as a slow link delivers it, opens the dialog and confirms nothing; Enter there cancels."""
    with Terminal([COMMAND, str(engine.root)], columns=80, rows=24) as terminal:
        terminal.wait_for(lambda screen: "READY" in row(screen, "mnist"), 60)
        select_first(terminal)
        terminal.send("py")
        terminal.wait_for("Promote mnist v2?")
        terminal.read(1.0)
        assert "Promote mnist v2?" in terminal.text()
        terminal.send("\r")
        terminal.wait_for(lambda screen: "Promote mnist v2?" not in screen)
        terminal.read(0.5)
        terminal.send("q")
        terminal.wait_closed()
    assert engine.current_link("mnist").readlink() == Path("1")
