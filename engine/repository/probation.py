"""What follows from a switch of what is deployed, however it is made: probations begin and end, faults are looked at.

Owns that every switch, ours or by hand, finished at once or after a crash, has that in its own transaction. Looking at what is on probation is `engine.automatic`'s.
"""

import sqlite3
from typing import NamedTuple

from engine import policy
from storage import jobs
from storage.durations import written
from storage.promotion_records import Probation
from storage.tables import events, probations
from storage.tables import faults as fault_table
from storage.vocabulary import JobKind, ProbationState


class Switched(NamedTuple):
    """What was deployed, by whom, and why."""

    model: str
    model_id: int
    kind: JobKind
    number: int | None
    """The version that is deployed now, or ``None`` where the link was removed."""
    by: str
    reason: str = ""
    sha256: str = ""
    probation_s: float = 0.0
    """How long the version is watched; 0 where a person promoted it."""


def follow(connection: sqlite3.Connection, switched: Switched, *, now: float) -> None:
    """End the probation that a switch ends, begin the one that it begins, and have faults looked at that it may end."""
    known = probations.open_one(connection, switched.model_id)
    if known is not None:
        _end(connection, known, switched, now=now)
    if switched.probation_s > 0 and switched.number is not None:
        _begin(connection, switched, switched.number, now=now)
    faults = fault_table.all_open(connection, switched.model)
    if any(fault.version not in {None, switched.number} for fault in faults):
        # Not when it is time for it: a fault of what nobody uses any more would call people until then.
        jobs.add(connection, JobKind.CHECK, switched.model, None, requested_by=switched.by, now=now)


def _end(connection: sqlite3.Connection, known: Probation, switched: Switched, *, now: float) -> None:
    if switched.by == jobs.ITSELF and switched.kind is JobKind.ROLLBACK:
        # The log says so already: it was rolled back by itself, and why.
        probations.end(connection, known.id, ProbationState.FAILED, reason=switched.reason)
        return
    what = "the link was removed" if switched.number is None else f"version {switched.number} was deployed"
    reason = f"{what} by {switched.by}"
    probations.end(connection, known.id, ProbationState.ENDED, reason=reason)
    message = f"the probation of version {known.number} ended: {reason}"
    events.add(connection, "probation-ended", message, at=now, model=known.model, version=known.number)


def _begin(connection: sqlite3.Connection, switched: Switched, number: int, *, now: float) -> None:
    every_s = policy.look_every(switched.probation_s)
    probations.begin(
        connection,
        switched.model_id,
        number=number,
        sha256=switched.sha256,
        now=now,
        length_s=switched.probation_s,
        every_s=every_s,
    )
    message = (
        f"version {number} is on probation for {written(switched.probation_s)}: "
        f"evaluated every {written(every_s)}, and rolled back if it proves bad"
    )
    events.add(connection, "probation", message, at=now, model=switched.model, version=number)
