"""Builders in processes where some frameworks are not installed, as far as they can see."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

KERAS_AND_TORCH = ("keras", "torch")
EVERYTHING = (*KERAS_AND_TORCH, "onnx")

SCRIPT = """
import sys
from pathlib import Path

# What Python itself writes there for a module that cannot be imported.
sys.modules.update(dict.fromkeys({missing!r}))

from sample_models.build import arrival, build as fill
from storage.errors import Error

def build(folder):
    fill(folder, on_progress=print)

folder = Path(sys.argv[1])
try:
    {action}
except Error as error:
    print(f"{{type(error).__name__}}: {{error.message}} {{error.hint}}")
"""


class Ended(NamedTuple):
    """How a builder ended and what it said."""

    code: int
    lines: list[str]
    errors: str


class Builder(NamedTuple):
    """A builder that runs."""

    process: "subprocess.Popen[str]"

    def end(self) -> Ended:
        """Wait until it has ended."""
        said, errors = self.process.communicate()
        return Ended(self.process.returncode, said.splitlines(), errors)


def without(missing: tuple[str, ...], cache: Path, action: str, folder: Path) -> Builder:
    """Begin ``action`` on ``folder`` in a process that lacks some modules, with a cache of its own."""
    words = [sys.executable, "-P", "-c", SCRIPT.format(missing=missing, action=action), str(folder)]
    environment = os.environ | {"MODELTENDER_SAMPLE_CACHE": str(cache)}
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    return Builder(process)
