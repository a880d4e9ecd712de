"""The real command, started as a person starts it where that matters: its errors, its exit codes, and what it does not load."""

import ctypes
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage.database import APPLICATION_ID, KNOWN_VERSION
from storage.vocabulary import ExitCode
from storage.workspace import Workspace, create_workspace
from tests.unit.tui.commands.conftest import Run, Said
from tui import command_line
from tui.command_line import COMMANDS, main

MODELTENDER = Path(sys.executable).with_name("modeltender")

PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2

HEAVY = (
    "textual",
    "rich",
    "sqlite_utils",
    "numpy",
    "psutil",
    "engine.wiring",
    "engine.service",
    "tui.app",
    "watchdog",
)


def modeltender(*words: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run the installed command."""
    return subprocess.run(
        [MODELTENDER, *words], check=False, text=True, capture_output=True, timeout=60, **options
    )


def obey_permissions() -> None:
    """Make the process that is about to start obey permissions, also where root runs the tests."""
    libc = ctypes.CDLL(None)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def error(said: Said) -> dict[str, str]:
    """Return the error of a command that was run with --json, which is all that it printed."""
    assert said.err == ""
    document = said.json
    assert list(document) == ["error"]
    assert list(document["error"]) == ["code", "message", "hint"]
    return dict(document["error"])


@pytest.mark.parametrize(
    ("words", "status", "code", "message"),
    [
        (("models", "-w", "{tmp}/missing"), ExitCode.USAGE, "workspace", "{tmp}/missing does not exist."),
        (("models", "-w", "{tmp}/file"), ExitCode.USAGE, "workspace", "{tmp}/file is a file, not a folder."),
        (("models", "-w", "{tmp}"), ExitCode.USAGE, "no-workspace", "{tmp} is not a workspace"),
        (
            ("init", "{tmp}/file"),
            ExitCode.USAGE,
            "workspace",
            "{tmp}/file is a file, and a folder is needed there.",
        ),
        (("init", "{tmp}/file/below"), ExitCode.USAGE, "workspace", "{tmp}/file/below cannot be made"),
        (("init", "{workspace}"), ExitCode.USAGE, "workspace-exists", "{workspace} is a workspace already"),
        (("show", "nothing", "-w", "{workspace}"), ExitCode.USAGE, "unknown", "There is no model 'nothing'."),
        (("show", "mnits", "-w", "{workspace}"), ExitCode.USAGE, "unknown", "Did you mean 'mnist'?"),
        (
            ("evaluate", "mnist@latest", "-w", "{workspace}"),
            ExitCode.USAGE,
            "usage",
            "'latest' is no version",
        ),
        (("cancel", "77", "-w", "{workspace}"), ExitCode.USAGE, "unknown", "There is no job 77."),
        (("cancel", "abc", "-w", "{workspace}"), ExitCode.USAGE, "usage", "'abc' is not a whole number."),
        (("shwo", "mnist"), ExitCode.USAGE, "usage", "Did you mean 'show'?"),
        (("models", "--jsno", "-w", "{workspace}"), ExitCode.USAGE, "usage", "No such option '--jsno'"),
        (("show", "-w", "{workspace}"), ExitCode.USAGE, "usage", "Missing argument 'MODEL[@VERSION]'"),
        (("engine", "strat", "-w", "{workspace}"), ExitCode.USAGE, "usage", "No such command 'strat'."),
        (("{tmp}/missing",), ExitCode.USAGE, "usage", "No such option '--json'"),
    ],
)
def test_bad_input_gets_one_clear_sentence(
    words: tuple[str, ...], status: int, code: str, message: str, tmp_path: Path, filled: Workspace, run: Run
) -> None:
    """Each kind of bad input has its sentence, its code and its exit status, as JSON and as text."""
    (tmp_path / "file").write_text("not a folder")
    places = {"tmp": str(tmp_path), "workspace": str(filled.root)}
    words = tuple(word.format(**places) for word in words)
    said = run(*words, "--json")
    assert said.status == status
    assert error(said)["code"] == code
    assert message.format(**places) in error(said)["message"]


@pytest.mark.parametrize("group", ["engine", "data", "db", "quarantine"])
def test_a_group_without_a_command_is_one_sentence(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Leaving out which of a group's commands is meant gets a sentence that names them, not a page of help in its place."""
    assert main([group]) == ExitCode.USAGE
    first, hint = capsys.readouterr().err.splitlines()
    assert first.startswith(f"modeltender: '{group}' needs one word more: ")
    assert first.endswith(".")
    assert " or " in first
    assert hint == f"  See: modeltender {group} --help"


def test_the_help_says_whole_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    """What a command does is read to its end, also where that takes two lines."""
    assert main(["--help"]) == ExitCode.DONE
    told = capsys.readouterr().out
    assert "..." not in told.partition("Commands:")[2]
    assert " ".join(told.split()).count("inputs and outputs, and what loading took.") == 1


def test_an_error_for_a_person_is_on_standard_error(tmp_path: Path) -> None:
    """Without --json, standard output stays empty and the sentence names the program and what to do."""
    said = modeltender("models", cwd=tmp_path)
    assert (said.returncode, said.stdout) == (ExitCode.USAGE, "")
    assert said.stderr == (
        f"modeltender: {tmp_path} is not a workspace: it has no modeltender.toml and no .modeltender folder.\n"
        f"  Make one with: modeltender init {tmp_path}\n"
    )


def test_a_newer_database_is_refused_untouched(workspace: Workspace, run: Run) -> None:
    """A database of a newer program is not read, not changed, and no engine is started on it."""
    _database(
        workspace, f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {KNOWN_VERSION + 1}"
    )
    before = workspace.database.read_bytes()
    for words in (("models",), ("evaluate", "mnist"), ("engine", "start"), ("engine", "status")):
        said = run(*words, "-w", str(workspace.root), "--json")
        assert (said.status, error(said)["code"]) == (ExitCode.FAILED, "newer-database")
    assert workspace.database.read_bytes() == before


def test_a_foreign_database_is_refused_untouched(workspace: Workspace, run: Run) -> None:
    """Somebody else's SQLite file in our place is left alone."""
    _database(workspace, "CREATE TABLE recipes (name TEXT)")
    before = workspace.database.read_bytes()
    said = run("status", "-w", str(workspace.root), "--json")
    assert (said.status, error(said)["code"]) == (ExitCode.FAILED, "foreign-database")
    assert workspace.database.read_bytes() == before


def test_a_damaged_database_is_told(workspace: Workspace, run: Run) -> None:
    """A file that is no database is told as damaged, with what to do."""
    workspace.database.write_text("this is not a database, it only lies where one should be" * 20)
    said = run("models", "-w", str(workspace.root), "--json")
    assert (said.status, error(said)["code"]) == (ExitCode.FAILED, "damaged-database")
    assert error(said)["hint"]


@pytest.mark.parametrize(
    ("place", "mode", "words", "message"),
    [
        ("", 0o500, ("engine", "start"), "cannot be written by this user"),
        ("models", 0o500, ("engine", "start"), "cannot be written by this user"),
        ("", 0o000, ("models",), "cannot be read"),
        (".modeltender", 0o000, ("models",), "cannot be read by this user"),
        ("..", 0o500, ("init", "{parent}/new"), "cannot be made: Permission denied"),
    ],
)
def test_a_folder_without_rights_is_named(
    place: str, mode: int, words: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    """A folder that this user may not read or write is named, and nothing else happens."""
    workspace = create_workspace(tmp_path / "locked" / "workspace")
    folder = (workspace.root / place).resolve()
    words = tuple(word.format(parent=folder) for word in words)
    rest = () if words[0] == "init" else ("-w", str(workspace.root))
    folder.chmod(mode)
    try:
        ended = modeltender(*words, *rest, "--json", preexec_fn=obey_permissions)
    finally:
        folder.chmod(0o700)
    said = Said(ended.returncode, ended.stdout, ended.stderr)
    assert said.status == ExitCode.USAGE
    assert message in error(said)["message"]
    assert str(tmp_path / "locked") in error(said)["message"]


@pytest.mark.parametrize(
    "words", [("models",), ("show", "mnist"), ("history", "mnist"), ("events",), ("jobs",)]
)
def test_a_command_loads_only_what_it_needs(words: tuple[str, ...], filled: Workspace) -> None:
    """Reading commands load no console, no numerical library and nothing of the engine."""
    code = (
        "import sys\nfrom tui.command_line import main\n"
        f"main({[*words, '-w', str(filled.root), '--json']!r})\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    said = subprocess.run([sys.executable, "-P", "-c", code], check=True, text=True, capture_output=True)
    assert said.stderr == "[]\n"
    json.loads(said.stdout)


def test_evaluate_loads_no_more(filled: Workspace) -> None:
    """The command whose speed is promised does not load the console or a numerical library either."""
    code = (
        "import sys\nfrom tui.command_line import main\n"
        f"main(['evaluate', 'mnist', '--no-wait', '-w', {str(filled.root)!r}, '--json'])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    said = subprocess.run([sys.executable, "-P", "-c", code], check=True, text=True, capture_output=True)
    assert said.stderr == "[]\n"


def test_output_that_nobody_reads_any_more_is_no_error(filled: Workspace) -> None:
    """A pipe that is closed early ends the command quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    said = subprocess.run(
        [MODELTENDER, "models", "-w", str(filled.root)],
        check=False,
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(writing)
    assert (said.returncode, said.stderr) == (ExitCode.DONE, b"")


@pytest.mark.parametrize("words", [("models",), ("models", "--json"), ("--help",)])
def test_output_that_cannot_be_written_is_told(words: tuple[str, ...], filled: Workspace) -> None:
    """A full disk under the output is a failure, not a success without words."""
    with Path("/dev/full").open("w") as full:
        said = subprocess.run(
            [MODELTENDER, *words],
            check=False,
            text=True,
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=filled.root,
            timeout=60,
        )
    assert said.returncode == ExitCode.FAILED
    assert "Traceback" not in said.stderr
    assert "There is no space left on the disk." in said.stderr


@pytest.mark.parametrize("closed", [">&-", "<&- >&-", "<&- >&- 2>&-"])
def test_streams_that_a_script_has_closed_are_no_error(closed: str, filled: Workspace) -> None:
    """The exit status still tells, and no file of the workspace takes a stream's place to be written over."""
    before = filled.database.read_bytes()
    said = subprocess.run(
        ["/bin/sh", "-c", f'"$0" models -w "$1" {closed}', MODELTENDER, str(filled.root)],
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert (said.returncode, said.stdout, said.stderr) == (ExitCode.DONE, b"", b"")
    assert filled.database.read_bytes() == before


def test_an_old_character_set_is_no_error(filled: Workspace) -> None:
    """A terminal without a plus-minus sign gets a question mark in its place."""
    cyrillic = os.environ | {"PYTHONIOENCODING": "iso8859-5"}
    said = modeltender("models", "-w", str(filled.root), env=cyrillic)
    assert said.returncode == ExitCode.DONE
    assert "accuracy 0.9400 ?0.0100" in said.stdout


def test_ctrl_c_is_quiet(ask: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a command with the shell's number for it and without a traceback."""

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tui.commands.devices.time.sleep", interrupt)
    said = ask("devices", "--watch")
    assert (said.status, said.err.strip()) == (130, "")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a mistake into one command."""

    def load(_target: str) -> Callable[..., Any]:
        raise ZeroDivisionError("a mistake\x1b[2J")

    monkeypatch.setattr(command_line, "_load", load)


@pytest.mark.usefixtures("broken")
def test_a_mistake_of_ours_is_a_sentence_and_a_file(ask: Run, filled: Workspace) -> None:
    """An error that nobody foresaw is told in a sentence; its traceback lies in the workspace's logs."""
    said = ask("models")
    assert said.status == ExitCode.FAILED
    (file,) = filled.log.parent.glob("crash-*.txt")
    assert said.err == (
        "modeltender: Internal error (ZeroDivisionError: a mistake\ufffd[2J).\n"
        f"  This is a mistake in modeltender; please report it with {file}\n"
    )
    assert "ZeroDivisionError" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("broken")
def test_a_mistake_of_the_console_itself_is_a_sentence_too(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing but the program's name was typed, as most people open the console, a mistake is told the same way."""
    monkeypatch.chdir(filled.root)
    assert main([]) == ExitCode.FAILED
    (file,) = filled.log.parent.glob("crash-*.txt")
    assert f"please report it with {file}" in capsys.readouterr().err


@pytest.mark.usefixtures("broken")
def test_a_mistake_of_ours_is_json_where_that_was_asked_for(ask: Run) -> None:
    """A script gets its one document in this case too."""
    said = ask("models", "--json")
    assert (said.status, said.json["error"]["code"]) == (ExitCode.FAILED, "internal")


@pytest.mark.usefixtures("broken")
def test_the_traceback_can_be_asked_for(ask: Run, filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """With MODELTENDER_DEBUG the traceback is on standard error and no file is written."""
    monkeypatch.setenv("MODELTENDER_DEBUG", "1")
    assert "Traceback" in ask("models").err
    assert not list(filled.log.parent.glob("crash-*.txt"))


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    """Each command says what it does and shows one call that a person could type."""
    for name in COMMANDS:
        assert main([name, "--help"]) == ExitCode.DONE
        text = capsys.readouterr().out
        assert text.startswith(f"Usage: modeltender {name}")
        if name != "engine":
            assert f"Example: modeltender {name}" in text


def test_help_lists_the_commands_in_the_order_of_their_table(capsys: pytest.CaptureFixture[str]) -> None:
    """The overview of commands is complete and tells the exit codes."""
    assert main(["--help"]) == ExitCode.DONE
    text = capsys.readouterr().out
    listed = [
        line.split()[0]
        for line in text.split("Commands:")[1].splitlines()
        if line.startswith("  ") and line[2] != " "
    ]
    assert [name for name in listed if name in COMMANDS] == list(COMMANDS)
    assert "5 inconclusive" in " ".join(text.split())


def test_the_version_is_that_of_the_package() -> None:
    """--version names the program and the version that is installed in its first line."""
    from importlib.metadata import version

    said = modeltender("--version")
    assert (said.returncode, said.stdout.splitlines()[0]) == (0, f"modeltender {version('modeltender')}")


def test_the_workspace_may_be_named_before_the_command(run: Run, filled: Workspace) -> None:
    """-w means the same before and after the command's name, for the engine's commands too."""
    assert (
        run("-w", str(filled.root), "models", "--json").json
        == run("models", "-w", str(filled.root), "--json").json
    )
    assert run("-w", str(filled.root), "engine", "status", "--json").json["running"] is True


def test_a_folder_that_is_called_like_a_command_is_written_with_a_slash(tmp_path: Path) -> None:
    """A command wins over a folder of its name; ./ says that the folder is meant."""
    (tmp_path / "models").mkdir()
    said = modeltender("./models", cwd=tmp_path, env=os.environ | {"TERM": "xterm"}, stdin=subprocess.DEVNULL)
    assert said.returncode == ExitCode.USAGE
    assert said.stderr


def _database(workspace: Workspace, *statements: str) -> None:
    connection = sqlite3.connect(workspace.database)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
