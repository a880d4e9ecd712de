"""Files beside a model that belong to it: weights that its format keeps apart.

Owns the answer to "which, and do they lie in the model's own folder?". Nothing is decided by comparing path
strings: every step is opened below the folder without following links, and the descriptor is asked.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from engine.artefacts.content import ContentError, CutShortError, HarmfulError
from storage.text import clean

FILES = 10_000
"""Files of one model besides its first; exporters write one, at most one a tensor."""


def check_files(artefact: Path, external: Mapping[str, int], what: str = "weights") -> tuple[Path, ...]:
    """Return the files at the locations in ``external``, sorted; the numbers are the sizes they need.

    ``what`` they hold is what people are told, as in "keeps its weights in w.bin, which is missing beside it".

    Raises:
        HarmfulError: one lies outside the folder, or is reached through a link.
        CutShortError: one is missing or too short; it may still be on its way.
        ContentError: there are too many.
    """
    if len(external) > FILES:
        raise ContentError(f"keeps its {what} in {len(external)} files, more than any model needs")
    found: list[Path] = []
    folder = os.open(artefact.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for location, needed in sorted(external.items()):
            _check_file(folder, location, needed, what)
            found.append(artefact.parent / location)
    finally:
        os.close(folder)
    return tuple(found)


def _check_file(folder: int, location: str, needed: int, what: str) -> None:
    parts = PurePosixPath(location).parts
    if not parts or location.startswith("/") or ".." in parts or "\0" in location or "\\" in location:
        raise HarmfulError(f"wants {what} outside its folder: {clean(location) or 'an empty path'}")
    shown = clean(location)
    try:
        status = _stat_below(folder, parts)
    except FileNotFoundError:
        raise CutShortError(f"keeps its {what} in {shown}, which is missing beside it") from None
    except NotADirectoryError:
        raise HarmfulError(f"wants {what} through a link: {shown}") from None
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        # A second name may be a file from anywhere on the disk.
        raise HarmfulError(f"wants {what} through a link: {shown}")
    if status.st_size < needed:
        raise CutShortError(f"keeps its {what} in {shown}, which is cut short")


def _stat_below(folder: int, parts: tuple[str, ...]) -> os.stat_result:
    """Return the status of the last part, each folder before it opened below the last without links."""
    opened: list[int] = []
    try:
        for part in parts[:-1]:
            opened.append(
                os.open(
                    part,
                    os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC,
                    dir_fd=opened[-1] if opened else folder,
                )
            )
        return os.stat(parts[-1], dir_fd=opened[-1] if opened else folder, follow_symlinks=False)
    finally:
        for descriptor in opened:
            os.close(descriptor)
