"""Reading folders of images, one folder a class, through Pillow.

Owns which files are images, in which order they come (classes by name, files by path within a class, as
Keras and torchvision sort them), and what an image becomes: bytes ``[height, width, channels]``, resized
where that was asked for. It must not know which number a class has.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.data.readers.arrow import missing_library
from engine.data.readers.files import open_file
from engine.data.readers.source import ARRAY, TEXT, Column, Reading, Source
from engine.data.readers.stream import Rows
from storage.errors import OWN_SETTINGS, JobError
from storage.text import clean

SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff")
"""Files of a folder that are images; others are passed over."""

FORMATS: Final = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM", "TIFF")
"""What Pillow may take a file for: few decoders are few ways in."""

PIXELS: Final = 100_000_000
"""Of one image: twice what the largest cameras make. A file of some kilobytes can claim a thousand times more."""

DEPTH: Final = 8
"""Folders below a class' folder."""

MODES: Final = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's name for so many channels of bytes."""

CHANNELS: Final = {"1": 1, "L": 1, "LA": 4, "P": 3, "PA": 4, "RGB": 3, "RGBA": 4, "CMYK": 3, "YCbCr": 3}
"""How many channels an image keeps, by Pillow's mode; others (16 bits, floats) would lose what they hold."""

THREADS: Final = max(1, min(8, os.cpu_count() or 1))
"""Pillow decodes without Python's lock."""

IMAGES, CLASSES = "x", "y"

RESIZE: Final = f"Say what the model takes in {OWN_SETTINGS}: preprocess = {{ resize = [height, width] }}"


class Found(NamedTuple):
    """One image: its path below the folder, whose first part is its class."""

    path: str

    @property
    def label(self) -> str:
        """The folder that it lies in."""
        return self.path.partition("/")[0]


def recognise(path: Path, _head: bytes) -> bool:
    """Whether a path is a folder."""
    return path.is_dir()


def open_images(path: Path, reading: Reading) -> Source:
    """Return the images of a folder as a source.

    Raises:
        JobError: it is no folder of classes, an image cannot be read, or Pillow is not installed.
    """
    return Images(path, reading)


