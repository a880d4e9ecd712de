"""Acknowledge: record that somebody knows of a fault, so that it asks for nobody any more while it lasts."""

import msgspec

from engine.jobs.context import Context, Outcome, Report
from storage.errors import UnknownError
from storage.job_answers import Acknowledged
from storage.records import Job
from storage.tables import events, faults
from storage.vocabulary import FaultState


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Acknowledge the fault that the job names; once more does no harm."""
    del report  # it is one row
    with context.writer.transaction() as connection:
        fault = faults.read_one(connection, job.parameters.fault or 0)
        if fault is None:
            raise UnknownError(
                f"There is no fault {job.parameters.fault}.", "List them with: modeltender faults"
            )
        if fault.state is FaultState.RESOLVED:
            raise UnknownError(
                f"Fault {fault.id} ({fault.code}) has ended.", "List those that are open: modeltender faults"
            )
        by = fault.acknowledged_by
        if fault.state is FaultState.OPEN:
            by = job.requested_by
            faults.acknowledge(connection, fault.id, by=by)
            events.add(
                connection,
                "acknowledged",
                f"fault {fault.id} ({fault.code}) is known to {by}",
                at=context.now(),
                model=fault.model,
                version=fault.version,
            )
    answer = Acknowledged(fault.id, fault.code, fault.model, fault.version, fault.severity, by)
    return Outcome(message=f"fault {fault.id} is known to {by}", result=msgspec.json.encode(answer).decode())
