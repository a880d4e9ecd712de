"""The ``[train]`` and ``[build]`` tables of ``model.toml``: how a model is trained, and what a first one is made of.

Owns the keys and their limits, and reads nothing but the tables: whether a framework knows a layer is its to say.
"""

from typing import Any

import msgspec

from storage.durations import seconds, written
from storage.settings_file import Settings
from storage.text import clean
from storage.vocabulary import TrainTrigger

OPTIMIZERS = ("adam", "adamw", "sgd", "rmsprop", "nadam", "lion")
"""Those that do well with nothing but a learning rate, by Keras' names; torch has all but the last."""

MOST_EPOCHS = 10_000
MOST_LAYERS = 1000
LARGEST_SEED = 2**31 - 1
"""What every framework takes."""

SHORTEST_S = 60.0
"""Trainings that begin by themselves more often than this would leave no processor for anything else."""


class Train(Settings, frozen=True, kw_only=True):
    """How a model is trained."""

    epochs: int = 10
    """At most; early stopping may end it sooner."""
    batch_size: int = 128
    """Examples per step."""
    learning_rate: float = 1e-3
    """The initial step size."""
    optimizer: str = "adam"
    """One of ``adam``, ``adamw``, ``sgd``, ``rmsprop``, ``nadam`` and ``lion`` (Keras only)."""
    loss: str = ""
    """One of Keras' own, or of ``torch.nn`` for TorchScript, by its name; empty chooses by the task and the model's output."""
    early_stopping: int = 2
    """Epochs without a better loss on the validation data after which it ends with the best weights; 0 never does."""
    validation: float = 0.1
    """Share of the training data that is held out if there are no validation data."""
    seed: int = 0
    """The random seed: the same seed gives the same weights on the same CPU."""
    max_duration: str = "12h"
    """How long one training may take in all."""
    command: tuple[str, ...] = ()
    """The owner's own program that trains instead; it runs only if the workspace trusts commands."""
    automatic: tuple[TrainTrigger, ...] = ()
    """What starts a training automatically; by default nothing does."""
    every: str = "30d"
    """How long after the last training, or the arrival of what is deployed, ``schedule`` trains."""
    new_data: float = 0.1
    """The share by which the training data must grow, or be others, for ``new-data``."""
    interval: str = "1d"
    """The least time between two automatic trainings."""

    @property
    def max_duration_s(self) -> float:
        """How long one training may take, in seconds."""
        return seconds(self.max_duration)

    @property
    def every_s(self) -> float:
        """How long after the last training the schedule trains, in seconds."""
        return seconds(self.every)

    @property
    def interval_s(self) -> float:
        """The least between two trainings that nobody asked for, in seconds."""
        return seconds(self.interval)

    @property
    def decisive(self) -> "Train":
        """The settings that decide what comes of a training, without those that say when there is one."""
        plain = Train()
        return msgspec.structs.replace(
            self,
            automatic=plain.automatic,
            every=plain.every,
            new_data=plain.new_data,
            interval=plain.interval,
        )


class Build(Settings, frozen=True, kw_only=True):
    """What a first model is made of."""

    layers: tuple[dict[str, Any], ...] = ()
    """Each with its ``type``, a layer of Keras, and that layer's own arguments; empty chooses by the data."""


def check_train(train: Train, problems: list[str]) -> None:
    """Gather what is wrong with the ``[train]`` table."""
    for name, most in (("epochs", MOST_EPOCHS), ("batch_size", 1_000_000)):
        if not 1 <= getattr(train, name) <= most:
            problems.append(f"train.{name}: expected 1 to {most}, got {getattr(train, name)}")
    if not train.learning_rate > 0:
        problems.append(f"train.learning_rate: expected a number above 0, got {train.learning_rate:g}")
    if train.optimizer not in OPTIMIZERS:
        problems.append(
            f"train.optimizer: expected one of {', '.join(OPTIMIZERS)}, got '{clean(train.optimizer, 60)}'"
        )
    if train.early_stopping < 0:
        problems.append(f"train.early_stopping: expected 0 or more, got {train.early_stopping}")
    if not 0 < train.validation < 1:
        problems.append(f"train.validation: expected a share between 0 and 1, got {train.validation:g}")
    if not 0 <= train.seed <= LARGEST_SEED:
        problems.append(f"train.seed: expected 0 to {LARGEST_SEED}, got {train.seed}")
    if train.command and (not train.command[0] or any("\0" in word for word in train.command)):
        problems.append("train.command: expected a program and its arguments")
    if not train.new_data > 0:
        problems.append(f"train.new_data: expected a share above 0, got {train.new_data:g}")
    for name, least_s in (("max_duration", 0.0), ("every", SHORTEST_S), ("interval", SHORTEST_S)):
        _check_length(f"train.{name}", getattr(train, name), least_s, problems)


def _check_length(key: str, text: str, least_s: float, problems: list[str]) -> None:
    try:
        found = seconds(text)
    except ValueError as error:
        problems.append(f"{key}: {clean(str(error))}")
        return
    if found <= 0 or found < least_s:
        wanted = f"of {written(least_s)} or more" if least_s else "above 0"
        problems.append(f"{key}: expected a length of time {wanted}, got '{clean(text, 60)}'")


def check_build(build: Build, problems: list[str]) -> None:
    """Gather what is wrong with the ``[build]`` table."""
    if len(build.layers) > MOST_LAYERS:
        problems.append(f"build.layers: expected at most {MOST_LAYERS}, got {len(build.layers)}")
    for number, layer in enumerate(build.layers, 1):
        if not isinstance(layer.get("type"), str) or not layer["type"]:
            problems.append(f'build.layers {number}: needs a type, such as type = "Dense"')
