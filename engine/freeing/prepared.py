"""Prepared copies of data, which are made again as soon as they are wanted: not those of models that are being worked on."""

import sqlite3

from engine.jobs import ON_MODELS, ON_TRAININGS
from engine.jobs.context import Context
from storage import jobs
from storage.spare import Spare
from storage.vocabulary import JobKind

WHAT = Spare.PREPARED


def find(context: Context, connection: sqlite3.Connection) -> list[str]:
    """Return the copies that no running job may be reading."""
    busy = {
        job.model
        for job in jobs.running(connection)
        if job.kind in ON_MODELS | ON_TRAININGS and (job.model or job.kind is not JobKind.CHECK)
    }
    if "" in busy:
        # One that is about every model.
        return []
    workspace = context.workspace
    found = (copy for copy in workspace.prepared.glob("*/*") if copy.parent.name not in busy)
    return [str(copy.relative_to(workspace.root)) for copy in sorted(found)]
