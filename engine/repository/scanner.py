"""What lies in the folders right now: the listing is the truth, events only say when to look.

Owns the bounded walk over ``train/`` and ``models/``: which files belong together, which names are of no
account, and a stamp that changes whenever a thing does. It follows no link, opens no file, and must not know
what is recorded.
"""

import errno
import hashlib
import itertools
import operator
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.data.naming import SPLITS, is_data_file
from engine.repository.unfinished import is_temporary
from storage import shortages
from storage.text import NAME, clean
from storage.workspace import Workspace, valid_model_name, version_number

SETTINGS = "model.toml"
CURRENT = "current"

SAVED_MODEL = "saved_model.pb"
"""What every SavedModel's folder holds."""

MODEL_SUFFIXES = (".keras", ".h5", ".onnx", ".pt", ".pth", ".pt2", ".tflite", ".pb", ".safetensors")
"""Files that were surely meant as a version when they lie beside the version folders."""

ENTRIES = 100_000
"""Entries of one folder that are listed: more than any workspace has, less than what stalls the engine."""

FILES = 1_000
"""Files of one version: a sharded model has hundreds."""

DEPTH = 6
"""Levels below a version's folder: a SavedModel has three."""


NAME_OF = operator.attrgetter("name")


class Item(msgspec.Struct, frozen=True):
    """One thing that may be a model: a file, or a folder with everything in it."""

    name: str
    is_folder: bool
    files: tuple[str, ...]
    """Paths of its regular files below the folder, or just its name for a file."""
    bytes: int
    stamp: str
    """Differs whenever a size, a time or an inode in it does."""
    problem: str = ""
    """Why it cannot be looked into, or empty."""


class Link(NamedTuple):
    """The ``current`` entry of a model's folder as it was found."""

    target: str | None
    """Where the symbolic link points, or ``None`` where there is no link."""
    is_other: bool = False
    """Whether something that is no link has the name."""


class ModelFolder(msgspec.Struct, frozen=True):
    """One folder of ``models/``."""

    name: str
    versions: dict[int, Item]
    current: Link
    settings: str
    """The stamp of its ``model.toml``, or empty where there is none."""
    problem: str = ""
    """Why it cannot be listed, or empty; then its versions are unknown, not gone."""


class Inbox(msgspec.Struct, frozen=True):
    """One folder of ``train/``: what a training job left there for one model."""

    model: str
    items: tuple[Item, ...]
    stamp: str
    """Differs whenever anything in it does."""
    problem: str = ""
    """Why it cannot be listed, or empty; then its files are unknown, not gone."""


class Oddity(NamedTuple):
    """Something that lies where it means nothing."""

    model: str
    message: str


class Listing(msgspec.Struct, frozen=True):
    """Everything that matters in the two folders."""

    models: dict[str, ModelFolder]
    inboxes: dict[str, Inbox]
    oddities: frozenset[Oddity]
    problems: dict[str, str]
    """Why ``train`` or ``models`` cannot be listed at all, by name."""


class _Walk:
    """One pass over the folders, gathering what is odd on the way."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.oddities: set[Oddity] = set()
        self.problems: dict[str, str] = {}

    def top(self, folder: Path) -> Iterator[tuple[str, str]]:
        """Yield the name and path of each model's folder below ``train`` or ``models``."""
        shown = folder.name
        try:
            entries = _entries(folder)
        except OSError as error:
            self.problems[shown] = f"{shown}/ cannot be listed: {error.strerror or error}."
            return
        for entry in entries:
            path = f"{shown}/{_shown(entry.name)}"
            if is_temporary(entry.name):
                continue
            if entry.is_symlink():
                self._odd("", f"{path} is a symbolic link; put the folder itself there.")
            elif not entry.is_dir(follow_symlinks=False):
                self._odd("", f"{path} belongs to no model: put it into {shown}/<model>/.")
            elif not valid_model_name(entry.name):
                self._odd(
                    "",
                    f"{path} is not a model: rename it; a model's name has at most {NAME} characters that can be shown, "
                    "none of them @ or \\, and does not begin with a hyphen.",
                )
            else:
                yield entry.name, entry.path

    def model(self, name: str, path: str) -> ModelFolder:
        """Return one folder of ``models/``."""
        versions: dict[int, Item] = {}
        current, settings = Link(None), ""
        try:
            for entry in _entries(path):
                if entry.name == CURRENT:
                    current = _link(entry)
                elif entry.name == SETTINGS:
                    settings = _settings_mark(entry)
                elif (number := version_number(entry.name)) is not None and entry.is_dir(
                    follow_symlinks=False
                ):
                    versions[number] = _version(entry)
                elif not is_temporary(entry.name):
                    self._odd_in_model(name, entry)
        except OSError as error:
            return ModelFolder(
                name, {}, Link(None), "", f"models/{name} cannot be listed: {error.strerror or error}."
            )
        return ModelFolder(name, versions, current, settings)

    def inbox(self, model: str, path: str) -> Inbox:
        """Return one folder of ``train/``."""
        try:
            entries = _entries(path)
        except OSError as error:
            return Inbox(model, (), "", f"train/{model} cannot be listed: {error.strerror or error}.")
        found = (
            read_item(path, entry.name)
            for entry in entries
            if not is_temporary(entry.name) and not _is_data(entry)
        )
        # An empty folder is about to be filled, or of no interest.
        items = tuple(item for item in found if item.files or item.problem)
        return Inbox(model, items, _digest(item.stamp for item in items))

    def _odd_in_model(self, model: str, entry: "os.DirEntry[str]") -> None:
        path = f"models/{model}/{_shown(entry.name)}"
        if entry.is_symlink():
            self._odd(model, f"{path} is a symbolic link, not a version: put the folder itself there.")
        elif entry.is_dir(follow_symlinks=False):
            self._odd(model, f"{path} is not a version: a version folder's name is a number such as 3.")
        elif entry.name.endswith(MODEL_SUFFIXES):
            self._odd(
                model,
                f"{path} is in no version: put it into models/{model}/<number>/, or into train/{model}/.",
            )

    def _odd(self, model: str, message: str) -> None:
        self.oddities.add(Oddity(model, clean(message)))


