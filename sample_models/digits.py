"""The real MNIST digits that every digit sample is trained and measured on, and their fixed split.

Owns which image is in which part. Who trains sees the part ``train`` only.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("data") / "mnist_5000.npz"

SEED = 20261123
TRAIN, VALIDATION, TEST = 2500, 500, 2000
CLASSES = 10

SCALE = 1 / 255
"""Brings 8-bit pixels to 0 to 1; model.toml says the same to whoever evaluates."""

Array = NDArray[Any]


class Part(NamedTuple):
    """Images uint8 [n, 28, 28] and labels uint8 [n] of one part."""

    x: Array
    y: Array

    def scaled(self) -> Array:
        """Return the images as float32 between 0 and 1."""
        return self.x.astype(np.float32) * np.float32(SCALE)


def split() -> dict[str, Part]:
    """Return ``train``, ``validation`` and ``test``: disjoint, mixed, with every class in equal share.

    The order comes from a hash and not from a random generator, whose numbers may change with its version.
    """
    with np.load(FILE, allow_pickle=False) as arrays:
        x, y = arrays["x"], arrays["y"]
    members: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    seen: Counter[int] = Counter()
    for index in sorted(range(len(y)), key=_rank("split")):
        label = int(y[index])
        members[_part(seen[label])].append(index)
        seen[label] += 1
    # A part begins with the classes that were first to fill the one before, so each is mixed once more.
    mixed = {name: sorted(chosen, key=_rank(name)) for name, chosen in members.items()}
    return {name: Part(x[chosen], y[chosen]) for name, chosen in mixed.items()}


def save(folder: Path) -> None:
    """Write ``digits-train.npz``, ``digits-validation.npz`` and ``digits-test.npz``."""
    for name, part in split().items():
        np.savez_compressed(folder / f"digits-{name}.npz", x=part.x, y=part.y)


def _rank(purpose: str) -> Callable[[int], bytes]:
    """Return what puts images into an order that is random for every purpose, and the same each time."""
    return lambda index: hashlib.sha256(f"{SEED}:{purpose}:{index}".encode()).digest()


def _part(position: int) -> str:
    """Return where the image at ``position`` among those of its class belongs."""
    if position < TRAIN // CLASSES:
        return "train"
    return "validation" if position < (TRAIN + VALIDATION) // CLASSES else "test"
