"""Where a training has got to, as a file from which another process goes on as if nothing had happened.

Plain arrays in the order of the model's and the optimiser's own variables, and a few numbers: no framework reads it, it
is written in milliseconds. Runs in a model process only.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import msgspec
import numpy as np
from numpy.typing import NDArray

from storage.errors import JobError

STATE = "state"


class Progress(msgspec.Struct):
    """How far a training is, and its best weights so far."""

    epoch: int = 0
    """Epochs that are done."""
    best: float | None = None
    """The lowest loss on the validation data."""
    best_epoch: int = 0
    waited: int = 0
    """Epochs since."""
    weights: "list[NDArray[Any]]" = msgspec.field(default_factory=list)
    """Of the best epoch; kept beside the numbers."""


class _Numbers(msgspec.Struct):
    epoch: int
    best: float | None
    best_epoch: int
    waited: int


def save(file: Path, variables: Sequence[Any], progress: Progress) -> None:
    """Write a checkpoint.

    Raises:
        JobError: it does not fit.
    """
    numbers = _Numbers(progress.epoch, progress.best, progress.best_epoch, progress.waited)
    arrays: dict[str, NDArray[Any]] = {STATE: np.frombuffer(msgspec.json.encode(numbers), np.uint8)}
    arrays |= {f"v{place}": np.asarray(variable) for place, variable in enumerate(variables)}
    arrays |= {f"best{place}": array for place, array in enumerate(progress.weights)}
    try:
        with file.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
    except OSError as error:
        raise JobError(
            f"There is no room for the checkpoint of the training: {error.strerror or error}.",
            "Free some disk space, or raise limits.scratch_mib in modeltender.toml.",
        ) from None


def restore(file: Path, variables: Sequence[Any]) -> Progress | None:
    """Set the variables to what a checkpoint holds, and return how far it was.

    Returns ``None``, and changes nothing, where it is damaged or of another model: then the training begins anew.
    """
    try:
        # Opened here: numpy leaves a file open in which it finds no archive.
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as found:
            numbers = msgspec.json.decode(found[STATE].tobytes(), type=_Numbers)
            values = [found[f"v{place}"] for place in range(len(variables))]
            best = [found[f"best{place}"] for place in range(len(found.files) - 1 - len(values))]
    except (OSError, EOFError, KeyError, ValueError, BadZipFile, msgspec.MsgspecError):
        return None
    if any(variable.shape != value.shape for variable, value in zip(variables, values, strict=True)):
        return None
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return Progress(numbers.epoch, numbers.best, numbers.best_epoch, numbers.waited, best)
