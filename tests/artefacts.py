"""What belongs to an artefact and how it is known, found out by looking into it: in the engine a confined process looks."""

import sqlite3
from pathlib import Path

from engine.repository.integrity import digest
from engine.repository.objects import Kept, Objects
from engine.runtimes import recognise
from storage.tables import models
from storage.vocabulary import Format, Status


def companions(artefact: Path) -> list[str]:
    """Return the paths, below its folder, of the other files that belong to an artefact."""
    return [str(path.relative_to(artefact.parent)) for path in recognise(artefact).companions]


def artefact_sha256(artefact: Path) -> str:
    """Return what an artefact is known for together with the files that belong to it."""
    return digest(artefact.parent, [artefact.name, *companions(artefact)]).sha256


def keep_known(objects: Objects, artefact: Path, sha256: str) -> Kept:
    """Return the copy of an artefact with all that belongs to it."""
    return objects.keep(artefact, companions(artefact), sha256)


def record_version(
    connection: sqlite3.Connection,
    model: str,
    number: int,
    file: Path,
    kind: Format = Format.ONNX,
    *,
    status: Status = Status.READY,
    at: float = 1.0,
) -> int:
    """Record a version of a model whose artefact is a file, as the repository does once it was loaded; return its id."""
    version = models.add_version(
        connection, models.ensure(connection, model, now=at), number, status=status, found_at=at
    )
    models.set_artefact(
        connection,
        version,
        artefact=file.name,
        kind=kind,
        sha256=artefact_sha256(file),
        size=file.stat().st_size,
    )
    return version
