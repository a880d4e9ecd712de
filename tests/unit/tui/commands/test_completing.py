"""Pressing tab: commands, options, models and versions are offered, by a real bash too, without loading anything heavy."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pexpect
import pytest

from storage.database import Writer
from storage.tables import models
from storage.vocabulary import ExitCode, Status
from storage.workspace import Workspace
from tests.unit.tui.commands.conftest import Run
from tui.command_line import COMMANDS, main
from tui.commands.completion import SHELLS

MODELTENDER = Path(sys.executable).with_name("modeltender")

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


class Told(NamedTuple):
    """What the program answers to a key."""

    status: int
    out: str
    err: str


class Keys:
    """Asks as the function of zsh or fish does, with the last word still being typed."""

    def __init__(self, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self._patch, self._captured = patch, captured

    def asked(self, shell: str, *words: str, cwd: Path) -> Told:
        """Ask, and return the answer."""
        typed = " ".join(["modeltender", *words])
        number = words[-1] if shell == "fish" else str(len(words))
        self._captured.readouterr()
        with self._patch.context() as patch:
            patch.chdir(cwd)
            patch.setenv("_MODELTENDER_COMPLETE", f"{shell}_complete")
            patch.setenv("COMP_WORDS", typed)
            patch.setenv("COMP_CWORD", number)
            # An answer to a key is the end of the program.
            with pytest.raises(SystemExit) as ended:
                main([])
        assert isinstance(ended.value.code, int)
        return Told(ended.value.code, *self._captured.readouterr())

    def offered(self, *words: str, cwd: Path) -> list[str]:
        """Return what is offered for the last word, which may be empty."""
        said = self.asked("zsh", *words, cwd=cwd)
        assert (said.status, said.err) == (0, "")
        return said.out.splitlines()[1::3]


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Keys:
    """Return what asks the real command line in this process; a real bash asks the program further below."""
    return Keys(monkeypatch, capsys)


def bash(line: str, cwd: Path) -> list[str]:
    """Return what bash would offer at the end of a line, by the script that the program prints."""
    script = f"""
        source <(modeltender completion bash)
        compopt() {{ :; }}
        COMP_LINE={line!r}
        COMP_POINT=${{#COMP_LINE}}
        _modeltender_completion modeltender
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    said = subprocess.run(
        ["bash", "--norc", "-c", script],
        check=True,
        text=True,
        capture_output=True,
        cwd=cwd,
        env=os.environ | {"PATH": f"{MODELTENDER.parent}:{os.environ['PATH']}"},
    )
    assert said.stderr == ""
    return said.stdout.splitlines()


@contextmanager
def terminal_with_bash(cwd: Path) -> Iterator["pexpect.spawn[str]"]:
    """Give a terminal with a bash that was taught."""
    environment = os.environ | {
        "PATH": f"{MODELTENDER.parent}:{os.environ['PATH']}",
        "PS1": "$ ",
        "TERM": "dumb",
    }
    terminal = pexpect.spawn(
        "bash",
        ["--norc"],
        cwd=str(cwd),
        env=environment,
        encoding="utf-8",
        dimensions=(24, 200),
        timeout=100,
    )
    try:
        # The sum is what is waited for: the line itself is echoed.
        terminal.sendline('eval "$(modeltender completion bash)"; echo taught $((1 + 1))')
        terminal.expect_exact("taught 2")
        yield terminal
    finally:
        terminal.close(force=True)


def test_commands_are_offered_with_what_they_do(keys: Keys, tmp_path: Path) -> None:
    """Also where there is no workspace; zsh and fish show the words beside them."""
    assert keys.offered("", cwd=tmp_path) == list(COMMANDS)
    assert keys.offered("ev", cwd=tmp_path) == ["evaluate", "events"]
    said = keys.asked("fish", "eval", cwd=tmp_path)
    assert said.out.startswith("plain,evaluate\t")


def test_models_are_offered(keys: Keys, filled: Workspace) -> None:
    """Those whose names begin with what was typed, in the workspace that the line means."""
    names = sorted(path for path in keys.offered("show", "", cwd=filled.root))
    assert "mnist" in names
    assert keys.offered("show", "mni", cwd=filled.root) == [name for name in names if name.startswith("mni")]
    assert keys.offered("promote", "-w", str(filled.root), "mni", cwd=Path("/"))[0] == "mnist"
    assert keys.offered("-w", str(filled.root), "promote", "mni", cwd=Path("/"))[0] == "mnist"


def test_versions_are_offered_by_role_and_number(keys: Keys, filled: Workspace) -> None:
    """After an @, and where a command takes a version of the model before it."""
    assert keys.offered("show", "mnist@", cwd=filled.root) == [
        "mnist@current",
        "mnist@candidate",
        "mnist@3",
        "mnist@2",
        "mnist@1",
    ]
    assert keys.offered("show", "mnist@c", cwd=filled.root) == ["mnist@current", "mnist@candidate"]
    assert keys.offered("compare", "mnist", "ca", cwd=filled.root) == ["candidate"]
    assert keys.offered("compare", "mnist", "1", "cu", cwd=filled.root) == ["current"]


def test_nothing_is_offered_where_nothing_is_known(keys: Keys, tmp_path: Path, workspace: Workspace) -> None:
    """No workspace, none that an engine has worked in, a damaged one: no words, and no errors either."""
    assert keys.offered("show", "m", cwd=tmp_path) == []
    assert keys.offered("show", "m", cwd=workspace.root) == []
    workspace.database.write_text("no database" * 100)
    assert keys.offered("show", "m", cwd=workspace.root) == []


def test_an_unknown_model_has_no_versions(keys: Keys, filled: Workspace) -> None:
    """Who mistypes a name sees that there is nothing."""
    assert keys.offered("show", "mnits@", cwd=filled.root) == []


def test_options_and_folders_are_offered(keys: Keys, tmp_path: Path) -> None:
    """An option by its beginning; what looks like a path is left to the shell."""
    assert "--json" in keys.offered("models", "--", cwd=tmp_path)
    assert keys.asked("zsh", "./mo", cwd=tmp_path).out.splitlines()[:2] == ["dir", "./mo"]


@needs_bash
def test_bash_gets_the_part_of_the_word_that_it_is_at(filled: Workspace) -> None:
    """Bash takes a word apart at @, so that only what comes after it is wanted."""
    assert bash("modeltender show mnist@c", filled.root) == ["@current", "@candidate"]
    assert bash("modeltender show mnist@", filled.root)[0] == "@current"
    assert bash("modeltender show mni", filled.root)[0] == "mnist"
    assert bash("modeltender prom", filled.root) == ["promote"]
    assert "start" in bash("modeltender engine ", filled.root)


@needs_bash
def test_a_key_completes_the_line_of_a_real_bash(filled: Workspace) -> None:
    """On a terminal: what is typed so far and one tab make the whole name, which the command then understands."""
    with terminal_with_bash(filled.root) as terminal:
        terminal.send("modeltender sho\t")
        terminal.expect_exact("show ")
        terminal.send("mnist@cu\t")
        terminal.expect_exact("current ")
        terminal.sendline("--json | grep -c '\"role\":\"current\"' | sed 's/^/lines /'")
        terminal.expect_exact("lines 1")


@needs_bash
@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("heart\\ ra", "heart rate"),
        ("heart\\ ", "heart rate"),
        ("'heart ", "heart rate"),
        ('"heart ra', "heart rate"),
        ("it", "it's"),
        ("'it", "it's"),
        ("say", 'say "hi" $HOME'),
        ('"say', 'say "hi" $HOME'),
        ("cost", "cost;rm *"),
        ('"heart rate@can', "heart rate@candidate"),
        ("heart\\ rate@can", "heart rate@candidate"),
    ],
)
def test_a_name_of_any_letters_is_one_word_once_a_key_has_completed_it(
    typed: str, name: str, filled: Workspace, writer: Writer
) -> None:
    """Spaces, quotation marks and what a shell would act upon: a command gets the name as it is."""
    with writer.transaction() as connection:
        for other in ("it's", 'say "hi" $HOME', "cost;rm *"):
            models.ensure(connection, other, now=0)
        rated = models.ensure(connection, "heart rate", now=0)
        models.add_version(connection, rated, 1, status=Status.READY, found_at=0)
    with terminal_with_bash(filled.root) as terminal:
        # The completion asks the program; what is typed runs this.
        terminal.sendline("modeltender() { printf 'got <%s>\\n' \"${@:2}\"; }")
        terminal.send(f"modeltender show {typed}\t")
        terminal.send("\r")
        terminal.expect_exact(f"got <{name}>")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_for_the_shell(shell: str, run: Run) -> None:
    """It names its function and its program; --json holds the same."""
    said = run("completion", shell)
    assert said.status == ExitCode.DONE
    assert "_modeltender_completion" in said.out
    assert f"_MODELTENDER_COMPLETE={shell}_complete" in said.out
    assert run("completion", shell, "--json").json == {"shell": shell, "script": said.out.removesuffix("\n")}


