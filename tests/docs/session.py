"""A person at a shell who types what a page shows, block after block, in one folder.

Commands of modeltender are run in this process by the command line's own entry point, everything else by a shell. A command
that only reads is typed again until it prints what is shown: somebody who reads a page takes longer than an engine.
"""

import doctest
import io
import os
import pwd
import shlex
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from storage import launch
from storage.workspace import STATE_FOLDER, Workspace
from tests.docs.offered import uncommented
from tests.docs.pages import RULE, Block
from tests.docs.shapes import alike
from tui.command_line import main

PROMPT = "$ "
GOES_ON = "> "
"""Begins a command's further lines, as a shell does."""

STATUS = "echo $?"

READING = frozenset({"status", "models", "show", "faults", "history", "jobs", "events", "devices", "runs"})
"""Commands that change nothing and are answered at once, from what is recorded."""

PATIENCE_S = 120.0
"""How long something that is shown may take to become true on a busy machine."""

POLL_S = 0.1

SHELL_SIGNS = set("|&;<>$*`(){}~\n")
"""What makes a line a shell's business."""

COLUMNS = "100"
"""The width of the terminal in which pages are written."""

HOME = "/home/you"

HOW = "\nHow pages are run: RULE in tests/docs/pages.py"


class Typed(NamedTuple):
    """A command and what a page shows of what it prints."""

    command: str
    shown: str


def typed(text: str) -> list[Typed]:
    """Return the commands of a console block, each with what stands below it."""
    found: list[tuple[list[str], list[str]]] = []
    for line in text.splitlines():
        if line.startswith(PROMPT):
            found.append(([line.removeprefix(PROMPT)], []))
        elif found and f"{line} ".startswith(GOES_ON) and not found[-1][1]:
            found[-1][0].append(line[len(GOES_ON) :])
        else:
            assert found, f"A console block begins with a command after '$ '.{RULE}"
            found[-1][1].append(line)
    return [Typed(uncommented("\n".join(command)).rstrip(), "\n".join(shown)) for command, shown in found]


class Session:
    """A folder, the commands that were typed in it, and the names that Python blocks have made."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._status = 0
        self._names: dict[str, Any] = {"__name__": "__main__"}
        programs = Path(sys.executable).parent
        monkeypatch.chdir(folder)
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("COLUMNS", COLUMNS)
        monkeypatch.setenv("HOME", str(folder))

    def run(self, block: Block) -> None:
        """Do what a block says, and fail with its place where something else comes of it."""
        if block.language == "before":
            status, printed = self._shell(block.text.strip())
            assert status == 0, f"{block.place}: {block.text}{printed}"
        elif block.language == "console":
            commands = typed(block.text)
            for command, after in zip(commands, [*commands[1:], None], strict=True):
                asks_status = after is not None and after.command == STATUS
                self._check(block, command, may_fail=asks_status)
        elif ">>>" in block.text:
            self._doctest(block)
        else:
            status, printed = _started([sys.executable, "-P", "-c", block.text])
            assert status == 0, f"{block.place}: {printed}"

    def close(self) -> None:
        """Stop the engines that were started on the way."""
        for state in self.folder.rglob(STATE_FOLDER):
            launch.stop(Workspace(state.parent))

    def _check(self, block: Block, command: Typed, *, may_fail: bool) -> None:
        if command.command == STATUS:
            assert command.shown.strip() == str(self._status), f"{block.place}: exit status {self._status}"
            self._status = 0
            return
        printed = self._type(command)
        assert alike(command.shown, printed), (
            f"{block.place}: this is printed now\n$ {command.command}\n{printed}\nand this is shown:\n{command.shown}{HOW}"
        )
        assert may_fail or not self._status, (
            f"{block.place}: '{command.command}' ends with {self._status}; follow it with: $ {STATUS}"
        )

    def _type(self, command: Typed) -> str:
        words = _own_words(command.command)
        deadline = time.monotonic() + (PATIENCE_S if words and words[0] in READING else 0)
        while True:
            self._status, printed = self._shell(command.command) if words is None else _called(words)
            printed = self._anywhere(printed)
            if time.monotonic() >= deadline or alike(command.shown, printed):
                return printed
            time.sleep(POLL_S)

    def _shell(self, command: str) -> tuple[int, str]:
        """Run a line by a shell, which stays in a folder that it goes to."""
        marker = self.folder / ".folder"
        status, printed = _started(
            ["bash", "-c", f"{command}\nstatus=$?; pwd > {shlex.quote(str(marker))}; exit $status"]
        )
        os.chdir(marker.read_text().strip())
        return status, printed

    def _anywhere(self, printed: str) -> str:
        """Return what was printed as if it had been anybody's, anywhere."""
        me = pwd.getpwuid(os.getuid()).pw_name
        return printed.replace(str(self.folder), HOME).replace(f"by {me}", "by you")

    def _doctest(self, block: Block) -> None:
        examples = doctest.DocTestParser().get_doctest(
            block.text, self._names, block.place, block.page, block.line
        )
        said = io.StringIO()
        runner = doctest.DocTestRunner(checker=_Shapes(), verbose=False)
        results = runner.run(examples, out=said.write, clear_globs=False)
        self._names.update(examples.globs)
        assert not results.failed, f"{block.place}: {said.getvalue()}{HOW}"


class _Shapes(doctest.OutputChecker):
    """The same leniency for figures as at the shell."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        """Whether an answer has the shape of what is shown."""
        del optionflags
        return alike(want, got)


def _own_words(command: str) -> list[str] | None:
    """Return what stands behind ``modeltender``, or ``None`` where a shell is needed."""
    if SHELL_SIGNS & set(command):
        return None
    words = shlex.split(command)
    return words[1:] if words[0] == "modeltender" else None


def _called(words: list[str]) -> tuple[int, str]:
    """Run a command of ours; what stands on standard error is an answer where it failed, and progress elsewhere."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        status = main(words)
    return status, _content(out) + (_content(err) if status else "")


def _content(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def _started(words: list[str]) -> tuple[int, str]:
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    return done.returncode, done.stdout + (done.stderr if done.returncode else "")
