"""Programs of tests in name spaces of their own: they may mount and be short of things without being root."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]

MOUNTING = ("unshare", "-Urm", "--propagation", "private")
"""What a program is started with so that what it mounts is seen by itself alone."""

ALONE = ("unshare", "-Ur")
"""What it is started with to have limits of its own."""


def small_disk(place: Path, size: str, *, first: str = ":") -> tuple[str, ...]:
    """Return what a program is started with where ``place`` is to be a disk of a size; ``first`` is done on it before."""
    script = f'mount -t tmpfs -o size={size} none {place} && {first} && exec "$@"'
    return (*MOUNTING, "sh", "-c", script, "sh")


def python(apart: Sequence[str], script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script of Python apart, which must succeed; the test is skipped where this system allows nobody that."""
    found = subprocess.run(
        [*apart, sys.executable, "-P", "-c", script, *arguments],
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in found.stderr and "Operation not permitted" in found.stderr:
        pytest.skip("this system allows no user namespaces, so that takes root")
    assert found.returncode == 0, found.stderr
    return found
