"""Trainings as they are kept: what each began from, how it went, and what it left.

Records like those of `storage.records`, in a module of their own.
"""

import msgspec

from storage.records import Record
from storage.vocabulary import TrainingState


class Epoch(msgspec.Struct, frozen=True):
    """One pass over the training data."""

    number: int
    duration_s: float
    figures: dict[str, float]
    """``loss`` and the like; those on the validation data begin with ``val_``."""


class TrainedOn(msgspec.Struct, frozen=True):
    """The data of a training; ``validation`` of no rows means that nothing was held against it."""

    train_rows: int
    train_sha256: str
    validation_rows: int
    validation_sha256: str
    """Empty where a share of the training data was held out."""


class TrainingRun(Record, frozen=True, kw_only=True):
    """One training of a model."""

    id: int
    model: str
    job_id: int
    state: TrainingState
    started_at: float
    finished_at: float | None
    how: str
    """``warm start``, ``from scratch``, ``built``, or ``command``."""
    base_version: int | None
    """The version that it began from, or whose layers it took."""
    base_sha256: str
    seed: int
    settings: dict[str, object]
    """What decided the outcome, as ``[train]`` and the command line said."""
    data: TrainedOn | None
    versions: dict[str, str]
    """Of what trained."""
    curve: tuple[Epoch, ...]
    best_epoch: int | None
    artefact: str
    """What it left in ``train/<model>/``."""
    sha256: str
    version: int | None
    """The version that this became."""
    message: str
    """Why it ended as it did."""
    trigger: str = ""
    """Why it began, where nobody asked for it."""
    data_stamp: str = ""
    data_bytes: int = 0
    """What the training data looked like when it began."""
