"""What belongs to an artefact and how it is known, found out by looking into it: in the engine a confined process looks."""

from pathlib import Path

from engine.repository.integrity import digest
from engine.repository.objects import Kept, Objects
from engine.runtimes import recognise


def companions(artefact: Path) -> list[str]:
    """Return the paths, below its folder, of the other files that belong to an artefact."""
    return [str(path.relative_to(artefact.parent)) for path in recognise(artefact).companions]


def artefact_sha256(artefact: Path) -> str:
    """Return what an artefact is known for together with the files that belong to it."""
    return digest(artefact.parent, [artefact.name, *companions(artefact)]).sha256


def keep_known(objects: Objects, artefact: Path, sha256: str) -> Kept:
    """Return the copy of an artefact with all that belongs to it."""
    return objects.keep(artefact, companions(artefact), sha256)
