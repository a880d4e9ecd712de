"""The engine's older logs: the one that is written stays."""

import re
import sqlite3

from engine.jobs.context import Context
from storage.spare import Spare

WHAT = Spare.LOG


def find(context: Context, connection: sqlite3.Connection) -> list[str]:
    """Return the logs that were set aside when they had become too long."""
    del connection  # they are known by their names
    log = context.workspace.log
    older = re.compile(re.escape(log.name) + r"\.[1-9][0-9]*")
    found = sorted(file for file in log.parent.iterdir() if older.fullmatch(file.name))
    return [str(file.relative_to(context.workspace.root)) for file in found]
