"""Trains the Keras samples: a dense network, a small convolutional one, and a better one that arrives later.

Run as ``python -P -m sample_models.keras_digits FOLDER [NAME ...]``; writes dense.keras, cnn.keras and better.keras
there, or those that are named. Each is trained from the same seed, whichever were trained before. The dense network
is saved in Keras' other formats, too.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

# Before Keras is imported: it reads a person's own settings otherwise, which may say another backend.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["KERAS_HOME"] = f"{os.devnull}/keras"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # its results depend on the processor

import keras
import numpy as np
import tensorflow as tf

from sample_models.digits import SEED, Array, Part, split

BATCH = 32

STEPS_PER_CALL = 10
"""Small steps cost more to begin than to do; ten at a time halve the time."""

SHIFT = 2
"""Pixels by which an image is moved to make another one of it: the digits have a margin of four."""

Layers = list[keras.layers.Layer]


class Recipe(NamedTuple):
    """A network and how long it learns from how much."""

    layers: Callable[[], Layers]
    epochs: int
    rate: float
    """The learning rate at the start; it falls to nothing."""
    copies: int = 0
    """How often every image is seen again, moved by a few pixels."""


def build(folder: Path, *names: str) -> None:
    """Train the networks, or those that are named, from a seed and save them in ``folder``."""
    tf.config.experimental.enable_op_determinism()
    train = split()["train"]
    for name in names or RECIPES:
        recipe = RECIPES[name]
        keras.utils.set_random_seed(SEED)
        model = keras.Sequential([keras.Input((28, 28, 1)), *recipe.layers()], name=name)
        x, y = _with_moved(train, recipe.copies)
        steps = recipe.epochs * -(-len(y) // BATCH)
        model.compile(
            optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(recipe.rate, steps)),
            loss="sparse_categorical_crossentropy",
            steps_per_execution=STEPS_PER_CALL,
        )
        model.fit(x[..., None], y, epochs=recipe.epochs, batch_size=BATCH, verbose=0)
        model.save(folder / f"{name}.keras")
        if name in TWINS:
            model.save(folder / f"{name}.h5")
            model.export(folder / name, verbose=False)


def _with_moved(train: Part, copies: int) -> tuple[Array, Array]:
    """Return scaled images and labels, with ``copies`` moved versions of each image."""
    chance = np.random.default_rng(SEED)
    images = [train.scaled()]
    for _ in range(copies):
        moves = chance.integers(-SHIFT, SHIFT + 1, (len(train.y), 2))
        moved = [np.roll(image, move, axis=(0, 1)) for image, move in zip(images[0], moves, strict=True)]
        images.append(np.stack(moved))
    return np.concatenate(images), np.tile(train.y, copies + 1)


def _dense() -> Layers:
    layers = keras.layers
    return [layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")]


def _convolutional(*filters: int) -> Layers:
    layers = keras.layers
    found: Layers = []
    for count in filters:
        found += [layers.Conv2D(count, 3, activation="relu"), layers.MaxPooling2D()]
    return [*found, layers.Flatten()]


def _cnn() -> Layers:
    return [*_convolutional(8, 16), keras.layers.Dense(10, activation="softmax")]


def _better() -> Layers:
    layers = keras.layers
    return [
        *_convolutional(16, 32),
        layers.Dropout(0.3),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]


RECIPES = {
    "dense": Recipe(_dense, epochs=3, rate=3e-3),
    "cnn": Recipe(_cnn, epochs=3, rate=6e-3),
    "better": Recipe(_better, epochs=4, rate=4e-3, copies=2),
}
"""Each learns just long enough that 2,000 test images tell the three apart."""

TWINS = frozenset({"dense"})
"""What is saved as ``.keras``, as ``.h5`` and as a SavedModel folder: the same weights three times."""


if __name__ == "__main__":
    build(Path(sys.argv[1]), *sys.argv[2:])
