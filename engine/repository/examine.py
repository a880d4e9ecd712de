"""What a file or folder holds: which file is the model, what belongs to it, and why it may be none.

Owns the choice among several files. The judgement of each one by its content is the runtimes'.
"""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from engine.artefacts.beside import FILES
from engine.protocols import Recognition
from engine.repository.scanner import Item
from engine.runtimes import recognise
from storage.text import NAME, clean
from storage.vocabulary import Format

NAMED = 3
"""Files that a sentence names before it says how many more there are."""


class Examined(msgspec.Struct, frozen=True):
    """What was found. Without a ``format`` it must not be tried, and ``reason`` says why."""

    artefact: str = ""
    """Path of the model below the folder."""
    files: Annotated[tuple[str, ...], Meta(max_length=1 + FILES)] = ()
    """Paths of everything that belongs to it, itself first."""
    format: Format | None = None
    reason: str = ""
    refused: bool = False
    """Whether it looks made to do harm."""
    complete: bool = True
    """Whether it is all there; if not, it may still be on its way."""


def examine(folder: Path, item: Item) -> Examined:
    """Return what ``item``, which lies in ``folder``, holds. Called behind walls: it looks into strangers' files."""
    root = folder / item.name if item.is_folder else folder
    found = {name: recognise(root / name) for name in item.files}
    belongs = {path for seen in found.values() for path in seen.companions}
    models = [name for name, seen in found.items() if seen.format is not None and root / name not in belongs]
    if len(models) > 1:
        return Examined(reason=f"{clean(item.name, NAME)} holds {_listed(models)}; a version is one model")
    if not models:
        return _no_model(root, found)
    return _model(root, models[0], found[models[0]])


def _model(root: Path, name: str, seen: Recognition) -> Examined:
    files = (name, *(str(path.relative_to(root)) for path in seen.companions))
    odd = next((file for file in files if clean(file, len(file)) != file), None)
    if odd is not None:
        # The name is shown, stored and handed to frameworks; one that could steer any of them is not worth keeping.
        return Examined(
            reason=f"{clean(odd, NAME)} has characters in its name that cannot be shown; rename it"
        )
    return Examined(name, files, seen.format)


def _no_model(root: Path, found: dict[str, Recognition]) -> Examined:
    """Say why nothing here is a model: the worst that was found, else what is missing, else what there is."""
    seen = sorted(found.values(), key=lambda each: (not each.refused, each.complete))
    if seen and (len(seen) == 1 or seen[0].refused or not seen[0].complete):
        return Examined(reason=seen[0].reason, refused=seen[0].refused, complete=seen[0].complete)
    if not seen:
        return Examined(reason=f"{clean(root.name, NAME)} is empty", complete=False)
    return Examined(reason=recognise(root).reason)


def _listed(names: list[str]) -> str:
    shown = ", ".join(clean(name, NAME) for name in names[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{len(names)} models ({shown}{more})"
