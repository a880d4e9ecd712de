"""Changes of what is deployed that were made by hand, outside modeltender.

Owns noticing that a link and the record differ, and writing it down. A switch of our own that is under way
is none of these: its intent is on record before the link changes.
"""

import sqlite3
from collections.abc import Iterable

from engine.repository.probation import Switched, follow
from engine.repository.switch import (
    CHANGED_FAULT,
    deployed,
    interpret,
    read_link,
    remember_content,
    settle_intent,
)
from storage import jobs
from storage.tables import events, faults, models, promotions
from storage.vocabulary import JobKind, JobState, PromotionOutcome, Severity
from storage.workspace import Workspace


def under_way(connection: sqlite3.Connection, workspace: Workspace, *, now: float) -> set[str]:
    """Return the models whose switch is under way, after settling those that nobody will settle."""
    busy = set()
    for intent in promotions.unsettled(connection):
        job = None if intent["job_id"] is None else jobs.read_one(connection, intent["job_id"])
        runs = job is not None and job.state is JobState.RUNNING
        # An intent that is older was left by one that could not record its end (a full disk).
        if runs and abs(now - intent["at"]) < intent["patience_s"]:
            busy.add(intent["model"])
        else:
            settle_intent(connection, workspace, intent, now=now)
    return busy


def reconcile(
    connection: sqlite3.Connection, workspace: Workspace, rows: Iterable[sqlite3.Row], *, now: float
) -> set[str]:
    """Record what the links of these models (rows of `models.model_rows`) say now; return the models that changed.

    The link is read inside the transaction: no switch of ours can begin before it ends.
    """
    changed = set()
    for row in rows:
        number = interpret(workspace, row["name"], read_link(workspace, row["name"])).number
        if models.version_id(connection, row["id"], number) is None:
            number = None
        if number == row["current"]:
            continue
        changed.add(row["name"])
        if number is None:
            _removed(connection, row, now=now)
        else:
            _switched(connection, row, number, now=now)
    return changed


def _switched(connection: sqlite3.Connection, row: sqlite3.Row, number: int, *, now: float) -> None:
    promotion = promotions.intend(
        connection,
        row["id"],
        job_id=None,
        at=now,
        requested_by=jobs.OUTSIDE,
        kind=JobKind.PROMOTE,
        from_number=row["current"],
        to_number=number,
        gate=None,
    )
    promotions.settle(connection, promotion, PromotionOutcome.DONE)
    deployed(connection, row["id"], kind=JobKind.PROMOTE, from_number=row["current"], to_number=number)
    follow(connection, Switched(row["name"], row["id"], JobKind.PROMOTE, number, "hand"), now=now)
    if not faults.is_open(connection, CHANGED_FAULT, model=row["name"], version=number):
        # What changed behind our back does not become what was deployed by a link that points to it.
        remember_content(connection, row["id"], number)
    link = f"models/{row['name']}/current"
    told = f"{link} points to it"
    if row["current"] is not None:
        told = f"{link} was moved away from version {row['current']} {jobs.OUTSIDE}"
    message = f"version {number} is deployed: {told}"
    severity = Severity.INFO if row["current"] is None else Severity.WARNING
    events.add(
        connection,
        events.MOVED_OUTSIDE,
        message,
        at=now,
        severity=severity,
        model=row["name"],
        version=number,
    )


def _removed(connection: sqlite3.Connection, row: sqlite3.Row, *, now: float) -> None:
    # A rollback brings back what was deployed until now.
    models.set_current(
        connection,
        row["id"],
        current_id=None,
        previous_id=models.version_id(connection, row["id"], row["current"]),
    )
    follow(connection, Switched(row["name"], row["id"], JobKind.PROMOTE, None, "hand"), now=now)
    message = f"version {row['current']} is no longer deployed: models/{row['name']}/current was changed {jobs.OUTSIDE}"
    events.add(
        connection,
        events.MOVED_OUTSIDE,
        message,
        at=now,
        severity=Severity.WARNING,
        model=row["name"],
        version=row["current"],
    )
