"""The command ``doctor``: its document, its lines and its exit status."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from engine import doctor as examination
from engine import doctor_command
from engine.doctor import extras
from engine.doctor.extras import Extra, InstallError
from engine.doctor.report import Check, Report, fine, problem, warning
from engine.doctor_command import doctor, render
from engine.runtimes import RUNTIMES
from storage.errors import WorkspaceError
from storage.vocabulary import Condition, ExitCode, Layer, LayerState
from storage.workspace import Workspace

LONG = warning(
    "onnxruntime", "a sentence that is long enough to need a second line " * 3, "pip install " + "x" * 90
)


def report(*checks: Check) -> Report:
    """Return a report of these checks."""
    return Report(
        ok=all(check.status is not Condition.PROBLEM for check in checks),
        checks=checks,
        python="3.11.7",
        frameworks={},
        devices=(),
        sandbox=dict.fromkeys(Layer, LayerState.ON),
    )


def test_document_has_the_fields_of_the_contract(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--json`` prints one document with exactly the promised fields, from a real examination."""
    monkeypatch.setattr(examination, "RUNTIMES", [spec for spec in RUNTIMES if spec.extra == "onnx"])
    done = CliRunner().invoke(doctor, ["--json", "-w", str(workspace.root)], standalone_mode=False)
    document = json.loads(done.stdout)
    assert set(document) == {"ok", "checks", "python", "frameworks", "devices", "sandbox"}
    assert {frozenset(check) for check in document["checks"]} == {
        frozenset({"name", "status", "detail", "fix"})
    }
    device = {
        "id",
        "kind",
        "name",
        "utilisation",
        "memory_used_bytes",
        "memory_total_bytes",
        "usable_by",
        "note",
        "unusable_by",
    }
    assert {frozenset(one) for one in document["devices"]} == {frozenset(device)}
    assert set(document["sandbox"].values()) <= {"on", "off", "unavailable"}
    assert done.return_value == (ExitCode.DONE if document["ok"] else ExitCode.NO)
    assert done.stderr == ""


def test_lines_come_as_checks_are_done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A person sees each check with a word, and at the end how many things want mending."""
    checks = (
        fine("python", "3.11.7"),
        warning("terminal", "small", "Enlarge it."),
        problem("disk", "full", "Free some."),
    )
    monkeypatch.chdir(tmp_path)

    def examine(_workspace: Workspace | None, tell: object) -> Report:
        assert callable(tell)
        for check in checks:
            tell(check)
        return report(*checks)

    monkeypatch.setattr(doctor_command, "examine", examine)
    done = CliRunner().invoke(doctor, [], standalone_mode=False)
    assert done.return_value == ExitCode.NO
    assert done.stdout.splitlines() == [
        "✓ ok       python            3.11.7",
        "! warning  terminal          small",
        "                             → Enlarge it.",
        "✗ problem  disk              full",
        "                             → Free some.",
        "",
        "1 problem and 1 warning; the lines with an arrow say what to do.",
    ]


def test_lines_fit_80_columns() -> None:
    """Text is wrapped at 80 columns; a command to copy stays whole on its own line."""
    *lines, command = render(LONG).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == 4
    assert command.strip().removeprefix("-> ").removeprefix("→ ") == LONG.fix


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_terminal_without_utf8_gets_plain_marks(encoding: str) -> None:
    """Where the output cannot carry the marks, plain ones stand in for them."""
    shown = CliRunner(charset=encoding)
    with shown.isolation():
        assert render(problem("disk", "full", "Free some.")).isascii()


def test_warnings_alone_exit_with_0(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is only worth knowing does not make a script fail."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor_command, "examine", lambda _workspace, _tell: report(LONG))
    done = CliRunner().invoke(doctor, [], standalone_mode=False)
    assert done.return_value == ExitCode.DONE
    assert done.stdout.splitlines()[-1] == "1 warning; modeltender works."


def test_named_workspace_must_be_one(tmp_path: Path) -> None:
    """A workspace that was named and is none is an error; an unnamed one may be missing."""
    done = CliRunner().invoke(doctor, ["-w", str(tmp_path / "nowhere")], standalone_mode=False)
    assert isinstance(done.exception, WorkspaceError)


TORCH = Extra("torch", "torchscript models", ("torch>=2.10",))
ONNX = Extra("onnx", "onnx models", ("onnxruntime>=1.20", "onnx>=1.21"))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Let torch and ONNX be missing on a terminal; return what is installed, which nothing really is."""
    asked: list[str] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor_command, "examine", lambda _workspace, _tell: report(LONG))
    monkeypatch.setattr(extras, "missing", lambda _devices: [TORCH, ONNX])
    monkeypatch.setattr(extras, "install", lambda extra: asked.append(extra.name))
    return asked


def test_fix_installs_what_is_agreed_to(installed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each missing part is offered with what it is and what it is for; what is declined stays away."""
    monkeypatch.setattr(doctor_command, "_somebody_answers", lambda: True)
    done = CliRunner().invoke(doctor, ["--fix"], input="n\ny\n", standalone_mode=False)
    assert installed == ["onnx"]
    assert done.return_value == ExitCode.NO
    assert "Install torch (torch>=2.10), for torchscript models? [y/N]" in done.stdout
    assert "Installed: onnx. See what works now: modeltender doctor" in done.stdout


def test_fix_with_yes_asks_nothing(installed: list[str]) -> None:
    """With --yes everything that is missing is installed, also where nobody answers."""
    done = CliRunner().invoke(doctor, ["--fix", "--yes"], standalone_mode=False)
    assert installed == ["torch", "onnx"]
    assert done.return_value == ExitCode.DONE


def test_fix_that_fails_half_way_says_what_was_done(
    installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the second part cannot be installed, the first one is named as installed before the error."""

    def install(extra: Extra) -> None:
        if extra is ONNX:
            raise InstallError("The disk is full.", "Free some.")
        installed.append(extra.name)

    monkeypatch.setattr(extras, "install", install)
    done = CliRunner().invoke(doctor, ["--fix", "--yes"], standalone_mode=False)
    assert isinstance(done.exception, InstallError)
    assert "Installed: torch." in done.stdout


@pytest.mark.parametrize(
    ("words", "reason"),
    [(["--json", "--fix"], "talks to people"), (["--fix"], "add --yes"), (["--yes"], "--fix")],
)
def test_fix_where_it_cannot_ask(words: list[str], reason: str) -> None:
    """--fix prints for people and asks them; elsewhere it says how to go about it, before anything is looked at."""
    done = CliRunner().invoke(doctor, words, standalone_mode=False)
    assert isinstance(done.exception, click.UsageError)
    assert reason in done.exception.message


def test_nothing_to_fix(installed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is missing, that is said, and nothing is installed."""
    monkeypatch.setattr(extras, "missing", lambda _devices: [])
    done = CliRunner().invoke(doctor, ["--fix", "--yes"], standalone_mode=False)
    assert done.return_value == ExitCode.DONE
    assert "Nothing that could be installed is missing." in done.stdout
    assert installed == []
