"""What processes and jobs that have ended left behind: a kill came between their last step and their tidying up.

Scratch folders are not among them: those of an engine that was killed go when the next one starts, and those of this one
may be in use.
"""

import re
import sqlite3
from collections.abc import Iterator

from engine.jobs.context import Context
from engine.repository.unfinished import HIDDEN
from storage import jobs
from storage.spare import Spare
from storage.tables import training
from storage.vocabulary import JobKind
from storage.workspace import Workspace

WHAT = Spare.LEFTOVER

DELIVERING = (JobKind.EXPORT, JobKind.OPTIMISE, JobKind.RECALIBRATE, JobKind.CONVERT)
"""Kinds whose results lie hidden in the inbox for a moment."""

LOG = "log.txt"
"""What stays of a training: what was said on the way."""

NUMBER = re.compile(r"[1-9][0-9]*")


def find(context: Context, connection: sqlite3.Connection) -> list[str]:
    """Return what lies there and belongs to nobody who is at work."""
    workspace = context.workspace
    running = {(job.kind, job.model) for job in jobs.running(connection)}
    found = _names(workspace, ".modeltender/discarded")
    if not any(kind is JobKind.REHEARSE for kind, _model in running):
        found += _names(workspace, ".modeltender/rehearsal")
    for hidden in sorted(workspace.train.glob(f"*/{HIDDEN}")):
        if not any((kind, hidden.parent.name) in running for kind in DELIVERING):
            found.append(str(hidden.relative_to(workspace.root)))
    return [*found, *_trainings(workspace, connection)]


def _trainings(workspace: Workspace, connection: sqlite3.Connection) -> Iterator[str]:
    """Yield checkpoints and results of trainings that have ended: the one is gone on from, the other is delivered, before."""
    unended = training.unended(connection)
    for name in _names(workspace, ".modeltender/training"):
        number = name.rpartition("/")[2]
        if NUMBER.fullmatch(number) and int(number) not in unended:
            yield from (inner for inner in _names(workspace, name) if not inner.endswith(f"/{LOG}"))


def _names(workspace: Workspace, folder: str) -> list[str]:
    try:
        return sorted(f"{folder}/{entry.name}" for entry in (workspace.root / folder).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        # There never was any.
        return []
