"""What a file or folder holds: which file is the model, what belongs to it, and why it may be none.

Owns the choice among several files. The judgement of each one by its content is the runtimes'.
"""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from engine.artefacts.beside import FILES
from engine.artefacts.doubts import SHOWN_EVIDENCE
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
    """Whether it looks made to do harm; then ``files`` are what was refused, and ``artefact`` which of them is the model,
    where that is known and its name can be shown."""
    complete: bool = True
    """Whether it is all there; if not, it may still be on its way."""
    evidence: Annotated[tuple[str, ...], Meta(max_length=SHOWN_EVIDENCE)] = ()
    """Each thing that was found in what is refused, by its name."""
    on_trust: Format | None = None
    """What it is to be loaded as where its owner trusts this very content."""

    @property
    def companions(self) -> tuple[str, ...]:
        """Paths of what belongs to the artefact, below the folder that it lies in."""
        return self.beside(Path())[1][1:] if self.artefact else ()

    def beside(self, folder: Path) -> tuple[Path, tuple[str, ...]]:
        """Return the artefact's own folder, ``folder`` being where the paths start, and the files' paths below that.

        What lies around that folder is no part of the artefact, and its name none of the artefact's identity.
        """
        above = self.artefact.rpartition("/")[0]
        if not above:
            return folder, self.files
        return folder / above, tuple(name.removeprefix(f"{above}/") for name in self.files)


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
    files = _files(root, name, seen)
    odd = _odd(files)
    if odd is not None:
        # The name is shown, stored and handed to frameworks; one that could steer any of them is not worth keeping.
        return Examined(
            reason=f"{clean(odd, NAME)} has characters in its name that cannot be shown; rename it"
        )
    return Examined(name, files, seen.format)


def _no_model(root: Path, found: dict[str, Recognition]) -> Examined:
    """Say why nothing here is a model: the worst that was found, else what is missing, else what there is."""
    if not found:
        return Examined(reason=f"{clean(root.name, NAME)} is empty", complete=False)
    name, seen = min(found.items(), key=lambda each: _rank(each[1]))
    if seen.doubt is not None or seen.refused:
        doubted = sum(each.on_trust is not None for each in found.values())
        return _refused(root, name, seen, alone=doubted == 1)
    if len(found) == 1 or not seen.complete:
        return Examined(reason=seen.reason, complete=seen.complete)
    return Examined(reason=recognise(root).reason)


def _rank(seen: Recognition) -> tuple[bool, bool, bool, bool]:
    """Return what sorts the findings: what no trust mends, what trust may, what is missing, the rest."""
    return (not seen.refused, seen.refused and seen.doubt is not None, seen.complete, seen.doubt is None)


def _refused(root: Path, name: str, seen: Recognition, *, alone: bool) -> Examined:
    """Return what must not be tried with its files, by whose content it can be told apart, and trusted."""
    files = _files(root, name, seen)
    nameless = _odd(files) is not None
    return Examined(
        artefact="" if nameless else name,
        # A name that is no text cannot be told; who asked knows what was listed.
        files=() if nameless else files,
        reason=seen.reason,
        refused=seen.refused,
        evidence=seen.doubt.evidence if seen.doubt else (seen.reason,),
        # Of two that are doubted, nobody could say which one is meant.
        on_trust=seen.on_trust if alone and not nameless else None,
    )


def _files(root: Path, name: str, seen: Recognition) -> tuple[str, ...]:
    return (name, *(str(path.relative_to(root)) for path in seen.companions))


def _odd(files: tuple[str, ...]) -> str | None:
    return next((file for file in files if clean(file, len(file)) != file), None)


def _listed(names: list[str]) -> str:
    shown = ", ".join(clean(name, NAME) for name in names[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{len(names)} models ({shown}{more})"