def list_workspace(workspace: Workspace) -> Listing:
    """Return what lies in ``train/`` and ``models/`` now."""
    walk = _Walk(workspace)
    models = {name: walk.model(name, path) for name, path in walk.top(workspace.models)}
    inboxes = {name: walk.inbox(name, path) for name, path in walk.top(workspace.train)}
    return Listing(models, inboxes, frozenset(walk.oddities), walk.problems)


def read_item(folder: Path | str, name: str) -> Item:
    """Return the file or folder ``name`` of ``folder`` as it is now, whatever it is.

    Raises:
        OSError: it cannot be read for want of descriptors or memory, which says nothing about it.
    """
    path = os.path.join(folder, name)  # noqa: PTH118 - ten times quicker than Path, and called for every version
    try:
        status = os.stat(path, follow_symlinks=False)  # noqa: PTH116 - as above
        if stat.S_ISDIR(status.st_mode):
            return _read_folder(path, name)
    except FileNotFoundError:
        return Item(name, False, (), 0, "")
    except OSError as error:
        if shortages.is_one(error):
            raise
        return Item(name, False, (), 0, "", f"cannot be read ({error.strerror or error})")
    stamp = _digest([_mark(name, status)])
    if stat.S_ISLNK(status.st_mode):
        return Item(name, False, (), 0, stamp, "is a symbolic link; copy the file itself")
    if not stat.S_ISREG(status.st_mode):
        return Item(name, False, (), 0, stamp, "is not a regular file")
    return Item(name, False, (name,), status.st_size, stamp)


def _version(entry: "os.DirEntry[str]") -> Item:
    """Return a folder that the listing just named: of ten thousand versions it spares one look at each."""
    try:
        return _read_folder(entry.path, entry.name)
    except OSError:
        # It went, or became something else, or is not ours to read: the second look says which.
        return read_item(os.path.dirname(entry.path), entry.name)  # noqa: PTH120 - as in `read_item`


def _read_folder(path: str, name: str) -> Item:
    files: list[str] = []
    marks: list[str] = []
    size = 0
    try:
        for relative, status in _below(path):
            # What is not finished counts in the stamp, so that a folder which is still being filled never settles.
            marks.append(_mark(relative, status))
            if stat.S_ISREG(status.st_mode) and not is_temporary(relative):
                files.append(relative)
                size += status.st_size
            if len(marks) > FILES:
                return Item(name, True, (), size, _digest(marks), f"holds more than {FILES} files")
    except _TooDeepError:
        return Item(name, True, (), size, _digest(marks), f"has folders more than {DEPTH} levels deep")
    return Item(name, True, tuple(sorted(files)), size, _digest(sorted(marks)))


class _TooDeepError(Exception):
    """The walk reached its last level and there was another one."""


def _below(path: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield everything below a folder that is no folder, with its path from there."""
    folders = [(path, "", 1)]
    while folders:
        folder, prefix, level = folders.pop()
        if level > DEPTH:
            raise _TooDeepError
        with os.scandir(folder) as entries:
            for entry in entries:
                relative = prefix + entry.name
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    # It went between the listing and the look; the next listing will not have it.
                    continue
                if stat.S_ISDIR(status.st_mode):
                    folders.append((entry.path, f"{relative}/", level + 1))
                else:
                    yield relative, status


def _entries(path: Path | str) -> list["os.DirEntry[str]"]:
    with os.scandir(path) as entries:
        found = list(itertools.islice(entries, ENTRIES + 1))
    if len(found) > ENTRIES:
        raise OSError(errno.EFBIG, f"it has more than {ENTRIES} entries")
    return sorted(found, key=NAME_OF)


def _is_data(entry: "os.DirEntry[str]") -> bool:
    if entry.is_dir(follow_symlinks=False):
        # A folder of images has the name of a part of the data; a saved model of that name is a model all the same.
        return entry.name in SPLITS and not Path(entry.path, SAVED_MODEL).exists()
    return entry.name == SETTINGS or is_data_file(entry.name)


def _settings_mark(entry: "os.DirEntry[str]") -> str:
    try:
        # Through a link, too: settings may be shared between workspaces.
        return _mark(entry.name, entry.stat())
    except FileNotFoundError:
        return ""


def _link(entry: "os.DirEntry[str]") -> Link:
    if not entry.is_symlink():
        return Link(None, is_other=True)
    try:
        return Link(str(Path(entry.path).readlink()))
    except FileNotFoundError:
        # Replaced at this moment; whoever did it wakes us again.
        return Link(None)


def _mark(name: str, status: os.stat_result) -> str:
    # The time of the inode's last change catches what restores a file's own time, as copy programs do.
    return f"{name}\0{status.st_mode:x}\0{status.st_size:x}\0{status.st_mtime_ns:x}\0{status.st_ctime_ns:x}\0{status.st_ino:x}"


def _digest(marks: "Iterator[str] | list[str]") -> str:
    return hashlib.blake2b("\n".join(marks).encode(errors="surrogateescape"), digest_size=12).hexdigest()


def _shown(name: str) -> str:
    return clean(name, NAME)
