"""The real MNIST digits that every digit sample is trained and measured on, and their fixed split."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("data") / "mnist_5000.npz"

SEED = 20261123
TRAIN, VALIDATION, TEST = 2500, 500, 2000
CLASSES = 10

Array = NDArray[Any]


class Split(NamedTuple):
    """Images uint8 [n, 28, 28] and labels uint8 [n] of one part."""

    x: Array
    y: Array

    def scaled(self) -> Array:
        """Return the images as float32 between 0 and 1, as ``scale = 1/255`` in model.toml makes them."""
        return self.x.astype(np.float32) * np.float32(1 / 255)


def split() -> dict[str, Split]:
    """Return the parts ``train``, ``validation`` and ``test``: seeded, disjoint, with every class in equal share."""
    with np.load(FILE, allow_pickle=False) as arrays:
        x, y = arrays["x"], arrays["y"]
    chance = np.random.default_rng(SEED)
    parts: dict[str, list[Array]] = {"train": [], "validation": [], "test": []}
    for label in range(CLASSES):
        members = chance.permutation(np.flatnonzero(y == label))
        share = len(members)
        first, second = share * TRAIN // len(y), share * (TRAIN + VALIDATION) // len(y)
        for name, chosen in zip(parts, np.split(members, [first, second]), strict=True):
            parts[name].append(chosen)
    order = {name: chance.permutation(np.concatenate(chosen)) for name, chosen in parts.items()}
    return {name: Split(x[chosen], y[chosen]) for name, chosen in order.items()}
