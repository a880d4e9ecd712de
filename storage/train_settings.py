"""The ``[train]`` and ``[build]`` tables of ``model.toml``: how a model is trained, and what a first one is made of.

Owns the keys and their limits, and reads nothing but the tables: whether a framework knows a layer is its to say.
"""

from math import inf
from typing import Any

from storage.durations import seconds
from storage.settings_file import Settings
from storage.text import clean

OPTIMIZERS = ("adam", "adamw", "sgd", "rmsprop", "nadam", "lion")
"""Those of Keras that do well with nothing but a learning rate."""

MOST_EPOCHS = 10_000
MOST_LAYERS = 1000
LARGEST_SEED = 2**31 - 1
"""What every framework takes."""


class Train(Settings, frozen=True, kw_only=True):
    """How a model is trained."""

    epochs: int = 10
    """The most; fewer where early stopping ends it."""
    batch_size: int = 128
    learning_rate: float = 1e-3
    optimizer: str = "adam"
    loss: str = ""
    """One of Keras' own by its name; empty chooses by the task and the model's output."""
    early_stopping: int = 2
    """Epochs without a better loss on the validation data after which it ends with the best weights; 0 never does."""
    validation: float = 0.1
    """Share of the training data that is held out where there are no validation data."""
    seed: int = 0
    """What chance begins from: the same seed gives the same weights on the same CPU."""
    max_duration: str = "12h"
    """How long one training may take in all."""
    command: tuple[str, ...] = ()
    """The owner's own program that trains instead; it is run where the workspace trusts commands."""

    @property
    def max_duration_s(self) -> float:
        """How long one training may take, in seconds."""
        return seconds(self.max_duration)


class Build(Settings, frozen=True, kw_only=True):
    """What a first model is made of."""

    layers: tuple[dict[str, Any], ...] = ()
    """Each with its ``type``, a layer of Keras, and that layer's own arguments; empty chooses by the data."""


def check_train(train: Train, problems: list[str]) -> None:
    """Gather what is wrong with the ``[train]`` table."""
    for name, most in (("epochs", MOST_EPOCHS), ("batch_size", 1_000_000)):
        if not 1 <= getattr(train, name) <= most:
            problems.append(f"train.{name}: expected 1 to {most}, got {getattr(train, name)}")
    if not 0 < train.learning_rate < inf:
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
    try:
        if train.max_duration_s <= 0:
            problems.append(
                f"train.max_duration: expected a length of time above 0, got '{train.max_duration}'"
            )
    except ValueError as error:
        problems.append(f"train.max_duration: {clean(str(error))}")


def check_build(build: Build, problems: list[str]) -> None:
    """Gather what is wrong with the ``[build]`` table."""
    if len(build.layers) > MOST_LAYERS:
        problems.append(f"build.layers: expected at most {MOST_LAYERS}, got {len(build.layers)}")
    for number, layer in enumerate(build.layers, 1):
        if not isinstance(layer.get("type"), str) or not layer["type"]:
            problems.append(f'build.layers {number}: needs a type, such as type = "Dense"')
