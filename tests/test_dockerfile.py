"""The container's recipe and the tree agree: what it copies, installs and calls is there. Building it needs a builder."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

from tui.command_line import modeltender

ROOT = Path(__file__).parents[1]
RECIPE = (ROOT / "Dockerfile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

CALLS = [
    re.findall(r'"([^"]+)"', line)
    for line in re.findall(r"^(?:HEALTHCHECK .*)?CMD (\[.*\])$", RECIPE, re.MULTILINE)
]


def default(argument: str) -> str:
    """Return what a build argument is where nobody names it."""
    [value] = re.findall(rf"^ARG {argument}=(.*)$", RECIPE, re.MULTILINE)
    return str(value)


def copied() -> set[str]:
    """Return what the recipe takes from the tree."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", RECIPE, re.MULTILINE)
    return {name for line in lines for name in line.split()}


def test_it_copies_what_is_let_through() -> None:
    """Every file and folder that it copies exists, and is all that the builder is sent."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert copied() == {line[1:] for line in ignored if line.startswith("!")}
    assert all((ROOT / name).exists() for name in copied())


def test_it_copies_every_package() -> None:
    """No package of the wheel stays behind."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"][
        "include"
    ]
    assert {pattern.rstrip("*") for pattern in wanted} <= copied()


def test_its_extras_exist() -> None:
    """The frameworks that it installs where nobody says otherwise are extras of the project."""
    assert set(default("EXTRAS").split(",")) <= set(PROJECT["optional-dependencies"])


def test_its_python_is_new_enough() -> None:
    """The base image's Python is one that the project runs on."""
    [least] = re.findall(r">=3\.(\d+)", PROJECT["requires-python"])
    assert int(default("PYTHON").removeprefix("3.")) >= int(least)


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_what_it_calls_are_commands(call: list[str]) -> None:
    """The engine that it starts and the question for its health are commands of this command line."""
    assert re.search(r'^ENTRYPOINT \["modeltender"\]$', RECIPE, re.MULTILINE)
    command: click.Command = modeltender
    for word in call[1:] if call[0] == "modeltender" else call:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None, word
        command = found
    assert not isinstance(command, click.Group)


def test_there_are_two_calls() -> None:
    """The two that the test above looks at were found."""
    assert len(CALLS) == 2


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
def test_a_linter_has_nothing_to_say() -> None:
    """What linters of such recipes know to go wrong is not in it."""
    said = subprocess.run(["hadolint", str(ROOT / "Dockerfile")], check=False, capture_output=True, text=True)
    assert said.stdout == ""
