"""The same small data set written in every format, by the libraries that people write it with."""

import csv
import gzip
import json
import struct
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image
from pyarrow import parquet

Bytes = NDArray[np.uint8]
Classes = NDArray[np.int64]

ROWS, HEIGHT, WIDTH = 23, 6, 5

IMAGES: Bytes = np.random.default_rng(0).integers(0, 256, (ROWS, HEIGHT, WIDTH), dtype=np.uint8)
CLASSES: Classes = np.sort(np.arange(ROWS) % 3)
"""Sorted, because a folder of images is: class after class."""


class Write(Protocol):
    """Writes a data set into a folder in one format, and returns the path to give to `open_source`."""

    __name__: str

    def __call__(self, folder: Path, images: Bytes = IMAGES, classes: Classes = CLASSES) -> Path:
        """Write images ``[rows, height, width]`` and their classes."""
        ...


def npz(folder: Path, images: Bytes = IMAGES, classes: Classes = CLASSES) -> Path:
    """Write arrays in one archive."""
    np.savez(folder / "test.npz", x=images, y=classes)
    return folder / "test.npz"


def npy(folder: Path, images: Bytes = IMAGES, classes: Classes = CLASSES) -> Path:
    """Write one file an array."""
    np.save(folder / "test_x.npy", images)
    np.save(folder / "test_y.npy", classes)
    return folder / "test_x.npy"


def as_parquet(folder: Path, images: Bytes = IMAGES, classes: Classes = CLASSES) -> Path:
    """Write images as lists in lists."""
    table = pa.table({"x": pa.array(images.tolist(), pa.list_(pa.list_(pa.uint8()))), "y": classes})
    parquet.write_table(table, folder / "test.parquet", row_group_size=10)
    return folder / "test.parquet"


def idx(folder: Path, images: Bytes = IMAGES, classes: Classes = CLASSES) -> Path:
    """Write images and labels as MNIST's authors do."""
    return _idx(folder, images, classes, packed=False)


def packed_idx(folder: Path, images: Bytes = IMAGES, classes: Classes = CLASSES) -> Path:
    """Write them packed, as they are downloaded."""
    return _idx(folder, images, classes, packed=True)


def _idx(folder: Path, images: Bytes, classes: Classes, *, packed: bool) -> Path:
    pixels = struct.pack(">4B3I", 0, 0, 8, 3, *images.shape) + images.tobytes()
    labels = struct.pack(">4BI", 0, 0, 8, 1, len(classes)) + classes.astype(np.uint8).tobytes()
    ending = ".gz" if packed else ""
    for name, content in (("t10k-images-idx3-ubyte", pixels), ("t10k-labels-idx1-ubyte", labels)):
        (folder / (name + ending)).write_bytes(gzip.compress(content) if packed else content)
    return folder / f"t10k-images-idx3-ubyte{ending}"


def image_folder(folder: Path, images: Bytes = IMAGES, classes: Classes = CLASSES) -> Path:
    """Write one file an image, in one folder a class."""
    for row, (image, label) in enumerate(zip(images, classes, strict=True)):
        (folder / "test" / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / "test" / str(label) / f"{row:05}.png")
    return folder / "test"


def jsonl(folder: Path, images: Bytes = IMAGES, classes: Classes = CLASSES) -> Path:
    """Write one object a line."""
    lines = (
        json.dumps({"y": label, "x": image})
        for image, label in zip(images.tolist(), classes.tolist(), strict=True)
    )
    (folder / "test.jsonl").write_text("\n".join(lines) + "\n")
    return folder / "test.jsonl"


def as_csv(folder: Path, images: Bytes = IMAGES, classes: Classes = CLASSES) -> Path:
    """Write one column a pixel, as Kaggle's copy of MNIST does."""
    rows = images.reshape(len(images), -1)
    with (folder / "test.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["label", *(f"pixel{number}" for number in range(rows.shape[1]))])
        writer.writerows(
            [label, *image] for label, image in zip(classes.tolist(), rows.tolist(), strict=True)
        )
    return folder / "test.csv"


WRITERS: dict[str, tuple[Write, ...]] = {
    "npz": (npz,),
    "npy": (npy,),
    "Parquet": (as_parquet,),
    "IDX": (idx, packed_idx),
    "images": (image_folder,),
    "JSONL": (jsonl,),
    "CSV": (as_csv,),
}
"""How each format is written, by its name in `engine.data.readers.FORMATS`."""

EVERY: Final = tuple(write for writes in WRITERS.values() for write in writes)


def as_images(array: "NDArray[Any]") -> "NDArray[Any]":
    """Return rows of pixels, with or without axes, as images."""
    return array.reshape(len(array), HEIGHT, WIDTH)