class Images:
    """An opened folder: ``x`` are the images, ``y`` the names of the folders that they lie in."""

    called = ARRAY

    def __init__(self, path: Path, reading: Reading) -> None:
        """Open ``path`` and look at the beginning of every image."""
        self.name = clean(path.name)
        try:
            from PIL import Image, UnidentifiedImageError
        except ImportError:
            raise missing_library(self.name, "Pillow") from None
        self._pillow = Image
        self._unreadable = (
            UnidentifiedImageError,
            OSError,
            SyntaxError,
            ValueError,
            EOFError,
            IndexError,
            TypeError,
        )
        """What Pillow's decoders raise for damaged files."""
        self._folder = path
        self._found = find(path)
        self.files = tuple(path / found.path for found in self._found)
        self.rows = len(self._found)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="images")
        try:
            self._size, self._channels = self._look(reading)
        except BaseException:
            self._pool.shutdown()
            raise
        self.columns = (Column(IMAGES, "uint8", (*self._size, self._channels)), Column(CLASSES, TEXT))

    def read(self, start: int, stop: int, names: Sequence[str] | None = None) -> Rows:
        """Return images, decoded: ``[rows, height, width, channels]``."""
        wanted = (IMAGES, CLASSES) if names is None else names
        found = self._found[start:stop]
        rows: Rows = {}
        if IMAGES in wanted:
            images = np.empty((len(found), *self._size, self._channels), dtype=np.uint8)
            for place, image in enumerate(self._pool.map(self._decode, found)):
                images[place] = image
            rows[IMAGES] = images
        if CLASSES in wanted:
            rows[CLASSES] = np.asarray([image.label for image in found], dtype=np.str_)
        return rows

    def sha256(self) -> str:
        """Return the hexadecimal SHA-256 of the list that ``sha256sum */*`` prints in the folder."""
        listed = hashlib.sha256()
        for found, digest in zip(self._found, self._pool.map(self._digest, self._found), strict=True):
            listed.update(f"{digest}  {found.path}\n".encode(errors="surrogateescape"))
        return listed.hexdigest()

    def close(self) -> None:
        """Let go of the threads; files are closed as they are read."""
        self._pool.shutdown()

    def _look(self, reading: Reading) -> tuple[tuple[int, int], int]:
        """Return the height and width, and the channels, that all images get."""
        size = (reading.resize[0], reading.resize[1]) if reading.resize else None
        channels = reading.channels
        first = self._found[0]
        for found, (own_size, own_channels) in zip(
            self._found, self._pool.map(self._measure, self._found), strict=True
        ):
            size, channels = size or own_size, channels or own_channels
            if not reading.resize and own_size != size:
                raise JobError(
                    f"{self._shown(found)} is {_by(own_size)} pixels, but {self._shown(first)} is {_by(size)}.",
                    RESIZE,
                )
            if not reading.channels and own_channels != channels:
                raise JobError(
                    f"{self._shown(found)} has {own_channels} channels, but {self._shown(first)} has {channels}.",
                    "Convert them, or use a model whose file tells how many it takes.",
                )
        return size or (0, 0), channels

    def _measure(self, found: Found) -> tuple[tuple[int, int], int]:
        """Return an image's height and width, and its channels, from the beginning of its file."""
        with self._open(found) as image:
            return (image.height, image.width), CHANNELS[image.mode]

    def _open(self, found: Found) -> Any:
        file = self._folder / found.path
        try:
            image = self._pillow.open(file, formats=FORMATS)
        except (self._pillow.DecompressionBombError, self._pillow.DecompressionBombWarning):
            raise self._too_large(found) from None
        except self._unreadable as error:
            raise self._damaged(found, error) from None
        if image.width * image.height > PIXELS:
            image.close()
            raise self._too_large(found)
        if image.mode not in CHANNELS:
            image.close()
            raise JobError(
                f"{self._shown(found)} does not hold 8 bits a channel ({clean(image.mode, 20)}).",
                "Convert it, or save the images as an array.",
            )
        return image

    def _decode(self, found: Found) -> "NDArray[Any]":
        with self._open(found) as image:
            try:
                converted = image.convert(MODES[self._channels])
                if (converted.height, converted.width) != self._size:
                    # Bilinear over the whole source area of a pixel, as Pillow does it: a small image is not aliased.
                    converted = converted.resize(self._size[::-1], self._pillow.Resampling.BILINEAR)
            except (self._pillow.DecompressionBombError, self._pillow.DecompressionBombWarning):
                raise self._too_large(found) from None
            except self._unreadable as error:
                raise self._damaged(found, error) from None
        return np.asarray(converted, dtype=np.uint8).reshape(*self._size, self._channels)

    def _digest(self, found: Found) -> str:
        with open_file(self._folder / found.path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def _shown(self, found: Found) -> str:
        return clean(f"{self.name}/{found.path}", 120)

    def _too_large(self, found: Found) -> JobError:
        return JobError(
            f"{self._shown(found)} claims more than {PIXELS // 1_000_000} million pixels.",
            "Leave it out, or make it smaller.",
        )

    def _damaged(self, found: Found, error: BaseException) -> JobError:
        return JobError(
            f"{self._shown(found)} is no image that can be read ({clean(str(error), 80)}).", "Leave it out."
        )


def find(folder: Path) -> list[Found]:
    """Return the images below ``folder`` in order.

    Raises:
        JobError: it cannot be listed, has no folder with images in it, or holds links.
    """
    shown = clean(folder.name)
    try:
        classes = sorted(
            entry.name for entry in os.scandir(folder) if entry.is_dir() and not _hidden(entry.name)
        )
        found = [image for name in classes for image in sorted(_below(folder, name, 1))]
    except OSError as error:
        raise JobError(f"{shown} cannot be listed ({error.strerror}).", "Check the folder.") from None
    if not found:
        raise JobError(
            f"{shown} has no folders with images in them.",
            f"Make one folder a class, and put its images there: {shown}/<class>/1.png",
        )
    return found


def _below(folder: Path, relative: str, level: int) -> Iterator[Found]:
    if level > DEPTH:
        raise JobError(
            f"{clean(folder.name)} has folders more than {DEPTH} levels deep.", "Put the images higher."
        )
    with os.scandir(folder / relative) as entries:
        for entry in entries:
            path = f"{relative}/{entry.name}"
            if _hidden(entry.name):
                continue
            if entry.is_symlink():
                raise JobError(
                    f"{clean(f'{folder.name}/{path}', 120)} is a symbolic link.",
                    "Put the image itself there.",
                )
            if entry.is_dir(follow_symlinks=False):
                yield from _below(folder, path, level + 1)
            elif entry.name.lower().endswith(SUFFIXES):
                yield Found(path)


def _hidden(name: str) -> bool:
    return name.startswith(".")


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
