"""What is missing, what pip is told, and what a person is told when pip cannot."""

import platform
import sys

import pytest

from engine.doctor import extras, machine, requirements
from engine.doctor.extras import Extra, InstallError
from engine.runtimes import RUNTIMES
from storage.vocabulary import Condition

LINES = [
    "click>=8.2",
    'tensorflow-cpu>=2.18; platform_machine == "x86_64" and extra == "tensorflow"',
    'tensorflow>=2.18; platform_machine != "x86_64" and extra == "tensorflow"',
    'keras>=3.11.3; extra == "tensorflow"',
    'torch>=2.10; extra == "torch"',
    'no-such-package-of-ours>=1; extra == "data"',
    'modeltender[tensorflow,torch]; extra == "all"',
]

TORCH = Extra("torch", "torchscript models", ("torch>=2.10",))


@pytest.mark.parametrize(
    ("machine", "wanted"),
    [
        ("x86_64", ("tensorflow-cpu>=2.18", "keras>=3.11.3")),
        ("aarch64", ("tensorflow>=2.18", "keras>=3.11.3")),
    ],
)
def test_what_pip_is_told(monkeypatch: pytest.MonkeyPatch, machine: str, wanted: tuple[str, ...]) -> None:
    """An extra's requirements are those of this machine's kind, without the condition, and no other extra's."""
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert requirements.of_extra("tensorflow", LINES) == wanted
    assert requirements.of_extra("torch", LINES) == ("torch>=2.10",)


def test_own_extras_are_known() -> None:
    """Every extra that is ever offered is in this program's own metadata, with something to install."""
    lines = requirements.own()
    for name in [*(spec.extra for spec in RUNTIMES), extras.DATA, extras.NVIDIA]:
        assert requirements.of_extra(name, lines), name


def test_nothing_is_missing_here() -> None:
    """This environment has every extra, so nothing is offered."""
    assert extras.missing([]) == []


def test_missing_readers_of_data_are_a_warning() -> None:
    """Data in arrays and tables need nothing; what more kinds need is named."""
    check = extras.data(LINES)
    assert check.status is Condition.WARNING
    assert check.detail.startswith("no-such-package-of-ours not installed, so no Parquet files")
    assert check.fix == "pip install 'modeltender[data]'"
    assert extras.data().status is Condition.OK


def test_a_program_that_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run from its folder alone it does not know what its parts need: that is said, and nothing is called complete."""
    monkeypatch.setattr(requirements, "own", list)
    assert extras.data().status is Condition.WARNING
    assert machine.layout().status is Condition.WARNING
    with pytest.raises(InstallError, match="not installed in this Python") as refused:
        extras.missing([])
    assert "pip install '.[all]'" in refused.value.hint


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        (f"{sys.executable}: No module named pip", "has no pip", "-m ensurepip --upgrade"),
        (
            "error: externally-managed-environment\n\nx This environment",
            "The system manages",
            "python3 -m venv ENV",
        ),
        (
            "NewConnectionError('Failed to establish a new connection')\nERROR: No matching distribution found",
            "No package index can be reached from here, so torch was not installed.",
            "-m pip install --no-index --find-links FOLDER 'torch>=2.10'",
        ),
        ("ERROR: Could not install: [Errno 28] No space left on device", "The disk is full", "Free some"),
        ("ERROR: Could not install: [Errno 13] Permission denied: '/usr'", "may not write into", "owner"),
        (
            "ERROR: Could not find a version\nERROR: No matching distribution found for torch>=2.10\n",
            "pip did not install torch: No matching distribution found for torch>=2.10.",
            "-m pip install 'torch>=2.10'",
        ),
        ("", "it did not say why", "-m pip install 'torch>=2.10'"),
    ],
)
def test_why_pip_did_not(said: str, message: str, hint: str) -> None:
    """Whatever kept pip from it is one sentence, with what helps."""
    error = extras.failure(TORCH, said)
    assert message in error.message
    assert hint in error.hint
    assert "\n" not in error.message + error.hint
