"""An environment of its own with the built wheel in it, for trying what somebody gets who installs it.

Frameworks and libraries are borrowed from the environment that runs the tests; the program itself comes from the wheel.
"""

import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple


class Installed(NamedTuple):
    """A virtual environment with the wheel, and an empty folder to work in."""

    environment: Path
    place: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.environment / "bin" / "python"

    def modeltender(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run the installed program from the empty folder."""
        program = self.environment / "bin" / "modeltender"
        return subprocess.run([program, *words], cwd=self.place, check=False, text=True, capture_output=True)


def install(wheel: Path, environment: Path, place: Path) -> Installed:
    """Install a wheel into a new virtual environment, and lend that the libraries of this one."""
    place.mkdir()
    subprocess.run([sys.executable, "-P", "-m", "venv", "--without-pip", str(environment)], check=True)
    installed = Installed(environment, place)
    pip = [sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", "--python", str(installed.python)]
    offline = ["--quiet", "--no-deps", "--no-index", "--no-compile"]
    subprocess.run([*pip, "install", *offline, str(wheel)], check=True)
    # Only now: pip would take the program that lies among the borrowed libraries for an older version of this one.
    # A folder named in such a file is searched after the environment's own, and what its own such files say is not read.
    [packages] = (environment / "lib").glob("python*/site-packages")
    (packages / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return installed
