"""Where a training has got to, as a file from which another process goes on as if nothing had happened.

Plain arrays under names that their trainer gives them, and a few numbers: no framework reads it, it is written in
milliseconds. Runs in a model process only.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from zipfile import BadZipFile

import msgspec
import numpy as np
from numpy.typing import NDArray

from storage.errors import JobError

NUMBERS: Final = "numbers"
STATE, BEST = "state.", "best."
"""What names of arrays begin with: those of the present state, and the weights of the best epoch."""


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


class Checkpoint(NamedTuple):
    """What was found in a file."""

    progress: Progress
    state: "dict[str, NDArray[Any]]"


def save(file: Path, state: "Mapping[str, NDArray[Any]]", progress: Progress) -> None:
    """Write a checkpoint.

    Raises:
        JobError: it does not fit.
    """
    numbers = _Numbers(progress.epoch, progress.best, progress.best_epoch, progress.waited)
    arrays: dict[str, NDArray[Any]] = {NUMBERS: np.frombuffer(msgspec.json.encode(numbers), np.uint8)}
    arrays |= {f"{STATE}{name}": array for name, array in state.items()}
    arrays |= {f"{BEST}{place}": array for place, array in enumerate(progress.weights)}
    try:
        with file.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
    except OSError as error:
        raise JobError(
            f"There is no room for the checkpoint of the training: {error.strerror or error}.",
            "Free some disk space, or raise limits.scratch_mib in modeltender.toml.",
        ) from None


def restore(file: Path, shapes: Mapping[str, Sequence[int]]) -> Checkpoint | None:
    """Return what a checkpoint holds, of which the arrays that are named in ``shapes`` must be there in these shapes.

    Returns ``None`` where it is damaged or of another model: then the training begins anew.
    """
    try:
        # Opened here: numpy leaves a file open in which it finds no archive.
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as found:
            numbers = msgspec.json.decode(found[NUMBERS].tobytes(), type=_Numbers)
            state = {name.removeprefix(STATE): found[name] for name in found.files if name.startswith(STATE)}
            count = sum(name.startswith(BEST) for name in found.files)
            best = [found[f"{BEST}{place}"] for place in range(count)]
    except (OSError, EOFError, KeyError, ValueError, BadZipFile, msgspec.MsgspecError):
        return None
    if any(name not in state or state[name].shape != tuple(shape) for name, shape in shapes.items()):
        return None
    progress = Progress(numbers.epoch, numbers.best, numbers.best_epoch, numbers.waited, best)
    return Checkpoint(progress, state)
