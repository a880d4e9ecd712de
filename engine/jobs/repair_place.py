"""Repair the workspace: end one of its faults by the repair that is known for it, and have it checked whether that helped."""

import msgspec

from engine.jobs.context import Context, Outcome, Report
from engine.jobs.repair_record import kinds_of, note_done
from engine.repairs import PLACE_REPAIRS
from engine.repairs.repairing import PlaceCase, PlaceWork
from storage import jobs
from storage.errors import RefusedError, UnknownError
from storage.fault_records import Fault
from storage.job_answers import Repairs, Treated
from storage.records import Job, JobParameters
from storage.tables import faults
from storage.vocabulary import FaultState, JobKind


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Repair the fault of the workspace that the job names."""
    fault = _fault(context, job)
    if fault.state is FaultState.RESOLVED:
        return _answer(f"fault {fault.id} ({fault.code}) has ended already")
    kind = next(iter(kinds_of(fault, job.parameters.repair)), None)
    repair = None if kind is None else PLACE_REPAIRS[kind]
    case = PlaceCase(context, fault)
    if kind is None or repair is None:
        if not job.parameters.dry_run:
            raise RefusedError(
                f"Fault {fault.id} ({fault.code}) can be ended by a person only.", fault.repair
            )
        detail = f"only a person can end it. {fault.repair}"
        return _answer("", Treated(fault.id, fault.code, None, done=False, detail=detail))
    planned = repair.plan(case)
    if job.parameters.dry_run:
        shown = kind if planned.possible else None
        told = Treated(
            fault.id, fault.code, shown, done=False, detail=planned.sentence, removes=planned.removes
        )
        return _answer("1 open fault looked at, nothing changed", told)
    if not planned.possible:
        raise RefusedError(f"Fault {fault.id} cannot be repaired: {planned.sentence}.")
    acted = repair.act(PlaceWork(case, job, report))
    note_done(context, job, fault, kind, acted.detail)
    told = Treated(fault.id, fault.code, kind, done=True, detail=acted.detail, removes=acted.removes)
    return _answer(acted.detail, told, check=_verified(context, job, fault))


def _fault(context: Context, job: Job) -> Fault:
    with context.writer.transaction() as connection:
        fault = faults.read_one(connection, job.parameters.fault or 0)
    if fault is None or fault.model:
        raise UnknownError(
            f"The workspace has no fault {job.parameters.fault}."
            if job.parameters.fault
            else "It is not said which fault of the workspace is to be repaired.",
            "List them with: modeltender faults",
        )
    return fault


def _verified(context: Context, job: Job, fault: Fault) -> int:
    """Ask for the check that says whether it helped."""
    with context.writer.transaction() as connection:
        return jobs.add(
            connection,
            JobKind.CHECK,
            "",
            None,
            requested_by=job.requested_by,
            now=context.now(),
            parameters=JobParameters(verify=(fault.id,)),
        ).id


def _answer(message: str, *treated: Treated, check: int | None = None) -> Outcome:
    answer = Repairs("", any(one.done for one in treated), (), treated, check)
    return Outcome(message=message, result=msgspec.json.encode(answer).decode())
