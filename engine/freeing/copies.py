"""Copies of models' files that nothing deployed needs and that no process holds."""

import sqlite3
from collections.abc import Sequence

from engine.jobs.context import Context
from engine.repository.objects import Objects
from storage.spare import Spare
from storage.tables import deployed

WHAT = Spare.COPY


def find(context: Context, connection: sqlite3.Connection) -> list[str]:
    """Return the copies that may go; what keeps the others looks every few seconds, so there are seldom any."""
    return [
        f".modeltender/objects/{name}"
        for name in Objects(context.workspace.objects).idle(_wanted(connection))
    ]


def remove(context: Context, paths: Sequence[str]) -> list[str]:
    """Remove copies as they are always removed: unless somebody holds or wants one by now."""
    objects = Objects(context.workspace.objects)

    def wanted() -> set[str]:
        with context.writer.passing() as connection:
            return _wanted(connection)

    objects.tidy(wanted)
    return [path for path in paths if not (context.workspace.root / path).exists()]


def _wanted(connection: sqlite3.Connection) -> set[str]:
    return {each.content.sha256 for each in deployed.all_deployed(connection)}
