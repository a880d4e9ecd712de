"""Other environments than the one that tests run in: made of links to what is installed here, without the internet."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Collection
from pathlib import Path

OURS = ("__editable__", "modeltender")
"""What is installed of this program: a rehearsal must do without."""

START_UP = ("distutils-precedence.pth", "sitecustomize.py")


def environment(folder: Path, *, without: Collection[str] = (), at_start: str = "") -> Path:
    """Make a virtual environment with the packages of this one, but for some; return its interpreter.

    ``at_start`` is Python that runs whenever its interpreter starts.
    """
    command = [sys.executable, "-m", "venv", "--without-pip", "--symlinks", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    interpreter = folder / "bin" / "python"
    lies = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    installed = Path(sysconfig.get_path("purelib"))
    left_out = (*OURS, *START_UP, *without)
    for entry in installed.iterdir():
        if not entry.name.startswith(left_out):
            Path(lies, entry.name).symlink_to(entry)
    if at_start:
        Path(lies, "sitecustomize.py").write_text(at_start)
    assert os.access(interpreter, os.X_OK)
    return interpreter
