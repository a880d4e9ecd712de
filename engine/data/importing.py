"""Putting data sets into a workspace: under which names, and never half.

Owns the names that `engine.data.location` finds, and that what lies there is replaced only when that was asked for.
The data themselves are not opened here.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from engine.data.naming import (
    IDX_NAME,
    NPY_COLUMN_FIRST,
    NPY_COLUMN_LAST,
    SUFFIXES,
    base,
    candidates,
    members,
)
from storage.errors import RefusedError
from storage.text import clean
from storage.workspace import Workspace

PART_FOLDERS: Final = {"train": "train", "validation": "test", "test": "test"}
"""In which of a workspace's folders each part lies."""

PARTIAL: Final = ".importing-"
"""What files are called until they are complete; names with a dot are no data."""


def home(workspace: Workspace, model: str, part: str) -> Path:
    """Return the folder of a part of a model's data."""
    return (workspace.train if PART_FOLDERS[part] == "train" else workspace.test) / model


def names_for(source: Path, part: str) -> dict[str, Path]:
    """Return the files or the folder of a data set by the names that they get as a part.

    Raises:
        JobError: a file that belongs to it is missing, or its name does not tell what it is.
    """
    if source.is_dir():
        return {part: source}
    found = {}
    for column, file in members(source).items():
        found[_name_for(file, column, part)] = file
    return found


def occupied(folder: Path, part: str) -> list[Path]:
    """Return the files and folders that are a part already."""
    if not folder.is_dir():
        return []
    entries = [(entry.name, entry.is_dir()) for entry in folder.iterdir() if not entry.name.startswith(".")]
    found: list[Path] = []
    for name in candidates(entries, part):
        path = folder / name
        found.extend([path] if path.is_dir() else members(path).values())
    return found


def check_free(folder: Path, part: str, *, replace: bool) -> list[Path]:
    """Return what has to make room for a part.

    Raises:
        RefusedError: something is there and may not be replaced.
    """
    there = occupied(folder, part)
    if there and not replace:
        listed = ", ".join(clean(path.name, 60) for path in there[:4])
        raise RefusedError(
            f"{clean(str(folder))} has {part} data already: {listed}.",
            "Replace them with --replace, or choose another part.",
        )
    return there


def put(files: Mapping[str, Path], folder: Path, *, instead_of: list[Path], move: bool = False) -> None:
    """Copy or move files or folders into ``folder`` under their names; what they replace goes when they are complete.

    Raises:
        OSError: the disk is full, or a file cannot be read or written; nothing has changed then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    partial = {name: folder / f"{PARTIAL}{name}" for name in files}
    try:
        for name, source in files.items():
            _remove(partial[name])
            if move:
                shutil.move(source, partial[name])
            else:
                _copy(source, partial[name])
    except BaseException:
        for path in partial.values():
            _remove(path)
        raise
    for path in instead_of:
        _remove(path)
    for name, path in partial.items():
        path.replace(folder / name)
    _sync(folder)


def _name_for(file: Path, column: str, part: str) -> str:
    name = file.name
    match = IDX_NAME.fullmatch(name)
    if match is not None and name.lower().endswith(SUFFIXES["IDX"]):
        return f"{part}-{name[len(match['before']) :]}"
    if name.endswith(SUFFIXES["npy"]):
        if any(pattern.fullmatch(file.stem) for pattern in (NPY_COLUMN_FIRST, NPY_COLUMN_LAST)) and column:
            return f"{part}_{column}.npy"
        return f"{part}.npy"
    return part + name[len(base(name)) :]


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        # What links lead to would be read from wherever they lead to; only files that lie there are data.
        shutil.copytree(source, target, ignore=_links, copy_function=_copy_file)
    else:
        _copy_file(source, target)


def _copy_file(source: str | Path, target: str | Path) -> None:
    shutil.copyfile(source, target)
    _sync(Path(target))


def _links(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if Path(folder, name).is_symlink() or name.startswith(".")}


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