def test_an_answer_loads_no_framework(filled: Workspace) -> None:
    """A key is not kept waiting by what models are run with, nor by the console."""
    code = (
        "import sys\nfrom tui.command_line import main\n"
        "try:\n    main([])\nexcept SystemExit:\n    pass\n"
        "print([n for n in ('numpy', 'scipy', 'tensorflow', 'torch', 'onnxruntime', 'textual') if n in sys.modules])"
    )
    told = {"_MODELTENDER_COMPLETE": "zsh_complete", "COMP_WORDS": "modeltender show mni", "COMP_CWORD": "2"}
    said = subprocess.run(
        [sys.executable, "-P", "-c", code],
        check=True,
        text=True,
        capture_output=True,
        cwd=filled.root,
        env=os.environ | told,
    )
    assert said.stdout.splitlines()[-1] == "[]"
    assert "mnist" in said.stdout


def test_versions_are_told_without_importing_frameworks() -> None:
    """--version names the program first, then Python and what runs models; each by what is installed."""
    code = (
        "import sys\nfrom tui.command_line import main\nmain(['--version'])\n"
        "import json; print(json.dumps([n for n in ('numpy', 'tensorflow', 'torch', 'onnxruntime') if n in sys.modules]))"
    )
    said = subprocess.run([sys.executable, "-P", "-c", code], check=True, text=True, capture_output=True)
    *lines, loaded = said.stdout.splitlines()
    assert json.loads(loaded) == []
    assert lines[0].startswith("modeltender ")
    assert lines[1].startswith("Python 3.")
    from importlib.metadata import version

    assert f"onnxruntime {version('onnxruntime')}" in lines
