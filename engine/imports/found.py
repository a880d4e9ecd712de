"""What a server's folders hold, as its own files say it, and the reading that all kinds of servers have in common.

Owns the listing of version folders and the version policy. Nothing here opens a model, and nothing writes.
"""

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.repository.targets.config_file import ConfigFile
from engine.repository.targets.prototext import Message
from engine.repository.targets.target import TargetError
from storage.errors import JobError
from storage.imported import Declared
from storage.text import clean
from storage.vocabulary import ImportKind

LONGEST_NUMBER = 18
"""Digits of a version's number: exporters name folders after the second or the microsecond; more fit into no database."""

SHOWN_PATH = 1000
"""Characters of a path that are kept and shown."""


class FoundVersion(NamedTuple):
    """A version folder of the source."""

    number: int
    folder: Path
    served: bool
    labels: tuple[str, ...] = ()
    artefact: str = ""
    """The one entry in it that is the model, where the server's configuration names it."""
    problem: str = ""
    """Why it cannot come in, where that is known without looking into it."""


class FoundModel(NamedTuple):
    """A model of the source."""

    name: str
    kind: ImportKind
    path: Path
    versions: tuple[FoundVersion, ...] = ()
    """In the order of their numbers."""
    declared: Declared | None = None
    problem: str = ""
    """Why none of it can come in."""
    written: str = ""
    """Where it lies as its server's configuration says it, where that is no folder here."""

    @property
    def place(self) -> str:
        """Where it lies, as it is kept and shown."""
        return self.written or shown(self.path)


def version_folders(folder: Path) -> dict[int, Path]:
    """Return what is called like a version in a folder, the lowest number first.

    Leading zeros count for nothing, as exporters write them; the servers pass over every other name.
    """
    found: dict[int, Path] = {}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            name = entry.name
            if (
                name.isascii()
                and name.isdigit()
                and len(name) <= LONGEST_NUMBER
                and int(name)
                and entry.is_dir()
            ):
                found.setdefault(int(name), Path(entry.path))
    return dict(sorted(found.items()))


def located(written: str, beside: Path) -> Path | None:
    """Return the folder that a server's path means here: as it stands, or below the folder ``beside``.

    In a container the same files have other parents: of ``/models/vision/resnet`` what is left without the first
    folders is looked for, the longest first.
    """
    if not written:
        return None
    path = Path(written)
    parts = path.parts[1:] if path.is_absolute() else path.parts
    below = [beside.joinpath(*parts[first:]) for first in range(len(parts))]
    candidates = [path, *below] if path.is_absolute() else below
    return next((candidate for candidate in candidates if candidate.is_dir()), None)


def served(policies: Sequence[Message], numbers: Collection[int]) -> frozenset[int]:
    """Return which versions a server serves by its policy; without one, the latest."""
    latest = 1
    for policy in policies:
        for specific in policy.messages("specific"):
            wanted = {int(number.meant) for number in specific.scalars("versions") if number.meant.isdigit()}
            return frozenset(wanted & set(numbers))
        if policy.named("all"):
            return frozenset(numbers)
        for newest in policy.messages("latest"):
            latest = whole(newest, "num_versions") or latest
    return frozenset(sorted(numbers)[-latest:])


def whole(message: Message, name: str) -> int:
    """Return the number that a field has; 0, as the servers take it, where it has none."""
    values = message.scalars(name)
    return int(values[-1].meant) if values and values[-1].meant.isdigit() else 0


def word(message: Message, name: str) -> str:
    """Return the text that a field has, fit to be shown; empty where it has none."""
    values = message.scalars(name)
    return clean(values[-1].meant) if values else ""


def configuration(file: Path) -> Message:
    """Return what a server's configuration file holds.

    Raises:
        JobError: it cannot be read, or is not in protobuf's text format.
    """
    held = ConfigFile(file)
    try:
        return held.parse(held.read())
    except TargetError as error:
        raise JobError(f"{error}.", "Correct the file, or name another source.", code="no-source") from None


def shown(path: Path) -> str:
    """Return a path as it is kept and shown."""
    return clean(str(path), SHOWN_PATH)
