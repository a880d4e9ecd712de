"""Copies of the database from before it was brought up to date or mended, but for the newest of each kind."""

import re
import sqlite3

from engine.jobs.context import Context
from storage.modes import SIDE_FILES
from storage.spare import Spare

WHAT = Spare.BACKUP

KINDS = ("schema", "damaged")
"""How the database names them: by the version that the tables had, or by a number."""


def find(context: Context, connection: sqlite3.Connection) -> list[str]:
    """Return the older ones, with what lies beside them."""
    del connection  # they are known by their names
    workspace, found = context.workspace, list[str]()
    for kind in KINDS:
        named = re.compile(rf"{re.escape(workspace.database.stem)}-{kind}-([0-9]+)\.db")
        numbered = [
            (int(written[1]), file)
            for file in workspace.state.iterdir()
            if (written := named.fullmatch(file.name))
        ]
        for _number, file in sorted(numbered)[:-1]:
            beside = (file, *(file.with_name(file.name + ending) for ending in SIDE_FILES))
            found += [str(one.relative_to(workspace.root)) for one in beside if one.exists()]
    return found
