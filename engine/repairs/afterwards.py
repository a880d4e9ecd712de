"""What came of the job that a repair asked for: put on record with the fault that it was asked for.

A repair that makes a version hands it in like anybody; the fault is over when that version is deployed, and a check says
whether it helped. Until then this is what is known. It must not close a fault.
"""

import contextlib
from collections.abc import Callable, Iterator

from engine.jobs.context import Context
from engine.processes.endings import CANCELLED
from storage import jobs
from storage.errors import Error
from storage.records import Job
from storage.tables import events, faults
from storage.vocabulary import RepairKind, Severity

Answered = Callable[[str, str], None]
"""Takes what was handed in, as its path in the workspace, and what is to be said of it."""


@contextlib.contextmanager
def answered_for(context: Context, job: Job, kind: RepairKind) -> Iterator[Answered]:
    """Say of the fault that a job was asked for what came of it, if it was asked for one; errors go on."""
    made: list[tuple[str, str]] = []
    try:
        yield lambda file, detail: made.append((file, detail))
    except Error as error:
        if error.code != CANCELLED or _asked(context, job):
            _say(context, job, f"repair '{kind}' did not help: {error.message.rstrip('.')}", helped=False)
        raise
    for file, detail in made:
        told = f": {detail}" if detail else ""
        _say(
            context,
            job,
            f"repair '{kind}' handed in {file}{told}; the fault ends when that is deployed",
            helped=True,
        )


def _asked(context: Context, job: Job) -> bool:
    """Whether somebody asked for the end of a job; otherwise the engine ends, and the next one goes on with it."""
    with context.writer.passing() as connection:
        return jobs.cancelled(connection, job.id)


def _say(context: Context, job: Job, message: str, *, helped: bool) -> None:
    if job.parameters.fault is None:
        return
    with context.writer.transaction() as connection:
        fault = faults.read_one(connection, job.parameters.fault)
        if fault is None:
            return
        if not helped:
            faults.reopen(connection, fault.id)
        events.add(
            connection,
            "repair" if helped else "repair-did-not-help",
            f"fault {fault.id} ({fault.code}): {message}",
            at=context.now(),
            severity=Severity.INFO if helped else Severity.WARNING,
            model=fault.model,
            version=fault.version,
        )
