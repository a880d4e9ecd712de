"""Which names in a folder are labelled data, and which files make up one data set.

Owns the endings of every format and the ways in which files that belong together are called. Names only:
nothing is opened, and no numerical library is loaded, since the engine's main process asks.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from storage.errors import JobError
from storage.text import clean

SUFFIXES: Final = {
    "npz": (".npz",),
    "npy": (".npy",),
    "Parquet": (".parquet", ".pq"),
    "IDX": ("-ubyte", "-ubyte.gz", ".idx", ".idx.gz"),
    "images": (),
    "JSONL": (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"),
    "CSV": (".csv", ".tsv", ".csv.gz", ".tsv.gz"),
}
"""What the files of each format end in; images lie in folders."""

DATA_SUFFIXES: Final = tuple(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)

SPLITS: Final = ("test", "validation", "train")
"""What people call the parts of their data, and so what folders of images are called."""

MNIST: Final = {"test": "t10k"}
"""What MNIST's authors call a part."""

IDX_NAME: Final = re.compile(
    r"(?P<before>.*?)(?P<part>images|labels)(?P<between>[-_.])idx\d(?P<after>.*?)(?P<packed>\.gz)?"
)
"""``t10k-images-idx3-ubyte``, also with a dot, as some archives unpack it."""

IDX_COLUMNS: Final = {"images": "x", "labels": "y"}

NPY_COLUMN_FIRST: Final = re.compile(r"(?P<column>[xy])(?P<rest>[_.-].+)")
"""``x_test``, as Keras' own examples call their variables."""

NPY_COLUMN_LAST: Final = re.compile(r"(?P<rest>.+[_.-])(?P<column>[^_.-]+)")
"""``test_x``; what stands last may be any input's name."""

NPY_SINGLE: Final = "x"
"""What the array of a file that stands alone is called."""

CONFIGURABLE: Final = ("test", "validation")
"""The parts whose file ``[data]`` in model.toml may name."""

FILES: Final = 1000
"""Files of one data set of arrays; it has a few."""


def is_data_file(name: str) -> bool:
    """Whether a file is labelled data by its name."""
    return name.lower().endswith(DATA_SUFFIXES)


def base(name: str) -> str:
    """Return a data file's name without its ending: ``test`` of ``test.csv.gz``."""
    lower = name.lower()
    longest = max((suffix for suffix in DATA_SUFFIXES if lower.endswith(suffix)), key=len, default="")
    return name[: len(name) - len(longest)] if longest.startswith(".") else name.removesuffix(".gz")


def candidates(names: Iterable[tuple[str, bool]], split: str) -> list[str]:
    """Return which of a folder's entries, (name, whether it is a folder), hold a part of the data; one name a data set."""
    found: dict[str, str] = {}
    for name, is_folder in sorted(names):
        key = split if is_folder and name == split else "" if is_folder else _key(name, split)
        if key:
            found.setdefault(key, name)
    return list(found.values())


def _key(name: str, split: str) -> str:
    """Return what data set of a split a file belongs to, the same for files that belong together, or nothing."""
    if not is_data_file(name):
        return ""
    if base(name) == split:
        return name
    idx = IDX_NAME.fullmatch(name)
    if idx is not None:
        called = idx["before"].rstrip("-_.")
        return f"idx{idx['between']}{idx['packed']}" if called in {split, MNIST.get(split, split)} else ""
    if name.endswith(SUFFIXES["npy"]):
        for pattern in (NPY_COLUMN_FIRST, NPY_COLUMN_LAST):
            match = pattern.fullmatch(base(name))
            if match is not None and match["rest"].strip("_.-") == split:
                return f"npy {match['rest']}"
    return ""


def members(path: Path) -> dict[str, Path]:
    """Return the files of the data set that a file is part of, by column; of formats of one file, that one.

    Raises:
        JobError: a companion is missing, or there are two.
    """
    if IDX_NAME.fullmatch(path.name) and path.name.lower().endswith(SUFFIXES["IDX"]):
        return idx_members(path)
    if path.name.endswith(SUFFIXES["npy"]):
        return npy_members(path)
    return {"": path}


def npy_members(path: Path) -> dict[str, Path]:
    """Return the ``.npy`` files of the data set that ``path`` is part of, by column, in order.

    Raises:
        JobError: there are too many to be one data set.
    """
    for pattern in (NPY_COLUMN_FIRST, NPY_COLUMN_LAST):
        match = pattern.fullmatch(path.stem)
        if match is None:
            continue
        found = {}
        for file in sorted(path.parent.glob("*.npy")):
            other = pattern.fullmatch(file.stem)
            if other and other["rest"] == match["rest"]:
                found[other["column"]] = file
        if len(found) > FILES:
            raise JobError(
                f"{clean(path.name)} has {len(found)} arrays beside it, more than {FILES}.",
                "Keep to one file a column: test_x.npy, test_y.npy.",
            )
        if len(found) > 1:
            return found
    return {NPY_SINGLE: path}


def idx_members(path: Path) -> dict[str, Path]:
    """Return images and labels of the data set that ``path`` is part of, by column.

    Raises:
        JobError: one of them is missing, or lies there twice.
    """
    match = IDX_NAME.fullmatch(path.name)
    if match is None:
        return {NPY_SINGLE: path}
    found: dict[str, Path] = {}
    for file in sorted(path.parent.iterdir()):
        other = IDX_NAME.fullmatch(file.name)
        if not other or (other["before"], other["after"]) != (match["before"], match["after"]):
            continue
        column = IDX_COLUMNS[other["part"]]
        if column in found and path not in {file, found[column]}:
            raise JobError(
                f"{clean(found[column].name)} and {clean(file.name)} lie beside each other.",
                "Keep one of them, packed or not.",
            )
        found[column] = path if path in {file, found.get(column)} else file
    if len(found) < len(IDX_COLUMNS):
        raise _without_companion(path, match["part"])
    return {column: found[column] for column in IDX_COLUMNS.values()}


def _without_companion(path: Path, there: str) -> JobError:
    lacking = "labels" if there == "images" else "images"
    name = path.name.replace(there, lacking)
    wanted = re.sub(r"idx\d", "idx1" if lacking == "labels" else "idx3", name)
    return JobError(
        f"{clean(path.name)} has no {lacking} beside it.",
        f"Put them there, under the same name: {clean(wanted)}",
    )
