"""Trains each family of samples in a process of its own, so that whoever asks imports no framework.

Owns the families, what each needs, and the environment that makes their training quiet and repeatable. It must
not know what a workspace is.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sample_models import digits
from storage.errors import JobError
from storage.text import clean

DIGITS = "digits"
"""Beside the families' folders, the one that holds the digits' own data."""

TRAINING_S = 600.0
"""Thirty times what a slow machine needs; a training that takes longer is stuck."""

LAST_LINES = 3
"""Lines of a failed training that are shown: the error and where it came from."""

ENVIRONMENT = {
    # One thread adds up in one order, on every machine; networks this small gain nothing from more.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    # Nor are they worth an accelerator, which would give other figures.
    "CUDA_VISIBLE_DEVICES": "-1",
    "HIP_VISIBLE_DEVICES": "-1",
    "PYTHONHASHSEED": "0",
    # What the frameworks warn of (torch.jit is old, scikit-learn would train for longer) is known and wanted.
    "PYTHONWARNINGS": "ignore",
}

Tell = Callable[[str], None]


class Family(NamedTuple):
    """Samples that are trained together, in one process."""

    module: str
    needs: tuple[str, ...]
    """Top-level modules that must be installed."""
    framework: str
    extra: str

    def installed(self) -> bool:
        """Return whether everything that it needs is installed; nothing is imported."""
        return all(importlib.util.find_spec(name) is not None for name in self.needs)

    def absence(self) -> str:
        """Return why it is left out, as the end of the sentence "mnist is left out: …"."""
        return f"{self.framework} is not installed (pip install 'modeltender[{self.extra}]')"


FAMILIES = (
    Family("keras_digits", ("keras", "tensorflow"), "Keras with TensorFlow", "tensorflow"),
    Family("torch_digits", ("torch",), "PyTorch", "torch"),
    Family(
        "onnx_models", ("onnx", "onnxruntime", "sklearn"), "ONNX Runtime with scikit-learn", "onnx,samples"
    ),
)


def installed() -> tuple[Family, ...]:
    """Return the families that can be trained here."""
    return tuple(family for family in FAMILIES if family.installed())


def train_all(folder: Path, tell: Tell) -> None:
    """Train every installed family, one after the other, each into a folder of its name; add the digits' data.

    Raises:
        JobError: a training failed.
    """
    for family in installed():
        tell(f"Training the samples for {family.framework}; this is done once ...")
        (folder / family.module).mkdir()
        _train(family, folder / family.module)
    (folder / DIGITS).mkdir()
    digits.save(folder / DIGITS)


def _train(family: Family, target: Path) -> None:
    command = [sys.executable, "-P", "-m", f"{__package__}.{family.module}", str(target)]
    try:
        done = subprocess.run(
            command,
            env=os.environ | ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TRAINING_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise JobError(
            f"Training the samples for {family.framework} took more than {TRAINING_S:.0f} s and was stopped.",
            "Try again when the machine has less to do.",
        ) from None
    if done.returncode:
        raise JobError(
            f"The samples for {family.framework} could not be trained ({_ending(done)})",
            f"See all of it with: {clean(' '.join(command[:-1]), 1000)} FOLDER",
        )


def _ending(done: subprocess.CompletedProcess[str]) -> str:
    """Return how a failed training ended: its last lines, or its signal where it said nothing."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    last = clean(" / ".join(line.strip() for line in lines[-LAST_LINES:]))
    how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit status {done.returncode}"
    return f"{how}: {last}" if last else how
