"""The other files of a SavedModel's folder: which belong to it, and whether they are all there.

Owns the layout of the folder. It must not know what the graph does.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from engine.artefacts.beside import FILES, check_files
from engine.artefacts.content import Content, ContentError, CutShortError, HarmfulError
from engine.runtimes.savedmodel.bundle import shards
from storage.text import clean

VARIABLES, ASSETS = "variables", "assets"
INDEX = f"{VARIABLES}/variables.index"

FOLDERS = (VARIABLES, ASSETS, "assets.extra")
BESIDE = ("fingerprint.pb", "keras_metadata.pb")
"""Files that TensorFlow and Keras write beside the graph; none of them is needed to run it."""

DEPTH = 8
"""Folders in folders below ``assets``; honest ones have one or two."""


def find_parts(artefact: Path, assets: set[str], *, has_variables: bool) -> tuple[Path, ...]:
    """Return the files that belong to the SavedModel in ``artefact`` besides itself.

    Raises:
        CutShortError: a file that it needs is missing or too short; it may still be on its way.
        HarmfulError: one lies outside the folder, or is reached through a link.
        ContentError: one is damaged.
    """
    check_files(artefact, {f"{ASSETS}/{name}": 0 for name in assets}, "assets")
    if has_variables:
        check_files(artefact, {INDEX: 0}, "variables")
        check_files(artefact, _data(artefact.parent / INDEX), "variables")
    return check_files(artefact, dict.fromkeys(_listed(artefact.parent), 0), "parts")


def _data(index: Path) -> dict[str, int]:
    """Return the files that hold variables, as the index tells, and the bytes that each must have."""
    try:
        with Content(index) as content:
            return {f"{VARIABLES}/{name}": size for name, size in shards(content).items()}
    except CutShortError as error:
        raise CutShortError(f"keeps its variables in {INDEX}, which {error}") from None
    except ContentError as error:
        raise ContentError(f"keeps its variables in {INDEX}, which {error}") from None


def _listed(folder: Path) -> Iterator[str]:
    """Yield the paths of everything below the folder that belongs to a SavedModel by its name."""
    for name in BESIDE:
        if os.path.lexists(folder / name):
            yield name
    for name in FOLDERS:
        if (folder / name).is_symlink():
            raise HarmfulError(f"wants {clean(name)} through a link")
        if (folder / name).is_dir():
            yield from _below(folder / name, name, 1)


def _below(folder: Path, prefix: str, level: int) -> Iterator[str]:
    if level > DEPTH:
        raise ContentError(f"has folders more than {DEPTH} levels deep in {clean(prefix)}")
    count = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                # What file browsers and copy programs leave; TensorFlow reads none of it.
                continue
            count += 1
            if count > FILES:
                raise ContentError(f"keeps more than {FILES} files in {clean(prefix)}")
            if entry.is_dir(follow_symlinks=False):
                yield from _below(Path(entry.path), f"{prefix}/{entry.name}", level + 1)
            else:
                yield f"{prefix}/{entry.name}"
