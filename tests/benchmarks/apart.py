"""Running a module of the benchmarks in a process of its own, so that no measurement warms up another."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TypeVar

import msgspec

ROOT = Path(__file__).parents[2]

PEERS = Path(sys.prefix) / "bench"
"""Where ``make bench`` installs the tools to compare with, out of the program's own sight."""

AnswerT = TypeVar("AnswerT")


def run(module: str, *arguments: str, **environment: str) -> str:
    """Return what ``tests.benchmarks.<module>`` prints.

    Raises:
        RuntimeError: it failed; the message is the end of what it said.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-m", f"tests.benchmarks.{module}", *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(PEERS)])} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} failed: {done.stderr[-2000:]}")
    return done.stdout


def ask(wanted: type[AnswerT], module: str, *arguments: str) -> AnswerT:
    """Return what ``tests.benchmarks.<module>`` prints on its last line, as JSON of a type."""
    return msgspec.json.decode(run(module, *arguments).splitlines()[-1], type=wanted)
