"""The files of versions that were before what is deployed, as far as the owner says so in ``[retention] versions``.

Owns the order that a kill cannot harm: first it is on record that a version has no files any more, then they go. One whose
files are there all the same is found by the next look at the folders, and checked like any that comes back.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from engine.freeing import removing
from engine.jobs.context import Context
from storage.spare import Spare
from storage.tables import events, models
from storage.tables import retired as table
from storage.tables.retired import Retired
from storage.vocabulary import Status

WHAT = Spare.RETIRED


def find(context: Context, connection: sqlite3.Connection) -> list[str]:
    """Return the folders of versions that nothing needs any more, beyond those that are to stay."""
    keep = context.settings.retention.versions
    return [] if keep is None else [_folder(one) for one in table.read(connection, keep)]


def remove(context: Context, paths: Sequence[str]) -> list[str]:
    """Remove folders of versions that still may go.

    Raises:
        OSError: one cannot be moved; those before it are gone, and the others as they were.
    """
    gone: list[str] = []
    aside: list[Path] = []
    try:
        for path in paths:
            if (thing := _let_go(context, path)) is not None:
                gone.append(path)
                aside.append(thing)
    finally:
        removing.take_apart(aside)
    return gone


def _let_go(context: Context, path: str) -> Path | None:
    """Put on record that a version has no files any more, and take their name away."""
    keep = context.settings.retention.versions
    with context.writer.transaction() as connection:
        may_go = [] if keep is None else table.read(connection, keep)
        version = next((one for one in may_go if _folder(one) == path), None)
        if version is None:
            return None
        told = f"{path} was removed to free the disk"
        models.set_version(connection, version.id, status=Status.MISSING, reason=told, stamp="")
        events.add(
            connection,
            "retired",
            f"version {version.number}: {told}",
            at=context.now(),
            model=version.model,
            version=version.number,
        )
    return removing.set_aside(context.workspace, path)


def _folder(version: Retired) -> str:
    return f"models/{version.model}/{version.number}"
