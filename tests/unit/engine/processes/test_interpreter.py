"""Another environment's interpreter: what it must have, what it gets of ours, and what its processes may read."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from engine.processes import interpreter as interpreters
from engine.processes.interpreter import OWN, Interpreter
from engine.runtimes import RUNTIMES
from storage.errors import UnknownError
from tests.environments import environment


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment that has all that this one has, but this program."""
    return environment(tmp_path_factory.mktemp("environments") / "there")


def told(interpreter: Interpreter, program: str) -> list[str]:
    """Return the lines that a program prints in an environment."""
    done = subprocess.run(
        [interpreter.executable, "-P", "-c", program],
        env=interpreter.environment({"PATH": os.environ["PATH"]}),
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    return done.stdout.splitlines()


def test_it_finds_our_code_and_nothing_else_of_ours(there: Path) -> None:
    """The folder on its path holds the two packages that model processes are made of, and goes afterwards."""
    with interpreters.other(there, os.environ) as found:
        assert sorted(one.name for one in Path(found.ours).iterdir()) == ["engine", "storage"]
        assert told(found, "import engine, storage, msgspec; print('both')") == ["both"]
        with pytest.raises(subprocess.CalledProcessError):
            told(found, "import tui")
    assert not Path(found.ours).exists()


def test_its_processes_may_read_that_environment_and_not_this_one(there: Path) -> None:
    """What the sandbox grants is made of where that interpreter and our code lie."""
    program = "import engine.processes.child\nfrom engine.processes.readable import system_readable\nprint(*system_readable(), sep='\\n')"
    with interpreters.other(there, os.environ) as found:
        granted = told(found, program)
    folder = str(there.parents[1])
    assert sysconfig.get_path("purelib", vars={"base": folder, "platbase": folder}) in granted
    here = sysconfig.get_path("purelib")
    assert not [path for path in granted if Path(here).is_relative_to(path)]


def test_it_says_what_it_runs_models_with(there: Path) -> None:
    """As that environment resolves it; importing no framework for that."""
    with interpreters.other(there, os.environ) as found:
        inventory = interpreters.inventory(found, os.environ)
    assert inventory.runtimes == RUNTIMES
    assert inventory.python == ".".join(map(str, sys.version_info[:3]))


def test_what_it_lacks_is_named_with_the_way_to_get_it(tmp_path: Path) -> None:
    """All of it at once."""
    lacking = environment(tmp_path / "there", without=("msgspec", "psutil"))
    with (
        pytest.raises(UnknownError, match=r"lacks msgspec, psutil, which") as caught,
        interpreters.other(lacking, os.environ),
    ):
        pass
    assert caught.value.hint == f"Install it there: {lacking} -m pip install msgspec psutil"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be started: No such file"),
        ("", "cannot be started: Exec format error"),
        ("#!/bin/sh\necho hello\n", "is no Python interpreter"),
        ("#!/bin/sh\necho 'it broke' >&2; exit 3\n", "cannot be used as a Python interpreter: it broke"),
        (
            '#!/bin/sh\necho \'{"version": [3, 9, 1], "missing": []}\'\n',
            r"is Python 3\.9\.1, and model processes need 3\.11 or newer",
        ),
    ],
)
def test_what_is_no_interpreter_is_said(tmp_path: Path, content: str | None, words: str) -> None:
    """Before anything is tried with it."""
    file = tmp_path / "python"
    if content is not None:
        file.write_text(content)
        file.chmod(0o755)
    with pytest.raises(UnknownError, match=words), interpreters.other(file, os.environ):
        pass


def test_secrets_of_the_engine_are_not_told(tmp_path: Path) -> None:
    """The other environment's own start-up code gets what any host gets."""
    keeps = f"import os; open({str(tmp_path / 'environ')!r}, 'a').write(repr(dict(os.environ)))"
    there = environment(tmp_path / "there", at_start=keeps)
    with interpreters.other(there, {**os.environ, "MAIL_PASSWORD": "of-2026"}) as found:
        interpreters.inventory(found, {**os.environ, "MAIL_PASSWORD": "of-2026"})
    assert "of-2026" not in (tmp_path / "environ").read_text()


def test_the_engine_s_own_needs_nothing() -> None:
    """It has modeltender installed, and inherits what it inherits."""
    assert OWN.environment({"PYTHONPATH": "/x"}) == {"PYTHONPATH": "/x"}
