"""The same small data set written in every format, by the libraries that people write it with."""

import csv
import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image
from pyarrow import parquet

Bytes = NDArray[np.uint8]

ROWS, HEIGHT, WIDTH = 23, 6, 5

IMAGES: Bytes = np.random.default_rng(0).integers(0, 256, (ROWS, HEIGHT, WIDTH), dtype=np.uint8)
CLASSES: NDArray[np.int64] = np.sort(np.arange(ROWS) % 3)
"""Sorted, because a folder of images is: class after class."""


def npz(folder: Path) -> Path:
    """Write arrays in one archive."""
    np.savez(folder / "test.npz", x=IMAGES, y=CLASSES)
    return folder / "test.npz"


def npy(folder: Path) -> Path:
    """Write one file an array."""
    np.save(folder / "test_x.npy", IMAGES)
    np.save(folder / "test_y.npy", CLASSES)
    return folder / "test_x.npy"


def as_parquet(folder: Path) -> Path:
    """Write images as lists in lists."""
    table = pa.table({"x": pa.array(IMAGES.tolist(), pa.list_(pa.list_(pa.uint8()))), "y": CLASSES})
    parquet.write_table(table, folder / "test.parquet", row_group_size=10)
    return folder / "test.parquet"


def idx(folder: Path, *, packed: bool = False) -> Path:
    """Write images and labels as MNIST's authors do."""
    images = struct.pack(">4B3I", 0, 0, 8, 3, ROWS, HEIGHT, WIDTH) + IMAGES.tobytes()
    labels = struct.pack(">4BI", 0, 0, 8, 1, ROWS) + CLASSES.astype(np.uint8).tobytes()
    ending = ".gz" if packed else ""
    for name, content in (("t10k-images-idx3-ubyte", images), ("t10k-labels-idx1-ubyte", labels)):
        (folder / (name + ending)).write_bytes(gzip.compress(content) if packed else content)
    return folder / f"t10k-images-idx3-ubyte{ending}"


def packed_idx(folder: Path) -> Path:
    """Write them packed, as they are downloaded."""
    return idx(folder, packed=True)


def image_folder(folder: Path) -> Path:
    """Write one file an image, in one folder a class."""
    for row, (image, label) in enumerate(zip(IMAGES, CLASSES, strict=True)):
        (folder / "test" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / "test" / str(label) / f"{row:03}.png")
    return folder / "test"


def jsonl(folder: Path) -> Path:
    """Write one object a line."""
    lines = (
        json.dumps({"y": label, "x": image})
        for image, label in zip(IMAGES.tolist(), CLASSES.tolist(), strict=True)
    )
    (folder / "test.jsonl").write_text("\n".join(lines) + "\n")
    return folder / "test.jsonl"


def as_csv(folder: Path) -> Path:
    """Write one column a pixel, as Kaggle's copy of MNIST does."""
    with (folder / "test.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["label", *(f"pixel{number}" for number in range(HEIGHT * WIDTH))])
        writer.writerows(
            [label, *image]
            for label, image in zip(CLASSES.tolist(), IMAGES.reshape(ROWS, -1).tolist(), strict=True)
        )
    return folder / "test.csv"


WRITERS: dict[str, tuple[Callable[[Path], Path], ...]] = {
    "npz": (npz,),
    "npy": (npy,),
    "Parquet": (as_parquet,),
    "IDX": (idx, packed_idx),
    "images": (image_folder,),
    "JSONL": (jsonl,),
    "CSV": (as_csv,),
}
"""How each format is written, by its name in `engine.data.readers.FORMATS`."""


def as_images(array: "NDArray[Any]") -> "NDArray[Any]":
    """Return rows of pixels, with or without axes, as images."""
    return array.reshape(len(array), HEIGHT, WIDTH)
