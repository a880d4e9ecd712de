"""Builds what is given away: the source distribution from the tree, and the wheel from that distribution alone.

The tree is copied first, so that nothing of an earlier build gets in and nothing of this one stays behind. It asks no
index: the build backend is the one that is installed.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

LEFT_OUT = (".*", "__pycache__", "*.egg-info", "build", "dist", "demo", "tests")
"""What lies in a tree that somebody works in, and is not given away."""

SDIST = "import sys; from setuptools import build_meta; print(build_meta.build_sdist(sys.argv[1]))"


class Distributions(NamedTuple):
    """What was built."""

    sdist: Path
    wheel: Path


def build(tree: Path, made: Path, *, work: Path) -> Distributions:
    """Build the distributions of a tree into the folder ``made``, by way of the empty folder ``work``."""
    copy = work / "tree"
    shutil.copytree(tree, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    made.mkdir(parents=True, exist_ok=True)
    before = set(made.iterdir())
    for old in made.glob("modeltender-*"):
        old.unlink()
    # Without -P: the pages are those of the commands in the copy, wherever it came from.
    _run([sys.executable, "-m", "tui.commands.manual", "man"], cwd=copy)
    _run([sys.executable, "-P", "-c", SDIST, str(made)], cwd=copy)
    [sdist] = made.glob("modeltender-*.tar.gz")
    pip = [sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index"]
    _run([*pip, *offline, "--wheel-dir", str(made), str(sdist)], cwd=work)
    [wheel] = made.glob("modeltender-*.whl")
    return Distributions(sdist, wheel)


def _run(command: list[str], *, cwd: Path) -> None:
    """Run a command; what it said is shown where it failed."""
    done = subprocess.run(command, cwd=cwd, check=False, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
