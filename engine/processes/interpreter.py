"""Which Python a host runs with: the engine's own, or that of another environment, which need not know modeltender.

Owns how our code gets onto another interpreter's path: by two links in a folder that holds nothing else, so that neither
the engine's own packages nor anything beside our code can take the place of what that environment has installed.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

import engine
import storage
from engine.processes.environment import for_host
from engine.protocols import RuntimeSpec
from storage.errors import UnknownError
from storage.text import clean

NEEDED: Final = ("msgspec", "numpy", "psutil")
"""What model processes import besides their framework; all else of ours is for the engine and the console."""

OLDEST: Final = (3, 11)
"""Our code does not run on older ones."""

ANSWER_S: Final = 60.0
"""An interpreter starts in a tenth of a second, and looks through its packages in another one."""

PACKAGES: Final = (engine, storage)
"""Of our code what a model process is made of."""

QUESTION: Final = """
import importlib.util, json, sys
missing = [name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]
print(json.dumps({"version": list(sys.version_info[:3]), "missing": missing}))
"""


class Interpreter(NamedTuple):
    """A Python, and where it finds our code."""

    executable: str
    ours: str = ""
    """The folder to be put on its path; empty where it has modeltender installed, as the engine's own has."""

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return the environment that a host of it inherits from."""
        if not self.ours:
            return dict(inherited)
        # What it compiles would lie among our code, and stay.
        return {**inherited, "PYTHONPATH": self.ours, "PYTHONDONTWRITEBYTECODE": "1"}


OWN: Final = Interpreter(sys.executable)


class Inventory(msgspec.Struct, frozen=True):
    """What an environment runs models with."""

    python: str
    runtimes: tuple[RuntimeSpec, ...]
    """As that environment resolves them: where one framework is missing, another may stand in."""


class _Answer(msgspec.Struct):
    version: tuple[int, int, int]
    missing: tuple[str, ...]


@contextlib.contextmanager
def other(executable: Path, inherited: Mapping[str, str]) -> Iterator[Interpreter]:
    """Return another environment's interpreter, able to be a host.

    Raises:
        UnknownError: it is no interpreter, too old, or lacks what model processes need.
    """
    _check(executable, inherited)
    with tempfile.TemporaryDirectory(prefix="modeltender-rehearsal-") as folder:
        for package in PACKAGES:
            source = Path(package.__file__ or "").parent
            Path(folder, source.name).symlink_to(source, target_is_directory=True)
        yield Interpreter(str(executable), folder)


def inventory(interpreter: Interpreter, inherited: Mapping[str, str]) -> Inventory:
    """Return what an environment has, found out by our own code in it.

    Raises:
        UnknownError: our code does not run there.
    """
    command = [interpreter.executable, "-P", "-m", "engine.processes.inventory"]
    answer = _asked(command, interpreter.environment(inherited))
    try:
        return msgspec.json.decode(answer, type=Inventory)
    except msgspec.DecodeError:
        raise UnknownError(
            f"{clean(interpreter.executable)} cannot run model processes: it answers with something else.",
            "Look for what its environment prints when Python starts.",
        ) from None


def _check(executable: Path, inherited: Mapping[str, str]) -> None:
    """Ask an interpreter what it is, with nothing but what every Python has."""
    found = _asked([str(executable), "-I", "-c", QUESTION, *NEEDED], inherited)
    shown = clean(str(executable))
    try:
        answer = msgspec.convert(json.loads(found), _Answer)
    except (ValueError, msgspec.ValidationError):
        raise UnknownError(
            f"{shown} is no Python interpreter.", "Name one, such as /path/to/environment/bin/python."
        ) from None
    if answer.version[:2] < OLDEST:
        raise UnknownError(
            f"{shown} is Python {'.'.join(map(str, answer.version))}, and model processes need "
            f"{'.'.join(map(str, OLDEST))} or newer.",
            "Make the environment with a newer one.",
        )
    if answer.missing:
        raise UnknownError(
            f"{shown} lacks {', '.join(answer.missing)}, which every model process needs.",
            f"Install it there: {shown} -m pip install {' '.join(answer.missing)}",
        )


def _asked(command: list[str], environment: Mapping[str, str]) -> bytes:
    """Return what a command prints.

    Raises:
        UnknownError: it cannot be started, fails, or takes too long.
    """
    shown = clean(command[0])
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=ANSWER_S,
            check=False,
            cwd="/",
            env=for_host(environment, tempfile.gettempdir()),
            stdin=subprocess.DEVNULL,
        )
    except OSError as error:
        raise UnknownError(
            f"{shown} cannot be started: {error.strerror}.",
            "Name a Python interpreter, such as /path/to/environment/bin/python.",
        ) from None
    except subprocess.TimeoutExpired:
        raise UnknownError(
            f"{shown} does not answer within {ANSWER_S:.0f} s.", "Try it in a shell."
        ) from None
    if done.returncode:
        lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        said = clean(lines[-1]) if lines else f"exit status {done.returncode}"
        raise UnknownError(f"{shown} cannot be used as a Python interpreter: {said}", "Try it in a shell.")
    return done.stdout
