"""Prepared copies of data: where they lie, which one fits, and which ones go.

Owns the folder ``.modeltender/data``: one folder a model, in it one a state of its data and a way of reading
them. A copy goes when its source is gone or has changed, and the longest unused go where there are too many.
It must not read the data; a data process writes them.
"""

import hashlib
import logging
import os
import shutil
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from engine.data import identity
from engine.data.manifest import MANIFEST, Manifest, read_manifest
from engine.protocols import TensorSpec
from storage.errors import JobError
from storage.settings import ModelSettings

log = logging.getLogger(__name__)

RULES: Final = 1
"""Raised whenever `engine.data.preparing` makes anything else of the same data."""

SOURCE: Final = "source.json"
"""What a copy was made from; written by the engine, beside what the data process wrote."""

SOURCE_BYTES: Final = 64 * 1024

PACKED_BYTES: Final = 8 * 1024 * 1024
"""A packed .npz from here on is unpacked once, not by every model process."""

ZIP: Final = b"PK"
NPY: Final = b"\x93NUMPY"
METHOD: Final = slice(8, 10)
STORED: Final = b"\0\0"
"""How files of arrays begin, and where a zip archive says that its first member is not packed."""


class Source(msgspec.Struct, frozen=True):
    """What a prepared copy was made from."""

    path: str
    stamp: str


class Wanted(NamedTuple):
    """Data as a model is to get them."""

    model: str
    source: Path
    inputs: tuple[TensorSpec, ...]
    settings: ModelSettings

    @property
    def plain(self) -> bool:
        """Whether a model process can map the source itself."""
        reading = self.settings.data.inputs or self.settings.data.target or self.settings.preprocess.resize
        if reading or self.source.is_dir():
            return False
        try:
            with self.source.open("rb") as stream:
                head = stream.read(16)
                size = os.fstat(stream.fileno()).st_size
        except OSError:
            # Whoever opens it next says why it cannot be read.
            return True
        if head.startswith(ZIP):
            return head[METHOD] == STORED or size < PACKED_BYTES
        return head.startswith(NPY) or not head

    def key(self) -> str:
        """Return what a copy is kept under: the state of the data, and all that decides what is read of them."""
        columns, resize = self.settings.data, self.settings.preprocess.resize
        said = (RULES, str(self.source), identity.identity(self.source), self.inputs)
        written = msgspec.json.encode((*said, columns.inputs, columns.target, columns.slices, resize))
        return hashlib.blake2b(written, digest_size=16).hexdigest()


class PreparedData:
    """The prepared copies of one workspace."""

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        self._folder = folder
        self.limit_bytes = limit_bytes

    def home(self, model: str) -> Path:
        """Return the folder of a model's copies, made if need be: a model process may read all of it."""
        folder = self._folder / model
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def find(self, wanted: Wanted, key: str) -> Path | None:
        """Return the copy that is kept under ``key``, and count it as used; a damaged one goes."""
        folder = self.home(wanted.model) / key
        if not folder.is_dir():
            return None
        try:
            read_manifest(folder)
            os.utime(folder / MANIFEST)
        except (JobError, OSError):
            _remove(folder)
            return None
        return folder

    def keep(self, wanted: Wanted, folder: Path, manifest: Manifest) -> None:
        """Write down what a new copy was made from, and let others go where there are too many."""
        source = Source(str(wanted.source), identity.stamp(wanted.source))
        (folder / SOURCE).write_bytes(msgspec.json.encode(source))
        self.tidy(keep=folder)
        log.info("%s of %s prepared: %d bytes", manifest.name, wanted.model, manifest.bytes)

    def tidy(self, keep: Path | None = None) -> None:
        """Remove the copies whose source is gone or has changed, and the longest unused above the limit."""
        kept: list[tuple[float, int, Path]] = []
        for folder in self._copies():
            if folder != keep and not _current(folder):
                _remove(folder)
                continue
            try:
                used, size = (folder / MANIFEST).stat().st_mtime, read_manifest(folder).bytes
            except (JobError, OSError):
                _remove(folder)
                continue
            kept.append((used, size, folder))
        total = sum(size for _used, size, _folder in kept)
        for _used, size, folder in sorted(kept):
            if total > self.limit_bytes and folder != keep:
                _remove(folder)
                total -= size

    def _copies(self) -> list[Path]:
        try:
            return [copy for model in self._folder.iterdir() for copy in model.iterdir()]
        except OSError:
            # Nothing was ever prepared, or something else lies there: nothing of ours to remove.
            return []


def _current(folder: Path) -> bool:
    """Whether a copy's source is still what it was made from."""
    try:
        with (folder / SOURCE).open("rb") as stream:
            source = msgspec.json.decode(stream.read(SOURCE_BYTES), type=Source)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return bool(source.stamp) and identity.stamp(Path(source.path)) == source.stamp


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError:
        # It takes room until the next time; what was removed of it no longer passes for a copy.
        log.warning("%s could not be removed", folder, exc_info=True)
