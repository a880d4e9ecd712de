"""Release a thing from quarantine: its content is trusted from now on, and it goes back to where it came from.

From there it takes the ordinary road of everything that arrives. What no trust allows stays where it is.
"""

import sqlite3

from engine.jobs.context import Context, Outcome, Report
from engine.repository.quarantine import Keeper
from storage.errors import RefusedError, UnknownError
from storage.records import Job, Quarantined
from storage.tables import events, quarantine, trust
from storage.text import clean
from storage.vocabulary import Custody, Severity


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Release the entry that the job names."""
    del report  # a rename takes no time
    reason = job.parameters.reason.strip()
    if not reason:
        raise RefusedError("A release needs a reason.", "Say why: --reason TEXT")
    with context.writer.transaction() as connection:
        entry = kept(connection, job.parameters.entry)
        if not entry.liftable:
            raise RefusedError(
                f"Entry {entry.id} cannot be released: {clean(entry.reason).rstrip('.')}. No trust lifts that.",
                f"Remove it for good: modeltender quarantine delete {entry.id}",
            )
        now = context.now()
        quarantine.answer_for(
            connection, entry.id, Custody.RELEASING, requested_by=job.requested_by, why=reason, at=now
        )
        trust.record(
            connection,
            entry.sha256,
            granted=True,
            model=entry.model,
            version=None,
            at=now,
            requested_by=job.requested_by,
            reason=reason,
            found=entry.reason,
        )
    Keeper(context.workspace, context.writer, context.now).release(entry)
    back = f"train/{entry.model}/{entry.name}"
    tell(context, "released", f"{back} released from quarantine by {job.requested_by}: {reason}", entry)
    return Outcome(message=f"released; it lies in {back} again")


def kept(connection: sqlite3.Connection, number: int | None, *states: Custody) -> Quarantined:
    """Return an entry that is kept now, or in one of some other states.

    Raises:
        UnknownError: there is none of that number.
        RefusedError: it was released or deleted.
    """
    entry = quarantine.read_one(connection, number)
    if entry is None:
        raise UnknownError(
            f"There is no entry {number} in the quarantine.", "List them: modeltender quarantine list"
        )
    if entry.state not in {Custody.KEPT, *states}:
        raise RefusedError(f"Entry {entry.id} of the quarantine is {entry.state} already.")
    return entry


def tell(context: Context, code: str, message: str, entry: Quarantined) -> None:
    """Write what became of an entry into the log."""
    with context.writer.transaction() as connection:
        events.add(connection, code, message, at=context.now(), severity=Severity.WARNING, model=entry.model)
