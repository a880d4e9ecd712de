"""Remove a thing in quarantine for good; that it was there, and what it was, stays on record."""

from engine.jobs.context import Context, Outcome, Report
from engine.jobs.release import kept, tell
from engine.repository.quarantine import Keeper
from storage.records import Job
from storage.tables import quarantine
from storage.vocabulary import Custody


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Remove the entry that the job names."""
    del report  # a removal cannot be stopped half-way
    with context.writer.transaction() as connection:
        # One whose removal failed half-way is still there to be removed.
        entry = kept(connection, job.parameters.entry, Custody.DELETING)
        quarantine.answer_for(
            connection,
            entry.id,
            Custody.DELETING,
            requested_by=job.requested_by,
            why=job.parameters.reason.strip(),
            at=context.now(),
        )
    Keeper(context.workspace, context.writer, context.now).discard(entry)
    tell(context, "deleted", f"{entry.name} deleted from quarantine by {job.requested_by}", entry)
    return Outcome(message="deleted")
