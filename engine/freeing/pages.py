"""Pages of the database that hold nothing: given back in small steps that nobody waits for."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from engine.jobs.context import Context
from storage import upkeep
from storage.spare import Spare

WHAT = Spare.PAGES

LEAST_BYTES: Final = 1 << 20
"""Fewer are used again within the day."""


def find(context: Context, connection: sqlite3.Connection) -> list[str]:
    """Return the database, where enough of it is free."""
    enough = _free(connection) >= LEAST_BYTES
    return [str(context.workspace.database.relative_to(context.workspace.root))] if enough else []


def size(context: Context, path: str) -> int | None:
    """Return what the disk is given back."""
    del path  # there is one
    with context.writer.passing() as connection:
        return _free(connection)


def remove(context: Context, paths: Sequence[str]) -> list[str]:
    """Give the pages back.

    Raises:
        sqlite3.Error: there is not even room for a step of it.
    """
    upkeep.compact(context.workspace.database)
    return list(paths)


def _free(connection: sqlite3.Connection) -> int:
    return upkeep.pragma(connection, "freelist_count") * upkeep.pragma(connection, "page_size")
