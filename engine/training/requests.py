"""What a process that trains is asked, and what it tells: shapes that its framework's trainer and the engine share.

Framework-free, and outside ``engine/processes`` so that a runtime need not know how processes talk.
"""

from typing import Any

import msgspec

from engine.protocols import RuntimeSpec
from storage.settings import Output, Preprocess
from storage.train_settings import Train
from storage.training_records import Epoch
from storage.vocabulary import Format, Task


class TrainModel(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """Train a model and save it; asked of a process that has loaded none."""

    artefact: str
    """What it begins from; empty where a first model is built."""
    runtime: RuntimeSpec
    device: str
    formats: tuple[Format, ...]
    train: str
    """Labelled data, as a model process can map them."""
    validation: str
    """The same to hold it against; empty where a share of ``train`` is held out."""
    task: Task | None
    """``None`` where the settings do not say and the data must."""
    labels: tuple[str, ...]
    preprocess: Preprocess
    output: Output
    settings: Train
    epochs: int
    fresh: bool = False
    """Whether its weights are drawn anew."""
    layers: tuple[dict[str, Any], ...] = ()
    """What is built; empty chooses by the data."""
    untrained: bool = False
    checkpoint: str = ""
    """Where an earlier process of the same training got to; empty begins it."""
    trusted: bool = False
    every_wall: bool = False


class EpochDone(msgspec.Struct, tag=True, frozen=True):
    """One more pass over the training data is done."""

    epoch: Epoch
    checkpoint: str
    """The file in the scratch folder from which another process can go on."""


class Trained(msgspec.Struct, tag=True, frozen=True):
    """The model lies in the scratch folder."""

    artefact: str
    best_epoch: int
    """Whose weights it has; 0 where it was not trained."""
    train_rows: int
    train_sha256: str
    validation_rows: int
    validation_sha256: str
    versions: dict[str, str]
