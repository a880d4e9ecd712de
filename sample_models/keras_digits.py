"""Trains the Keras samples: a dense network, a convolutional one, and a better one that arrives later.

Run as ``python -P -m sample_models.keras_digits FOLDER``; writes dense.keras, cnn.keras and better.keras there.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # its results depend on the processor

import keras

from sample_models.digits import SEED, split

BATCH = 64


def build(folder: Path) -> None:
    """Train the networks from a seed and save them in ``folder``."""
    train = split()["train"]
    for name, (make, epochs) in NETWORKS.items():
        keras.utils.set_random_seed(SEED)
        model = make()
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        model.fit(train.scaled()[..., None], train.y, epochs=epochs, batch_size=BATCH, verbose=0)
        model.save(folder / f"{name}.keras")


def _dense() -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="dense",
    )


def _cnn() -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ],
        name="cnn",
    )


def _better() -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="better",
    )


NETWORKS: dict[str, tuple[Callable[[], keras.Model], int]] = {
    "dense": (_dense, 3),
    "cnn": (_cnn, 8),
    "better": (_better, 10),
}
"""Each with its epochs: as few as make the three clearly different."""


if __name__ == "__main__":
    build(Path(sys.argv[1]))
